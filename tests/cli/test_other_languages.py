"""Kernels of other languages from the command line: run by it, and looked at by it."""

import json
import sys
from pathlib import Path

import nbformat
import pytest

from tests.cli.terminal import tailrace
from tests.session.stage import code_cell


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's data folder with bash, and one kernel whose program is not there."""
    folder = tmp_path / "jupyter"
    bash = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    for name, argv in (("bash", bash), ("gone", ["/nowhere/julia"])):
        (folder / "kernels" / name).mkdir(parents=True)
        said = {"argv": argv, "display_name": name.title(), "language": name}
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(said))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return folder


def test_a_bash_notebook_runs_and_says_its_language(
    home: Path, tmp_path: Path, specs: Path
) -> None:  # KER-50
    cells = [code_cell("a", "for i in 1 2 3; do echo $i; done"), code_cell("b", "false")]
    metadata = {"kernelspec": {"name": "bash", "language": "bash", "display_name": "Shell"}}
    file = tmp_path / "n.ipynb"
    file.write_text(
        json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    )

    done = tmp_path / "done.ipynb"
    ran = tailrace(home, "run", str(file), "-o", str(done), "--allow-errors")

    assert "1\n2\n3\n" in ran.stdout
    written = nbformat.read(done, as_version=4)
    nbformat.validate(written)
    assert written.cells[0].outputs[0].text == "1\n2\n3\n"
    assert written.metadata.kernelspec.display_name == "Bash"
    assert written.metadata.language_info.file_extension == ".sh"


def test_the_doctor_lists_kernels_and_what_is_wrong_with_them(home: Path, specs: Path) -> None:
    found = json.loads(tailrace(home, "doctor", "--json").stdout)

    states = {each["subject"]: each["state"] for each in found}
    assert (states["kernel bash"], states["kernel gone"]) == ("ok", "warn")
