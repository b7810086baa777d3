"""The notebook file is always the old one or the new one, whenever the writer dies."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OLD, NEW = '{"cells": ["old"]}', '{"cells": ["new", "new"]}'
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may get to (pytest's own are closed to them)."""
    folder = Path(tempfile.mkdtemp(prefix="tailrace-test-"))
    folder.chmod(0o755)
    yield folder
    for inner in (folder, *folder.iterdir()):
        if inner.is_dir():
            inner.chmod(0o755)
    shutil.rmtree(folder)


def told(task: dict[str, Any], *, inside: tuple[str, ...] = ()) -> dict[str, Any]:
    done = subprocess.run(
        [*inside, sys.executable, "-m", "tests.failure.checkpoint_child", json.dumps(task)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def task(place: Path, do: str, **more: Any) -> dict[str, Any]:
    return {
        "do": do,
        "path": str(place / "folder" / "n.ipynb"),
        "backups": str(place / "backups"),
        "old": OLD,
        "new": NEW,
        "times": 1,
        **more,
    }


def notebook(place: Path, times: int = 1) -> Path:
    (place / "folder").mkdir()
    path = place / "folder" / "n.ipynb"
    path.write_bytes(OLD.encode() * times)
    return path


def closed_folder(place: Path, times: int = 1) -> None:
    """A file that nobody's processes may write in a folder where they may add nothing."""
    path = notebook(place, times)
    (place / "backups").mkdir()
    for openable in (path, place / "backups"):
        openable.chmod(0o777)
    (place / "folder").chmod(0o555)


def test_killed_before_any_line_the_file_is_old_or_new(place: Path) -> None:  # FIL-10
    times = 60_000  # 1.5 MB: several writes
    notebook(place, times)

    answer = told(task(place, "every-line", times=times))

    assert set(answer["seen"]) == {"old>nothing>old", "new>nothing>new"}
    assert answer["lines"] > 40
    assert answer["left"] == ["n.ipynb"], "the orphans of killed writers were removed"


def test_killed_at_any_moment_the_file_is_old_or_new(place: Path) -> None:  # FIL-10
    times = 150_000
    notebook(place, times)

    answer = told(task(place, "any-moment", times=times, count=60))

    assert set(answer["seen"]) <= {"old>nothing>old", "new>nothing>new"}, answer


def test_killed_while_written_in_place_the_file_is_repaired(place: Path) -> None:  # FIL-14
    times = 60_000
    closed_folder(place, times)

    answer = told(task(place, "every-line", times=times, nobody=True))

    seen = answer["seen"]
    assert {key.split(">")[2] for key in seen} == {"old", "new"}
    assert "torn>finished>new" in seen, "some of the kills did fall between two writes"
    assert set(seen) <= {"old>nothing>old", "torn>finished>new", "new>nothing>new"}


def test_in_place_backups_go_when_the_file_is_whole(place: Path) -> None:  # FIL-14
    closed_folder(place)

    answer = told(task(place, "once", nobody=True))

    assert answer["in_place"]
    assert answer["file"] == "new"
    assert answer["backups"] == []


def test_a_read_only_file_is_not_written(place: Path) -> None:  # FIL-11
    path = notebook(place)
    (place / "folder").chmod(0o777)
    path.chmod(0o444)

    answer = told(task(place, "once", nobody=True))

    assert answer["error"] == "file.not-writable"
    assert answer["file"] == "old"
    assert answer["left"] == ["n.ipynb"]


def test_a_limit_on_file_size_leaves_the_old_file(place: Path) -> None:  # FIL-15
    times = 10_000
    notebook(place, times)

    answer = told(task(place, "once", times=times, file_limit_bytes=200_000))

    assert answer["error"] == "file.disk-full"
    assert answer["file"] == "old"
    assert answer["left"] == ["n.ipynb"]


def test_a_limit_on_file_size_leaves_a_file_written_in_place(place: Path) -> None:  # FIL-15
    times = 10_000
    closed_folder(place, times)

    answer = told(task(place, "once", times=times, nobody=True, file_limit_bytes=200_000))

    assert answer["error"] == "file.disk-full"
    assert answer["file"] == "old"
    assert answer["backups"] == []


@pytest.mark.parametrize("free_bytes", [0, 4096, 16_384, 65_536, 131_072])
def test_a_full_disk_leaves_the_old_file(place: Path, free_bytes: int) -> None:  # FIL-15
    times = 10_000
    notebook(place, times)
    inside = small_disk(place / "folder")
    limit = {"fill_to_bytes": free_bytes} if inside else {"file_limit_bytes": free_bytes}

    answer = told(task(place, "once", times=times, **limit), inside=inside)

    assert answer["error"] == "file.disk-full"
    assert answer["file"] == "old"
    assert set(answer["left"]) <= {"ballast", "n.ipynb"}


def small_disk(folder: Path) -> tuple[str, ...]:
    """A command that runs another with a 1 MB file system at `folder`; empty where the
    system lets us make none, and a limit on the size of files has to do."""
    if sys.platform != "linux":
        return ()
    script = f'mount -t tmpfs -o size=1m tailrace "{folder}" && exec "$@"'
    spaces = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "-Urm"]
    inside = (*spaces, "sh", "-c", script, "sh")
    works = subprocess.run([*inside, "true"], capture_output=True, check=False).returncode == 0
    return inside if works else ()
