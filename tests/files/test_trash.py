"""What is thrown away can be had back; what is served is never in two places or in none."""

import errno
import os
from pathlib import Path

import pytest

from tailrace.files import trash as trash_module
from tailrace.files.trash import Trash
from tailrace.files.workspace import Workspace
from tailrace.protocol.errors import FileMissing, NameRefused, PathOutside


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "work").mkdir()
    return Workspace(tmp_path / "work")


@pytest.fixture
def trash(tmp_path: Path, workspace: Workspace) -> Trash:
    return Trash(tmp_path / "state" / "trash", workspace)


def test_a_file_goes_and_comes_back(workspace: Workspace, trash: Trash) -> None:  # PAGE-14
    workspace.create_folder("sub")
    workspace.create("sub/a.txt", b"kept")

    item = trash.throw("sub/a.txt", now=100.0)

    assert workspace.list("sub") == ()
    assert [each.path for each in trash.items()] == ["sub/a.txt"]
    assert (item.kind, item.size_bytes, item.deleted_at) == ("file", 4, 100.0)
    _, entry = trash.restore(item.item_id)
    assert (entry.path, workspace.read("sub/a.txt")) == ("sub/a.txt", b"kept")
    assert trash.items() == []


def test_a_folder_goes_whole_and_its_parents_are_made_again(
    workspace: Workspace, trash: Trash
) -> None:
    for folder in ("a", "a/b", "a/b/c"):
        workspace.create_folder(folder)
    workspace.create("a/b/c/deep.txt", b"12345")
    inner = trash.throw("a/b", now=1.0)
    outer = trash.throw("a", now=2.0)

    assert inner.size_bytes == 5
    assert [each.path for each in trash.items()] == ["a", "a/b"]
    trash.restore(inner.item_id)
    assert workspace.read("a/b/c/deep.txt") == b"12345"
    _, entry = trash.restore(outer.item_id)
    assert entry.path == "a 2"


def test_what_took_its_name_stays(workspace: Workspace, trash: Trash) -> None:
    workspace.create("n.ipynb", b"old")
    item = trash.throw("n.ipynb", now=1.0)
    workspace.create("n.ipynb", b"new")

    _, entry = trash.restore(item.item_id)

    assert entry.path == "n 2.ipynb"
    assert (workspace.read("n.ipynb"), workspace.read("n 2.ipynb")) == (b"new", b"old")


def test_a_link_goes_and_what_it_leads_to_stays(workspace: Workspace, trash: Trash) -> None:
    workspace.create("real.txt", b"real")
    os.symlink("real.txt", workspace.root / "link.txt")

    item = trash.throw("link.txt", now=1.0)

    assert workspace.read("real.txt") == b"real"
    trash.restore(item.item_id)
    assert (workspace.root / "link.txt").is_symlink()


def test_neither_the_root_nor_what_is_outside_is_thrown_away(
    workspace: Workspace, trash: Trash, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("x")
    with pytest.raises(NameRefused):
        trash.throw("", now=1.0)
    with pytest.raises(PathOutside):
        trash.throw("../outside.txt", now=1.0)
    with pytest.raises(FileMissing):
        trash.throw("nothing.txt", now=1.0)
    assert trash.items() == []


def test_another_disk_is_no_obstacle(
    workspace: Workspace, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.create_folder("sub")
    workspace.create("sub/a.txt", b"kept")

    def refuse(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(trash_module.os, "rename", refuse)
    item = trash.throw("sub", now=1.0)
    assert workspace.list() == ()
    trash.restore(item.item_id)
    assert workspace.read("sub/a.txt") == b"kept"


def test_the_trash_of_another_folder_is_not_shown(
    workspace: Workspace, trash: Trash, tmp_path: Path
) -> None:
    workspace.create("a.txt")
    item = trash.throw("a.txt", now=1.0)
    (tmp_path / "other").mkdir()
    other = Trash(tmp_path / "state" / "trash", Workspace(tmp_path / "other"))

    assert other.items() == []
    with pytest.raises(FileMissing):
        other.restore(item.item_id)
    with pytest.raises(FileMissing):
        trash.delete("../trash")
    trash.delete(item.item_id)
    assert trash.items() == []
