"""What was deleted, kept until somebody empties the trash. Never beside the notebooks.

Each item is a folder of ours: `item.json` says what it was and where, `content` is the file
or folder itself, `beside` holds what else belongs to it (a notebook's log). `item.json` is
there first, so that whatever a crash leaves can be told: an item without its content was
never thrown away, or is back already.

On another disk than the trash a thing is copied, then removed. All of it blocks: call it
from a thread.
"""

import errno
import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from tailrace.files.beneath import open_folder
from tailrace.files.fates import fate_of, sync_folder
from tailrace.files.workspace import Entry, EntryKind, Workspace
from tailrace.protocol.errors import FileMissing, FileTaken, NameRefused

COUNTED_MOST = 20_000  # files of a folder whose sizes are added up


class TrashItem(Struct, frozen=True):
    """`path` is where it was, relative to `root`. `deleted_at` is UTC seconds."""

    item_id: str
    root: str
    path: str
    kind: EntryKind
    size_bytes: int
    deleted_at: float


class Trash:
    """The things thrown away from one workspace; others' lie in the same folder."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self._folder = folder
        self._workspace = workspace

    def throw(self, relative: str, *, now: float) -> TrashItem:
        """Move a file, a link (not what it leads to) or a folder into the trash.

        Raises `FileMissing`, `NameRefused` for the root itself, `DiskFull`,
        `FileNotWritable`; then it stands where it was.
        """
        place = self._workspace.resolve_link(relative)
        if place == self._workspace.root:
            raise NameRefused("the folder that is served cannot be deleted")
        entry = self._workspace.entry(relative)
        item = TrashItem(
            item_id=f"{int(now):x}-{secrets.token_hex(6)}",
            root=str(self._workspace.root),
            path=relative,
            kind=entry.kind,
            size_bytes=_size_of(place) if entry.kind == "folder" else entry.size_bytes,
            deleted_at=now,
        )
        folder = self._folder / item.item_id
        with fate_of(relative):
            folder.mkdir(mode=0o700, parents=True)
            try:
                (folder / "item.json").write_bytes(msgspec.json.encode(item))
                _move(place, folder / "content")
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            _sync(place.parent)
        return item

    def items(self) -> list[TrashItem]:
        """What can be restored, the newest first."""
        found = []
        with suppress(FileNotFoundError):
            for folder in self._folder.iterdir():
                with suppress(FileMissing):
                    found.append(self._item(folder.name))
        return sorted(found, key=lambda item: (-item.deleted_at, item.path))

    def restore(self, item_id: str) -> tuple[TrashItem, Entry]:
        """Put it back where it was; by another name when that one is taken.

        Folders it was in are made again. Raises `FileMissing` for an unknown item.
        """
        item = self._item(item_id)
        folder, name = self._home_of(item)
        with fate_of(item.path):
            target = self._workspace.resolve_link(f"{folder}/{name}" if folder else name)
            _move(self._folder / item_id / "content", target)
            _sync(target.parent)
        return item, self._workspace.entry(self._workspace.relative(target))

    def delete(self, item_id: str) -> None:
        """For good."""
        self._item(item_id)
        shutil.rmtree(self._folder / item_id)

    def beside(self, item: TrashItem) -> Path:
        """Where else things that belong to the item are kept; made when first asked for."""
        place = self._folder / item.item_id / "beside"
        place.mkdir(mode=0o700, exist_ok=True)
        return place

    def forget(self, item: TrashItem) -> None:
        """After a restore: nothing of it is left here."""
        shutil.rmtree(self._folder / item.item_id, ignore_errors=True)

    def _item(self, item_id: str) -> TrashItem:
        folder = self._folder / item_id
        if "/" in item_id or "\\" in item_id or item_id.startswith("."):
            raise FileMissing("there is no such thing in the trash")
        try:
            item = msgspec.json.decode((folder / "item.json").read_bytes(), type=TrashItem)
        except (OSError, msgspec.DecodeError):
            raise FileMissing("there is no such thing in the trash") from None
        if item.root != str(self._workspace.root) or not os.path.lexists(folder / "content"):
            raise FileMissing("there is no such thing in the trash")
        return item

    def _home_of(self, item: TrashItem) -> tuple[str, str]:
        folder, _, name = item.path.rpartition("/")
        self._make(folder)
        taken = {entry.name for entry in self._workspace.list(folder)}
        stem, dot, ending = name.rpartition(".") if item.kind != "folder" else (name, "", "")
        number, free = 2, name
        while free in taken:
            free = f"{stem} {number}{dot}{ending}" if stem else f"{name} {number}"
            number += 1
        return folder, free

    def _make(self, folder: str) -> None:
        parts = folder.split("/") if folder else []
        for count in range(1, len(parts) + 1):
            with suppress(FileTaken):
                self._workspace.create_folder("/".join(parts[:count]))


def _move(source: Path, target: Path) -> None:
    """Rename, or copy and remove where the two are on different disks."""
    try:
        os.rename(source, target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    try:
        if stat.S_ISDIR(source.lstat().st_mode):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
    except BaseException:
        _remove(target)
        raise
    _remove(source)


def _sync(folder: Path) -> None:
    with open_folder(folder, ()) as descriptor:
        sync_folder(descriptor)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _size_of(folder: Path) -> int:
    total = count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            count += 1
            if count > COUNTED_MOST:
                return total
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
