"""What a checkpoint keeps, and what it refuses (docs/spec/sync.md, FIL-10 to FIL-15)."""

import os
import stat
from pathlib import Path

import pytest

from tailrace.files.checkpoint import (
    ANYTHING,
    Written,
    digest_of,
    read_content,
    write_checkpoint,
)
from tailrace.protocol.errors import (
    FileChanged,
    FileMissing,
    FileNotWritable,
    FileWouldBeEmptied,
    PathOutside,
)

OLD = b'{"cells": [{"source": "old"}], "nbformat": 4}'
NEW = b'{"cells": [{"source": "new"}], "nbformat": 4}'
NO_CELLS = b'{\n "cells": [\n ],\n "metadata": {"about": {"cells": ["not these"]}}\n}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "n.ipynb"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def save(path: Path, data: bytes = NEW, expected: str | None = ANYTHING, **more: object) -> Written:
    backups = path.parent.parent / "backups"
    return write_checkpoint(path, data, expected=expected, backup_folder=backups, **more)  # type: ignore[arg-type]


def test_the_new_bytes_stand_and_nothing_beside_them(path: Path) -> None:  # FIL-10
    written = save(path, expected=digest_of(OLD))

    assert path.read_bytes() == NEW
    assert os.listdir(path.parent) == ["n.ipynb"]
    assert read_content(path).digest == written.digest == digest_of(NEW)
    assert read_content(path).identity == written.identity


def test_a_new_file_is_made_like_any_other(path: Path) -> None:
    fresh = path.with_name("fresh.ipynb")
    beside = path.with_name("beside")
    beside.touch()

    save(fresh, expected=None)

    assert fresh.read_bytes() == NEW
    assert fresh.stat().st_mode == beside.stat().st_mode


def test_mode_and_extended_attributes_are_kept(path: Path) -> None:  # FIL-11
    path.chmod(0o640)
    attributes = {}
    if hasattr(os, "setxattr"):
        try:
            os.setxattr(path, "user.origin", b"field notes")
            attributes = {"user.origin": b"field notes"}
        except OSError:
            attributes = {}  # this file system has none to keep

    save(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {name: os.getxattr(path, name) for name in attributes} == attributes


def test_the_owner_is_kept_where_it_is_ours_to_say(path: Path) -> None:  # FIL-11
    owner = (1234, 1234) if os.getuid() == 0 else (os.getuid(), os.getgid())
    os.chown(path, *owner)

    save(path)

    found = path.stat()
    assert (found.st_uid, found.st_gid) == owner


def test_a_link_stays_a_link_and_its_target_is_written(path: Path, tmp_path: Path) -> None:
    # FIL-11
    link = tmp_path / "link.ipynb"
    link.symlink_to(Path("folder") / "n.ipynb")
    second = tmp_path / "second.ipynb"
    second.symlink_to("link.ipynb")

    save(second)

    assert second.is_symlink()
    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert sorted(os.listdir(tmp_path)) == ["folder", "link.ipynb", "second.ipynb"]


def test_a_link_out_of_the_folder_served_is_not_followed(path: Path, tmp_path: Path) -> None:
    # FIL-2
    outside = tmp_path / "outside.ipynb"
    outside.write_bytes(OLD)
    path.unlink()
    path.symlink_to("../outside.ipynb")

    with pytest.raises(PathOutside):
        save(path, root=path.parent)

    assert outside.read_bytes() == OLD


def test_a_file_somebody_else_changed_is_not_replaced(path: Path) -> None:  # FIL-12
    theirs = OLD.replace(b"old", b"theirs")
    path.write_bytes(theirs)

    with pytest.raises(FileChanged) as refused:
        save(path, expected=digest_of(OLD))

    assert refused.value.found == digest_of(theirs)
    assert path.read_bytes() == theirs
    assert os.listdir(path.parent) == ["n.ipynb"]


def test_a_file_somebody_removed_is_not_made_again(path: Path) -> None:  # FIL-12
    path.unlink()

    with pytest.raises(FileChanged) as refused:
        save(path, expected=digest_of(OLD))

    assert refused.value.found is None
    assert not path.exists()


def test_a_new_file_does_not_replace_one_that_appeared(path: Path) -> None:  # FIL-12
    with pytest.raises(FileChanged):
        save(path, expected=None)

    assert path.read_bytes() == OLD


def test_an_empty_notebook_does_not_replace_cells_unless_told(path: Path) -> None:  # FIL-13
    for nothing in (b"", b"  \n", NO_CELLS):
        with pytest.raises(FileWouldBeEmptied):
            save(path, nothing)
        assert path.read_bytes() == OLD

    save(path, NO_CELLS, allow_empty=True)
    assert path.read_bytes() == NO_CELLS
    save(path, NO_CELLS + b"\n")


def test_words_about_empty_cells_are_not_taken_for_an_empty_notebook(path: Path) -> None:  # FIL-13
    data = rb'{"cells": [{"source": "the key \"cells\": [] is empty"}], "x": {"cells": []}}'

    save(path, data)

    assert path.read_bytes() == data


def test_the_folder_is_gone(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()

    with pytest.raises(FileMissing):
        save(path, expected=None)


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_not_replaced(path: Path, kind: str) -> None:
    path.unlink()
    path.mkdir() if kind == "folder" else os.mkfifo(path)

    with pytest.raises(FileNotWritable):
        save(path)

    assert path.is_dir() if kind == "folder" else path.is_fifo()


def test_a_temporary_file_of_a_living_writer_is_left_alone(path: Path) -> None:
    import fcntl

    prefix = f".tailrace-{digest_of(b'n.ipynb')[:8]}-"
    living, orphan = path.with_name(f"{prefix}a.tmp"), path.with_name(f"{prefix}b.tmp")
    orphan.write_bytes(b"half")
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save(path)

        assert sorted(os.listdir(path.parent)) == [living.name, "n.ipynb"]


def test_names_at_the_limit_can_be_saved(path: Path) -> None:
    long = path.with_name("ü" * 124 + ".ipynb")

    save(long, expected=None)
    save(long, OLD, expected=digest_of(NEW))

    assert long.read_bytes() == OLD
