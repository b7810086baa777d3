"""The folder that is served, and nothing but it (docs/spec/sync.md, FIL-1 to FIL-5)."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailrace.files.beneath import parts_of
from tailrace.files.workspace import Workspace
from tailrace.protocol.errors import (
    FileError,
    FileMissing,
    FileTaken,
    NameRefused,
    PathOutside,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "user1"
    root.mkdir()
    return Workspace(root)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A root with siblings of like names, and links that lead in and out."""
    above = tmp_path_factory.mktemp("served")
    root = above / "user1"
    for folder in (root / "sub", above / "user10", above / "user1.secret"):
        folder.mkdir(parents=True)
    (root / "sub" / "inside.txt").write_text("inside")
    (root / ".hidden").mkdir()
    for outside in ("user10", "user1.secret"):
        (above / outside / "secret.txt").write_text("secret")
    (above / "secret.txt").write_text("secret")
    (root / "in").symlink_to("sub")
    (root / "in-by-root").symlink_to(root / "sub")
    (root / "around").symlink_to("../user1/sub")
    (root / "out").symlink_to("..")
    (root / "sibling").symlink_to("../user10")
    (root / "sub" / "up").symlink_to("..")
    (root / "sub" / "far").symlink_to("/")
    (root / "loop").symlink_to("loop")
    (root / "to-hidden").symlink_to(".hidden")
    return Workspace(root)


PIECES = st.sampled_from(
    [
        "..", ".", "", "/", "//", "\\", "..\\", "%2e%2e", "%2f", "%5c", "..%2f", "..;", "...",
        "user1", "user10", "user1.secret", "secret.txt", "sub", "in", "in-by-root", "around",
        "out", "sibling", "up", "far", "loop", "to-hidden", ".hidden", "inside.txt", "etc",
        "passwd", "\0", "\ufeff", "․․", "‥", "C:", "~", "\u202e", "\n", "proc", "self", "root",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=7), st.sampled_from(["/", ""]), st.text(max_size=4))
@example(["..", "user10", "secret.txt"], "/", "")
@example(["out", "secret.txt"], "/", "")
@example(["sub", "up", "up", "secret.txt"], "/", "")
@example(["sub", "far", "etc", "passwd"], "/", "")
def test_no_path_leads_out(served: Workspace, pieces: list[str], glue: str, tail: str) -> None:
    # FIL-1 FIL-2
    relative = glue.join(pieces) + tail
    try:
        path = served.resolve(relative)
    except FileError:
        return
    real = Path(os.path.realpath(path))
    assert real == served.root or served.root in real.parents
    assert not any(part.startswith(".") for part in real.relative_to(served.root).parts)
    try:
        data = served.read(relative)
    except FileError:
        return
    assert data == b"inside"


@pytest.mark.parametrize(
    "relative", ["in/inside.txt", "in-by-root/inside.txt", "around/inside.txt"]
)
def test_a_link_within_the_root_is_followed(served: Workspace, relative: str) -> None:  # FIL-2
    assert served.read(relative) == b"inside"
    assert served.resolve(relative) == served.root / "sub" / "inside.txt"


@pytest.mark.parametrize(
    ("relative", "error"),
    [
        ("../user10/secret.txt", PathOutside),
        ("/etc/passwd", PathOutside),
        ("sub/../../secret.txt", PathOutside),
        ("sub/../sub/inside.txt", PathOutside),
        ("sibling/secret.txt", PathOutside),
        ("out", PathOutside),
        ("a\0b", NameRefused),
        ("x" * 256, NameRefused),
        ("\ud800", NameRefused),
        ("loop", FileMissing),
        (".hidden", FileMissing),
        ("to-hidden", FileMissing),
        ("missing/file", FileMissing),
        ("sub/inside.txt/more", FileMissing),
    ],
)
def test_each_way_out_has_its_answer(
    served: Workspace, relative: str, error: type[FileError]
) -> None:  # FIL-1 FIL-2 FIL-3
    with pytest.raises(error):
        served.resolve(relative)


@pytest.mark.parametrize(
    ("relative", "error"),
    [
        ("..\\x", PathOutside),
        ("a\\b", PathOutside),
        ("C:x", PathOutside),
        ("C:/x", PathOutside),
        ("nul", NameRefused),
        ("COM1.ipynb", NameRefused),
        ("notes.ipynb:stream", NameRefused),
        ("trailing. ", NameRefused),
        ("what?", NameRefused),
    ],
)
def test_windows_reads_more_into_a_name(relative: str, error: type[FileError]) -> None:  # FIL-1
    with pytest.raises(error):
        parts_of(relative, windows=True)


def test_a_link_swapped_in_again_and_again_never_wins(tmp_path: Path) -> None:  # FIL-2
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "real", outside):
        folder.mkdir(parents=True)
    (root / "real" / "n.txt").write_bytes(b"inside")
    (outside / "n.txt").write_bytes(b"outside")
    (root / "link-in").symlink_to("real")
    (root / "link-out").symlink_to(outside)
    workspace = Workspace(root)
    stop = threading.Event()

    def swap() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            (root / "next").symlink_to("real" if turn % 2 else outside)
            os.replace(root / "next", root / "place")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(2_000):
            try:
                seen.add(workspace.read("place/n.txt"))
            except FileError:
                continue
    finally:
        stop.set()
        swapper.join()

    assert seen <= {b"inside"}


def test_names_are_listed_as_they_are(workspace: Workspace) -> None:  # FIL-4
    names = [
        "<img src=x onerror=alert(1)>.ipynb",
        "\u202egnp.exe.ipynb",
        "line\nbreak.txt",
        "'quotes\" & ampersand",
        "ü" * 127,
        "x" * 255,
        "--help",
        "e\u0301",
    ]
    for name in names:
        (workspace.root / name).touch()

    entries = workspace.list()

    assert {entry.name for entry in entries} == set(names)
    for entry in entries:
        assert entry.path is not None
        assert workspace.read(entry.path) == b""
    kinds = {entry.name: entry.kind for entry in entries}
    assert kinds[names[0]] == "notebook"
    assert kinds["--help"] == "file"


def test_a_name_that_is_no_text_is_shown_and_cannot_be_asked_for(workspace: Workspace) -> None:
    # FIL-4
    try:
        open(os.fsencode(workspace.root) + b"/bad-\xff.ipynb", "wb").close()
    except OSError:  # this system keeps only names in UTF-8
        (workspace.root / "bad-.ipynb").touch()

    (entry,) = workspace.list()

    assert entry.name in ("bad-\\xff.ipynb", "bad-.ipynb")
    assert (entry.path is None) == ("\\" in entry.name)


def test_a_folder_tells_what_is_in_it(workspace: Workspace) -> None:  # FIL-4
    (workspace.root / "b").mkdir()
    (workspace.root / "a.ipynb").write_bytes(b"12345")
    (workspace.root / ".git").mkdir()
    (workspace.root / "out").symlink_to("/etc")
    (workspace.root / "nowhere").symlink_to("missing")
    os.mkfifo(workspace.root / "pipe")

    entries = {entry.name: entry for entry in workspace.list("")}

    assert next(entry.name for entry in workspace.list()) == "b", "folders come first"
    assert set(entries) == {"a.ipynb", "b", "nowhere", "out", "pipe"}
    assert entries["a.ipynb"].size_bytes == 5
    assert entries["a.ipynb"].modified_at > 0
    assert (entries["out"].kind, entries["out"].is_link) == ("other", True)
    assert entries["pipe"].kind == "other"
    with pytest.raises(FileMissing):
        workspace.read("pipe")
    with pytest.raises(FileMissing):
        workspace.list("a.ipynb")


def test_hidden_files_exist_only_where_they_were_asked_for(tmp_path: Path) -> None:  # FIL-3
    (tmp_path / ".env").write_text("secret")

    for act in (Workspace(tmp_path).read, Workspace(tmp_path).delete, Workspace(tmp_path).entry):
        with pytest.raises(FileMissing):
            act(".env")
    assert Workspace(tmp_path, show_hidden=True).read(".env") == b"secret"


def test_files_are_made_renamed_copied_and_removed(workspace: Workspace) -> None:  # FIL-5
    workspace.create_folder("sub")
    made = workspace.create("sub/a.ipynb", b"data")
    assert (made.path, made.kind, made.size_bytes) == ("sub/a.ipynb", "notebook", 4)

    workspace.copy("sub/a.ipynb", "b.txt")
    workspace.rename("sub/a.ipynb", "c.ipynb")
    workspace.rename("sub", "sub2")

    assert [entry.path for entry in workspace.list()] == ["sub2", "b.txt", "c.ipynb"]
    workspace.delete("sub2")
    workspace.delete("b.txt")
    assert workspace.read("c.ipynb") == b"data"
    with pytest.raises(FileMissing):
        workspace.delete("b.txt")


def test_nothing_is_replaced_by_accident(workspace: Workspace) -> None:  # FIL-5
    workspace.create("a", b"a")
    workspace.create("b", b"b")
    workspace.create_folder("full")
    workspace.create("full/x")

    for act in (
        lambda: workspace.create("a", b"new"),
        lambda: workspace.copy("a", "b"),
        lambda: workspace.rename("a", "b"),
        lambda: workspace.rename("a", "full"),
        lambda: workspace.rename("full", "a"),
        lambda: workspace.create_folder("a"),
        lambda: workspace.delete("full"),
    ):
        with pytest.raises(FileTaken):
            act()
    assert workspace.read("a") == b"a"
    assert workspace.read("b") == b"b"


def test_a_file_may_keep_its_name_or_change_its_case(workspace: Workspace) -> None:
    workspace.create("a", b"a")

    workspace.rename("a", "a")
    workspace.rename("a", "A")

    assert [entry.name for entry in workspace.list()] == ["A"]


@pytest.mark.parametrize("name", ["", ".", ".hidden", "new\nline", "bell\x07", "sub/../x", "/x"])
def test_names_that_new_files_may_not_have(workspace: Workspace, name: str) -> None:  # FIL-5
    workspace.create_folder("sub")
    for act in (workspace.create, workspace.create_folder):
        with pytest.raises((NameRefused, PathOutside)):
            act(name)


def test_a_link_is_removed_and_renamed_itself(workspace: Workspace, tmp_path: Path) -> None:
    # FIL-5
    outside = tmp_path / "outside.txt"
    outside.write_text("stays")
    (workspace.root / "link").symlink_to(outside)

    workspace.create("a", b"a")
    (workspace.root / "inner").symlink_to("a")
    workspace.rename("inner", "moved")
    workspace.delete("moved")
    workspace.delete("link")

    assert outside.read_text() == "stays"
    assert [entry.name for entry in workspace.list()] == ["a"]


def test_a_folder_does_not_go_into_itself(workspace: Workspace) -> None:
    workspace.create_folder("a")
    with pytest.raises(NameRefused):
        workspace.rename("a", "a/b")
    for act in (workspace.delete, lambda root: workspace.rename(root, "x")):
        with pytest.raises(NameRefused):
            act("")


def test_a_copy_is_whole_whatever_one_reading_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # FIL-1
    (tmp_path / "long.bin").write_bytes(b"0123456789")
    monkeypatch.setitem(Workspace.read.__kwdefaults__, "limit_bytes", 4)
    workspace = Workspace(tmp_path)

    workspace.copy("long.bin", "copy.bin")

    assert (tmp_path / "copy.bin").read_bytes() == b"0123456789"
    with pytest.raises(FileTaken):
        workspace.copy("long.bin", "copy.bin")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.bin", "long.bin"]
