"""The folder that is served: list, read, create, rename, copy and delete below it.

`Workspace.resolve` is the one choke point (FIL-1): whoever turns a path that came from
outside into a file goes through it. Names are shown as they are, whatever they hold; it
is for the page to show them safely. Hidden files do not exist here, neither to read nor
to write (FIL-3).

All of it blocks: call it from a thread.
"""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from msgspec import Struct

from tailrace.files.beneath import (
    O_BINARY,
    O_CLOEXEC,
    O_NOFOLLOW,
    O_NONBLOCK,
    open_folder,
    parts_of,
    real_parts,
)
from tailrace.files.checkpoint import TEMP_PREFIX, FileIdentity, identity_of, write_checkpoint
from tailrace.files.fates import fate_of, sync_folder
from tailrace.formats.text_notebook import ENDINGS, HEAD_BYTES, is_marked
from tailrace.protocol.errors import (
    FileChanged,
    FileError,
    FileMissing,
    FileNotWritable,
    FileTaken,
    NameRefused,
)

EntryKind = Literal["notebook", "file", "folder", "other"]
MARKS_KEPT = 20_000  # files of which is known whether they are notebooks
READ_BYTES = 1 << 30  # what `read` gives at most unless told otherwise
COPY_BYTES = 1 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Entry(Struct, frozen=True):
    """One name in a folder. `path` is how to ask for it; null when its name is not text
    (bytes that are no UTF-8) and it can only be shown. `other` is what cannot be opened: a
    device, a link that leads nowhere or out. `modified_at` is UTC seconds."""

    name: str
    path: str | None
    kind: EntryKind
    size_bytes: int
    modified_at: float
    is_link: bool = False


class Workspace:
    """Everything below `root`. Paths are relative, with `/`; "" is the root itself."""

    def __init__(self, root: Path, *, show_hidden: bool = False) -> None:
        self.root = Path(os.path.realpath(root))
        self.show_hidden = show_hidden
        self._marked: dict[FileIdentity, bool] = {}
        if not self.root.is_dir():
            raise FileMissing(f"there is no folder {root}")

    def resolve(self, relative: str) -> Path:
        """The file or folder that `relative` means, links resolved, surely below the root.

        It need not exist, its folder must. Raises `PathOutside`, `NameRefused`, or
        `FileMissing` for what is missing or hidden.
        """
        return self.root.joinpath(*self._parts(relative))

    def resolve_link(self, relative: str) -> Path:
        """Like `resolve`, but where the last name is a link: the link itself."""
        return self.root.joinpath(*self._parts(relative, follow_last=False))

    def relative(self, path: Path) -> str:
        """The reverse of `resolve`."""
        try:
            return path.relative_to(self.root).as_posix().removeprefix(".")
        except ValueError:
            raise FileMissing(f"{path.name} is not below the folder that is served") from None

    def list(self, relative: str = "") -> tuple[Entry, ...]:
        """What is in a folder: folders first, then by name. Raises `FileMissing`."""
        parts = self._parts(relative)
        with open_folder(self.root, parts) as folder:
            place = folder if folder is not None else self.root.joinpath(*parts)
            try:
                names = os.listdir(place)
            except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
                raise FileMissing(f"the folder {relative} cannot be listed") from error
            entries = [
                entry
                for name in names
                if not self._is_hidden(name)
                and (entry := self._entry(folder, parts, name)) is not None
            ]
        return tuple(sorted(entries, key=lambda e: (e.kind != "folder", e.name.casefold(), e.name)))

    def entry(self, relative: str) -> Entry:
        """One file or folder. Raises `FileMissing`."""
        parts = self._parts(relative)
        if not parts:
            found = self.root.stat()
            return Entry("", "", "folder", 0, found.st_mtime)
        with open_folder(self.root, parts[:-1]) as folder:
            entry = self._entry(folder, parts[:-1], parts[-1])
        if entry is None:
            raise FileMissing(f"there is no file {relative}")
        return entry

    def read(self, relative: str, *, limit_bytes: int = READ_BYTES) -> bytes:
        """The first `limit_bytes` of a regular file. Raises `FileMissing`."""
        with self._opened(relative) as descriptor, open(descriptor, "rb", closefd=False) as file:
            return file.read(limit_bytes)

    def open(self, relative: str) -> BinaryIO:
        """A regular file, open for reading; the caller closes it. Raises `FileMissing`."""
        with self._opened(relative) as descriptor:
            return open(os.dup(descriptor), "rb")

    def create(self, relative: str, data: bytes = b"") -> Entry:
        """A new file. Raises `FileTaken` when the name is in use, `NameRefused`, and
        `DiskFull` or `FileNotWritable`, after which there is no such file."""
        parts = self._new_parts(relative)
        try:
            write_checkpoint(
                self.root.joinpath(*parts),
                data,
                expected=None,
                backup_folder=None,
                root=self.root,
                allow_empty=True,
            )
        except FileChanged as error:
            raise FileTaken(f"there is a {relative} already") from error
        return self.entry(relative)

    def place_for(self, relative: str) -> Path:
        """Where a new file of that name will be. Raises as `create` does."""
        parts = self._new_parts(relative)
        place = self.root.joinpath(*parts)
        if os.path.lexists(place):
            raise FileTaken(f"there is a {relative} already")
        if not place.parent.is_dir():
            raise FileMissing(f"there is no folder for {relative}")
        return place

    def adopt(self, temporary: Path, relative: str) -> Entry:
        """Give a whole file of ours, beside its place, its name. Nothing is replaced."""
        parts = self._new_parts(relative)
        with fate_of(relative), open_folder(self.root, parts[:-1]) as folder:
            name = self._called(folder, parts)
            source = temporary.name if folder is not None else str(temporary)
            by_link = os.name != "nt"
            if not by_link and os.path.lexists(self.root.joinpath(*parts)):
                raise FileTaken(f"there is a {relative} already")
            _move(source, folder, name, folder, by_link, relative)
            sync_folder(folder)
        return self.entry(relative)

    def create_folder(self, relative: str) -> Entry:
        """A new folder in one that exists. Raises `FileTaken`, `NameRefused`."""
        parts = self._new_parts(relative)
        with fate_of(relative), open_folder(self.root, parts[:-1]) as folder:
            try:
                os.mkdir(self._called(folder, parts), dir_fd=folder)
            except FileExistsError as error:
                raise FileTaken(f"there is a {relative} already") from error
            sync_folder(folder)
        return self.entry(relative)

    def rename(self, old: str, new: str) -> Entry:
        """Move a file, link or folder. Nothing is replaced: raises `FileTaken`."""
        source, target = self._parts(old, follow_last=False), self._new_parts(new)
        if not source:
            raise NameRefused("the folder that is served cannot be renamed")
        if target[: len(source)] == source and target != source:
            raise NameRefused("a folder cannot be moved into itself")
        with (
            fate_of(new),
            open_folder(self.root, source[:-1]) as source_folder,
            open_folder(self.root, target[:-1]) as target_folder,
        ):
            source_name = self._called(source_folder, source)
            target_name = self._called(target_folder, target)
            try:
                found = os.stat(source_name, dir_fd=source_folder, follow_symlinks=False)
            except FileNotFoundError as error:
                raise FileMissing(f"there is no file {old}") from error
            is_itself = False
            with suppress(FileNotFoundError):
                there = os.stat(target_name, dir_fd=target_folder, follow_symlinks=False)
                # The same file by the same name in other letters: only the case changes.
                is_itself = (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)
                if not is_itself or "/".join(source).casefold() != "/".join(target).casefold():
                    raise FileTaken(f"there is a {new} already")
            if source != target:
                by_link = stat.S_ISREG(found.st_mode) and os.name != "nt" and not is_itself
                _move(source_name, source_folder, target_name, target_folder, by_link, new)
            sync_folder(target_folder)
            sync_folder(source_folder)
        return self.entry(new)

    def copy(self, old: str, new: str) -> Entry:
        """A second file with the same bytes, however many those are. Raises `FileMissing`,
        `FileTaken`, `DiskFull`."""
        place = self.place_for(new)
        temporary = place.parent / f"{TEMP_PREFIX}copy-{secrets.token_hex(8)}"
        try:
            with self.open(old) as source, fate_of(new), temporary.open("xb") as target:
                shutil.copyfileobj(source, target, COPY_BYTES)
                target.flush()
                os.fsync(target.fileno())
            return self.adopt(temporary, new)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def delete(self, relative: str) -> None:
        """Remove a file, a link (not what it leads to) or an empty folder."""
        parts = self._parts(relative, follow_last=False)
        if not parts:
            raise NameRefused("the folder that is served cannot be deleted")
        with fate_of(relative), open_folder(self.root, parts[:-1]) as folder:
            name = self._called(folder, parts)
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    os.rmdir(name, dir_fd=folder)
                else:
                    os.unlink(name, dir_fd=folder)
            except FileNotFoundError as error:
                raise FileMissing(f"there is no file {relative}") from error
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise FileTaken(f"the folder {relative} is not empty") from error
                raise
            sync_folder(folder)

    # ── the way to a file ────────────────────────────────────────────────────

    def _parts(self, relative: str, *, follow_last: bool = True) -> tuple[str, ...]:
        parts = parts_of(relative)
        self._refuse_hidden(parts)
        real = real_parts(self.root, parts, follow_last=follow_last)
        self._refuse_hidden(real)  # a link may lead to what is hidden
        return real

    def _new_parts(self, relative: str) -> tuple[str, ...]:
        asked = parts_of(relative)
        if not asked:
            raise NameRefused("a new file needs a name")
        if _CONTROL.search(asked[-1]):
            raise NameRefused("a new name cannot hold line breaks or other control characters")
        if asked[-1].startswith("."):
            raise NameRefused("a new name cannot begin with a dot: it would be hidden")
        return self._parts(relative, follow_last=False)

    def _refuse_hidden(self, parts: tuple[str, ...]) -> None:
        for part in parts:
            if self._is_hidden(part):
                raise FileMissing(f"there is no file {'/'.join(parts)}")

    def _is_hidden(self, name: str) -> bool:
        return name.startswith(TEMP_PREFIX) or (name.startswith(".") and not self.show_hidden)

    def _called(self, folder: int | None, parts: tuple[str, ...]) -> str:
        return parts[-1] if folder is not None else str(self.root.joinpath(*parts))

    @contextmanager
    def _opened(self, relative: str) -> Iterator[int]:
        parts = self._parts(relative)
        if not parts:
            raise FileMissing("that is a folder")
        flags = os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_BINARY
        with open_folder(self.root, parts[:-1]) as folder:
            try:
                descriptor = os.open(self._called(folder, parts), flags, dir_fd=folder)
            except PermissionError as error:
                raise FileNotWritable(f"{relative} may not be read") from error
            except OSError as error:
                raise FileMissing(f"there is no file {relative}") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileMissing(f"{relative} is not a file that can be read")
            yield descriptor
        finally:
            os.close(descriptor)

    def _entry(self, folder: int | None, parts: tuple[str, ...], name: str) -> Entry | None:
        called = name if folder is not None else str(self.root.joinpath(*parts, name))
        path = "/".join((*parts, name)) if _shown(name) == name else None
        try:
            found = os.stat(called, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        is_link = stat.S_ISLNK(found.st_mode)
        if is_link:
            # What a link leads to is told only when it is below the root and not hidden.
            try:
                inner = real_parts(self.root, (*parts, name))
                self._refuse_hidden(inner)
                folder, called = None, str(self.root.joinpath(*inner))
                found = os.lstat(called)
            except (OSError, FileError):
                return Entry(_shown(name), path, "other", 0, found.st_mtime, is_link)
        return Entry(
            _shown(name),
            path,
            self._kind(name, called, folder, found),
            found.st_size if stat.S_ISREG(found.st_mode) else 0,
            found.st_mtime,
            is_link,
        )

    def _kind(self, name: str, called: str, folder: int | None, found: os.stat_result) -> EntryKind:
        if stat.S_ISDIR(found.st_mode):
            return "folder"
        if not stat.S_ISREG(found.st_mode):
            return "other"
        if name.lower().endswith(".ipynb"):
            return "notebook"
        if name.lower().endswith(ENDINGS) and self._is_marked(name, called, folder, found):
            return "notebook"
        return "file"

    def _is_marked(self, name: str, called: str, folder: int | None, found: os.stat_result) -> bool:
        """Whether a text says that it is a notebook (FMT-7); looked at again when it changed."""
        identity = identity_of(found)
        known = self._marked.get(identity)
        if known is None:
            flags = os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_BINARY
            try:
                with open(os.open(called, flags, dir_fd=folder), "rb") as file:
                    known = is_marked(name, file.read(HEAD_BYTES))
            except OSError:
                return False
            if len(self._marked) >= MARKS_KEPT:
                self._marked.clear()
            self._marked[identity] = known
        return known


def _move(
    source: str,
    source_folder: int | None,
    target: str,
    target_folder: int | None,
    by_link: bool,
    display: str,
) -> None:
    """Rename without replacing: a plain file gets its new name by a hard link, which fails
    when the name was taken meanwhile; for the rest the look just before must do."""
    if by_link:
        try:
            os.link(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
        except FileExistsError as error:
            raise FileTaken(f"there is a {display} already") from error
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK):
                raise
        else:
            os.unlink(source, dir_fd=source_folder)
            return
    try:
        os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise FileNotWritable(
                f"{display} is on another disk; copy the file and delete the old one"
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileTaken(f"there is a {display} already") from error
        raise


def _shown(name: str) -> str:
    """A name as text: bytes that are no UTF-8 are written out as `\\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
