"""Front ends of widget packages: what is read of an environment, and what never is."""

from pathlib import Path

import pytest

from tailrace.files.extensions import extension_file, jupyter_folders
from tailrace.protocol.errors import FileMissing, PathOutside


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    front = tmp_path / "env" / "share" / "jupyter" / "nbextensions" / "counter"
    front.mkdir(parents=True)
    (front / "index.js").write_text("define([], () => ({}))")
    (tmp_path / "env" / "secret.txt").write_text("secret")
    (front / "leak.js").symlink_to(tmp_path / "env" / "secret.txt")
    return str(tmp_path / "env" / "bin" / "python")


def test_a_package_s_front_end_is_found_in_its_environment(interpreter: str) -> None:  # WID-20
    assert extension_file(interpreter, "nbextensions/counter/index.js").startswith(b"define")


@pytest.mark.parametrize(
    "path",
    [
        "nbextensions/../../secret.txt",
        "nbextensions/counter/../../../../secret.txt",
        "/etc/passwd",
        "../secret.txt",
    ],
)
def test_a_path_that_leads_out_is_refused(interpreter: str, path: str) -> None:  # WID-20
    with pytest.raises(PathOutside):
        extension_file(interpreter, path)


@pytest.mark.parametrize(
    "path",
    [
        "nbextensions/counter/leak.js",
        "nbextensions/counter",
        "nbextensions",
        "kernels/python3/kernel.json",
        "nbextensions/other/index.js",
        "",
    ],
)
def test_other_files_are_not_there(interpreter: str, path: str) -> None:  # WID-20
    with pytest.raises(FileMissing):
        extension_file(interpreter, path)


def test_the_most_particular_folder_comes_first() -> None:  # WID-20
    env = {"JUPYTER_PATH": "/a:/b", "HOME": "/home/me", "JUPYTER_DATA_DIR": "/data"}

    folders = [str(folder) for folder in jupyter_folders("/env/bin/python", env)]

    assert folders[:4] == ["/a", "/b", "/env/share/jupyter", "/data"]
