"""Which interpreter runs a notebook, and what is said when it cannot."""

import asyncio
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tailrace.kernels.environments import (
    activated,
    described,
    environments_near,
    own_interpreter,
    problem_of,
    resolved,
    usable,
)
from tailrace.protocol.errors import InterpreterUnusable


def made_venv(folder: Path, *, with_our_packages: bool = False) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    if with_our_packages:
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def said_of(interpreter: str | Path) -> str:
    with pytest.raises(InterpreterUnusable) as caught:
        asyncio.run(usable(resolved(str(interpreter))))
    assert str(interpreter) in str(caught.value)
    return caught.value.problem


def test_nothing_asked_for_is_our_own() -> None:
    assert resolved(None) == own_interpreter() == sys.executable


def test_a_virtual_environments_folder_stands_for_its_python(tmp_path: Path) -> None:
    venv = made_venv(tmp_path / "venv")

    assert resolved(str(venv)) == str(venv / "bin" / "python")
    assert resolved("venv", beside=tmp_path) == str(venv / "bin" / "python")
    assert resolved("./venv/bin/python", beside=tmp_path) == str(venv / "bin" / "python")


def test_a_bare_name_is_looked_up_on_the_path() -> None:
    assert os.path.isabs(resolved("python3"))


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert "not found" in said_of(tmp_path / "nowhere")


def test_a_folder_without_python_says_how_to_make_it_one(tmp_path: Path) -> None:
    assert f"python3 -m venv {tmp_path}" in said_of(tmp_path)


def test_a_link_whose_python_was_removed_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/opt/gone/python3.9")
    with pytest.raises(InterpreterUnusable, match=r"link to /opt/gone/python3.9"):
        resolved(str(tmp_path))


def test_a_file_that_may_not_be_run_says_how_to_change_that(tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_text("")

    assert f"chmod +x {file}" in said_of(file)


def test_a_program_that_is_not_python_is_found_out(tmp_path: Path) -> None:
    said = said_of(program(tmp_path / "python", "echo I am a teapot >&2; exit 4"))

    assert "does not behave like Python" in said
    assert "teapot" in said


def test_a_file_that_the_system_cannot_run_is_named(tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_bytes(b"\x7fELF nonsense")
    file.chmod(0o755)

    assert "cannot be run" in said_of(file)


def test_a_missing_ipython_says_how_to_install_it(tmp_path: Path) -> None:  # KER-16
    python = made_venv(tmp_path / "venv") / "bin" / "python"

    assert f"run: {python} -m pip install ipython" in said_of(python)


def test_an_old_python_is_told_apart(tmp_path: Path) -> None:
    answer = """echo 'tailrace:[[3, 9, 2], "8.18.1", "/usr"]'"""

    assert "Python 3.9.2, and 3.11 or newer" in said_of(program(tmp_path / "python", answer))


def test_an_old_ipython_is_told_apart(tmp_path: Path) -> None:
    answer = """echo 'tailrace:[[3, 12, 2], "7.34.0", "/usr"]'"""

    said = said_of(program(tmp_path / "python", answer))
    assert "IPython 7.34.0" in said
    assert "pip install -U ipython" in said


def test_a_module_in_the_working_folder_does_not_confuse_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hostile')")
    monkeypatch.chdir(tmp_path)

    assert asyncio.run(described(sys.executable)).ipython is not None


def test_an_environment_with_ipython_is_usable(tmp_path: Path) -> None:
    venv = made_venv(tmp_path / "venv", with_our_packages=True)
    environment = asyncio.run(usable(resolved(str(venv))))

    assert problem_of(environment) is None
    assert environment.prefix == str(venv)


def test_environments_are_found_beside_and_above_the_nearest_first(tmp_path: Path) -> None:
    near = made_venv(tmp_path / "a" / "b" / "venv")
    far = made_venv(tmp_path / ".venv")
    (tmp_path / "a" / ".venv").mkdir()  # a folder of that name only

    found = environments_near(tmp_path / "a" / "b" / "notebook.ipynb")
    assert found[:2] == [str(near), str(far)]


def test_an_activated_environment_finds_its_own_programs_first(tmp_path: Path) -> None:
    venv = made_venv(tmp_path / "venv")
    env = activated(str(venv / "bin" / "python"), {"PATH": "/usr/bin", "PYTHONHOME": "/odd"})

    assert env == {"PATH": f"{venv}/bin:/usr/bin", "VIRTUAL_ENV": str(venv)}
