"""`tailrace.run` from a program."""

import asyncio
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

import tailrace
from tailrace.protocol.errors import FileMissing, InterpreterUnusable, NotANotebook


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def notebook_of(*sources: str, tag: str = "") -> dict[str, Any]:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if tag:
        cells[0].metadata["tags"] = [tag]
    return nbformat.v4.new_notebook(cells=cells)


def test_a_notebook_of_a_program_runs_with_its_parameters(tmp_path: Path) -> None:  # FMT-3
    outputs: list[tailrace.Output] = []
    result = tailrace.run(
        notebook_of("year = 1999", "print('it is', year)\nyear + 1", tag="parameters"),
        parameters={"year": 2026},
        on_output=outputs.append,
    )
    assert result.ok
    *texts, shown = outputs
    assert {output.kind for output in texts} == {"text"}
    assert "".join(output.text for output in texts) == "it is 2026\n"
    assert (shown.kind, shown.data["text/plain"]) == ("display", "2027")
    assert "".join(result.notebook["cells"][1]["source"]) == "# Parameters\nyear = 2026"
    assert result.notebook["cells"][2]["outputs"][0]["text"] == ["it is 2026\n"]
    nbformat.validate(result.notebook)


def test_a_file_runs_in_its_folder_and_stays_as_it_is(tmp_path: Path) -> None:  # FMT-3
    folder = tmp_path / "below"
    folder.mkdir()
    source = json.dumps(notebook_of("import os; print(os.getcwd())"))
    (folder / "n.ipynb").write_text(source)
    result = tailrace.run("below/n.ipynb", output=tmp_path / "done.ipynb")
    assert result.notebook["cells"][0]["outputs"][0]["text"] == [f"{folder}\n"]
    assert (folder / "n.ipynb").read_text() == source
    assert json.loads((tmp_path / "done.ipynb").read_text()) == result.notebook


def test_what_fails_is_raised_with_the_notebook_as_far_as_it_came(
    tmp_path: Path,
) -> None:  # FMT-3
    notebook = notebook_of("1", "1 / 0", "'never'")
    with pytest.raises(
        tailrace.RunFailed, match="failed: ZeroDivisionError: division by zero"
    ) as failed:
        tailrace.run(notebook, output="done.ipynb")
    result = failed.value.result
    assert (result.status, result.failures[0].name) == ("failed", "ZeroDivisionError")
    assert [len(cell["outputs"]) for cell in result.notebook["cells"]] == [1, 1, 0]
    assert (tmp_path / "done.ipynb").exists()

    allowed = tailrace.run(notebook, allow_errors=True)
    assert (allowed.status, len(allowed.failures)) == ("ok", 1)
    assert [len(cell["outputs"]) for cell in allowed.notebook["cells"]] == [1, 1, 1]


def test_a_timeout_and_a_death_are_told_apart() -> None:  # FMT-3
    with pytest.raises(tailrace.RunFailed) as late:
        tailrace.run(notebook_of("import time; time.sleep(600)"), timeout=0.5)
    assert late.value.result.status == "timed-out"
    with pytest.raises(tailrace.RunFailed, match="exit code 3") as dead:
        tailrace.run(notebook_of("import os; os._exit(3)"))
    assert dead.value.result.status == "died"


def test_it_runs_beside_others_on_a_loop_that_runs() -> None:  # FMT-3
    async def story() -> list[str]:
        runs = [tailrace.run_async(notebook_of(f"print({n})")) for n in range(2)]
        return [each.notebook["cells"][0]["outputs"][0]["text"][0] for each in await _all(runs)]

    assert asyncio.run(story()) == ["0\n", "1\n"]


async def _all(runs: list[Any]) -> list[tailrace.RunResult]:
    return list(await asyncio.gather(*runs))


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:  # FMT-3
    with pytest.raises(FileMissing, match="no file"):
        tailrace.run("nowhere.ipynb")
    with pytest.raises(NotANotebook):
        tailrace.run({"cells": 5})
    with pytest.raises(FileMissing, match="no folder"):
        tailrace.run(notebook_of("1"), output="no/where.ipynb")
    with pytest.raises((tailrace.RunFailed, InterpreterUnusable), match="was not found"):
        tailrace.run(notebook_of("1"), python="/no/python")


def test_a_text_notebook_runs_into_an_ipynb(tmp_path: Path) -> None:  # FMT-4
    text = '# %% tags=["parameters"]\nyear = 1\n# %%\n%timeit -n1 -r1 pass\nprint(year)\n'
    (tmp_path / "n.py").write_text(text)
    tailrace.run("n.py", parameters={"year": 2}, output="done.ipynb")
    done = nbformat.read(tmp_path / "done.ipynb", as_version=4)
    nbformat.validate(done)
    assert done.cells[-1].outputs[-1].text.endswith("2\n")
    assert (tmp_path / "n.py").read_text() == text
