"""Which environments lie near a notebook, found without running any of them."""

import json
import sys
from pathlib import Path

import pytest

from tailrace.kernels.environments import glimpsed
from tailrace.server.routes import history
from tests.server.site import running_site

TOKEN = "a-token-for-programs"


def environment(folder: Path, *, python: str = "3.12.4", ipython: str | None = "9.1.0") -> Path:
    """What an installer leaves, with an executable that must not be run."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {python}\n")
    executable = folder / "bin" / "python"
    executable.write_text(f"#!/bin/sh\ntouch {folder}/was-run\n")
    executable.chmod(0o755)
    if ipython is not None:
        (folder / f"lib/python3/site-packages/ipython-{ipython}.dist-info").mkdir(parents=True)
    return folder


def test_environments_near_a_notebook_are_named_and_not_run(tmp_path: Path) -> None:  # PAGE-2
    root = tmp_path / "work"
    near = environment(root / "project" / ".venv")
    above = environment(root / "venv", ipython=None)
    (root / "project" / "n.ipynb").write_text("{}")
    with running_site(tmp_path, routes=(history.routes,), token=TOKEN) as site:
        answer = site.program(TOKEN).get("/api/v1/interpreters?path=project/n.ipynb").json()

    own, first, second, *_ = answer["interpreters"]
    assert (own["setting"], own["path"]) == (None, sys.executable)
    assert (first["setting"], first["python"], first["ipython"]) == (".venv", "3.12.4", "9.1.0")
    assert first["problem"] is None
    assert second["setting"] == "../venv"
    assert "IPython is missing" in second["problem"]
    assert not (near / "was-run").exists()
    assert not (above / "was-run").exists()


def test_an_environment_without_its_python_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("version = 3.12.4\n")

    _, problem = glimpsed(str(tmp_path))

    assert problem is not None
    assert "no Python" in problem


def test_an_old_python_says_so(tmp_path: Path) -> None:
    _, problem = glimpsed(str(environment(tmp_path / "venv", python="3.8.1")))

    assert problem is not None
    assert "3.8.1" in problem


def test_a_notebook_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    with running_site(tmp_path, routes=(history.routes,), token=TOKEN) as site:
        answer = site.program(TOKEN).get("/api/v1/interpreters?path=../other.ipynb")

    assert answer.status_code in (403, 404)


def test_kernels_of_other_languages_are_offered_or_say_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # PAGE-2
    specs = tmp_path / "jupyter" / "kernels"
    for name, program in (("mine", sys.executable), ("gone", "/nowhere/julia")):
        (specs / name).mkdir(parents=True)
        said = {"argv": [program], "display_name": name.title(), "language": "julia"}
        (specs / name / "kernel.json").write_text(json.dumps(said))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    with running_site(tmp_path, routes=(history.routes,), token=TOKEN) as site:
        answer = site.program(TOKEN).get("/api/v1/interpreters?kernel=ir").json()
        known = site.program(TOKEN).get("/api/v1/interpreters?kernel=mine").json()

    listed = {spec["name"]: spec for spec in answer["kernelspecs"]}
    assert listed["mine"]["setting"] == "kernelspec:mine"
    assert listed["mine"]["display_name"] == "Mine"
    assert listed["mine"]["problem"] is None
    assert "/nowhere/julia" in listed["gone"]["problem"]
    assert "IRkernel::installspec()" in answer["missing"]
    assert known["missing"] is None
