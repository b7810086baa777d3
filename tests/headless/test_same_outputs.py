"""`tailrace run` gives the outputs that Jupyter gives (FMT-1, FMT-2)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.headless.comparison import plain_outputs
from tests.headless.stories import STORIES

# Cells whose outputs differ, by what the other makes of them; the reasons are FMT-2's.
JUSTIFIED = {
    ("displays", "handle = display('first', display_id='named')"): "a new display",
    ("displays", "try:\n    input('name? ')"): "nobody answers",
    ("tools", "out = w.Output()\nwith out:"): "captured at once",
    ("tools", "@w.interact(n=(0, 3))"): "captured at once",
}


def notebook_of(cells: list[str]) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(source, id=f"c{number}") for number, source in enumerate(cells)
    ]
    return notebook


def run_by_us(notebook: nbformat.NotebookNode, folder: Path, home: Path) -> nbformat.NotebookNode:
    folder.mkdir()
    nbformat.write(notebook, folder / "story.ipynb")
    command = [sys.executable, "-m", "tailrace.cli", "run", "story.ipynb", "--allow-errors"]
    ran = subprocess.run(
        [*command, "-o", "done.ipynb"],
        cwd=folder,
        env={**os.environ, "TAILRACE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = nbformat.read(folder / "done.ipynb", as_version=4)
    nbformat.validate(found)
    return found


def run_by_jupyter(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    folder.mkdir()
    client = NotebookClient(
        notebook,
        allow_errors=True,
        # On a busy machine its socket now and then tells of a reply only when this has passed.
        timeout=30,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


def comparable(cell: nbformat.NotebookNode, folder: Path) -> list[dict[str, Any]]:
    outputs = json.loads(json.dumps(cell.outputs).replace(str(folder), "FOLDER"))
    return plain_outputs(outputs)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES)
def test_a_notebook_has_the_outputs_that_jupyter_gives(
    story: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # FMT-1
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # Under it ipykernel does not look at the descriptors.
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    sources = STORIES[story]
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(
            run_by_us, notebook_of(sources), tmp_path / "ours", tmp_path / "home"
        )
        theirs = run_by_jupyter(notebook_of(sources), tmp_path / "theirs")
        ours = running.result()
    different = []
    for mine, other in zip(ours.cells, theirs.cells, strict=True):
        assert mine.execution_count == other.execution_count
        got = comparable(mine, tmp_path / "ours")
        wanted = comparable(other, tmp_path / "theirs")
        justified = any(
            name == story and mine.source.startswith(start) for name, start in JUSTIFIED
        )
        if (got == wanted) is justified:
            different.append((mine.source, got, wanted))
    assert different == []
