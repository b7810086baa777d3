"""Write a notebook file so that it is always the old bytes or the new ones.

The new bytes go to a hidden file of random name in the same folder, are synced, and take
the old file's name by a rename; then the folder is synced. Whoever opens the file sees
one or the other, whenever this process is killed (FIL-10). Mode, owner and extended
attributes go over to the new file, and a symbolic link stays a link: what it leads to is
what is written (FIL-11).

Just before the rename the file is read once more: if it is not what the caller last saw,
nothing is written (`FileChanged`, FIL-12). A notebook without cells does not replace one
that has some (FIL-13). Where the folder refuses new files but the file may be written, it
is written in place, under the protection of `backups.py` (FIL-14).

This module does not know what a session is and keeps no state. All of it blocks: call it
from a thread.
"""

import errno
import hashlib
import json
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tailrace.files import backups
from tailrace.files.beneath import (
    O_BINARY,
    O_CLOEXEC,
    O_NOFOLLOW,
    O_NONBLOCK,
    open_folder,
    real_parts,
)
from tailrace.files.fates import fate_of, sync_folder, write_all
from tailrace.protocol.errors import (
    FileChanged,
    FileMissing,
    FileNotWritable,
    FileWouldBeEmptied,
)

TEMP_PREFIX = ".tailrace-"
TEMP_SUFFIX = ".tmp"
ANYTHING = "any"
_NO_CELLS = re.compile(rb'"cells"\s*:\s*\[\s*\]')


class FileIdentity(Struct, frozen=True):
    """Changes whenever the file was written or replaced; compare, do not interpret."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


class FileContent(Struct, frozen=True):
    data: bytes
    digest: str
    identity: FileIdentity


class Written(Struct, frozen=True):
    """What now stands on disk. `in_place`: the folder allowed no atomic replacement."""

    digest: str
    identity: FileIdentity
    in_place: bool = False


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def identity_of(found: os.stat_result) -> FileIdentity:
    return FileIdentity(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )


def read_content(path: Path) -> FileContent:
    """The file's bytes with their digest, consistent even while somebody writes it.

    Raises `FileMissing` when there is no such file or it is not a regular one.
    """
    return _read(str(path), None, follow=True)


def write_checkpoint(
    path: Path,
    data: bytes,
    *,
    expected: str | None,
    backup_folder: Path | None,
    root: Path | None = None,
    allow_empty: bool = False,
) -> Written:
    """Put `data` at `path`, atomically where the folder lets us.

    `expected` is the digest of what the file held when it was last seen, None when there
    was no file, `ANYTHING` to overwrite whatever is there. `root`, when given, is the folder
    that no link may lead out of. `backup_folder` is our own, outside the user's folders;
    without one nothing is written in place.

    Raises `FileChanged`, `FileWouldBeEmptied`, `DiskFull`, `FileNotWritable`, or
    `FileMissing` when the folder is gone. The old file stands in each of these cases.
    """
    folder_path, name = _place(path, root)
    display = str(path)
    anchor, parts = _anchored(folder_path, root)
    with fate_of(display), open_folder(anchor, parts) as folder:
        target = _Target(folder_path, folder, name, display)
        old = target.content()
        target.check(old, expected)
        if not allow_empty and old is not None and _has_no_cells(data):
            _refuse_emptying(old, display)
        if old is not None and not target.is_writable():
            raise FileNotWritable(f"{display} is read-only; save a copy or change its permissions")
        remove_stale_temps(target)
        try:
            temp = _open_temp(target)
        except OSError as error:
            in_place = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
            if old is None or backup_folder is None or not in_place:
                raise
            return _write_in_place(target, data, old, backup_folder)
        return _replace(target, temp, data, old, expected)


class _Target:
    """The file to write: a name in an open folder."""

    def __init__(self, folder_path: Path, folder: int | None, name: str, display: str) -> None:
        self.folder_path = folder_path
        self.folder = folder
        self.name = name
        self.display = display

    def called(self, name: str) -> str:
        """`name` in this folder, as the os functions want it beside `dir_fd=self.folder`."""
        return name if self.folder is not None else str(self.folder_path / name)

    def content(self) -> FileContent | None:
        try:
            return _read(self.called(self.name), self.folder, follow=False)
        except FileMissing:
            if self._is_there():
                raise FileNotWritable(f"{self.display} is not a regular file") from None
            return None

    def check(self, found: FileContent | None, expected: str | None) -> None:
        digest = None if found is None else found.digest
        if expected != ANYTHING and digest != expected:
            raise FileChanged(self.display, found=digest)

    def is_writable(self) -> bool:
        keywords = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
        if self.folder is not None:
            return os.access(self.name, os.W_OK, dir_fd=self.folder, **keywords)
        return os.access(self.called(self.name), os.W_OK, **keywords)

    def _is_there(self) -> bool:
        try:
            os.stat(self.called(self.name), dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True


def _place(path: Path, root: Path | None) -> tuple[Path, str]:
    """Folder and name of what `path` finally means: links followed to their target."""
    if root is None:
        real = Path(os.path.realpath(path))
    else:
        root = Path(os.path.realpath(root))
        try:
            parts = path.relative_to(root).parts
        except ValueError:
            raise FileMissing(f"{path} is not below the folder that is served") from None
        real = root.joinpath(*real_parts(root, parts))
    if not real.name:
        raise FileNotWritable(f"{path} is a folder")
    return real.parent, real.name


def _anchored(folder_path: Path, root: Path | None) -> tuple[Path, tuple[str, ...]]:
    if root is None:
        return folder_path, ()
    root = Path(os.path.realpath(root))
    return root, folder_path.relative_to(root).parts


def _read(name: str, folder: int | None, *, follow: bool) -> FileContent:
    flags = os.O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_BINARY | (0 if follow else O_NOFOLLOW)
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise FileMissing(f"there is no file {os.path.basename(name)}") from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise FileNotWritable(f"{os.path.basename(name)} may not be read") from error
        raise
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileMissing(f"{os.path.basename(name)} is not a regular file")
        # Somebody may be writing it in place: take it when it was the same before and after.
        for _ in range(5):
            before = os.fstat(descriptor)
            file.seek(0)
            data = file.readall()
            after = os.fstat(descriptor)
            if identity_of(before) == identity_of(after):
                break
        return FileContent(data, digest_of(data), identity_of(after))


def _refuse_emptying(old: FileContent, display: str) -> None:
    if not _has_no_cells(old.data):
        raise FileWouldBeEmptied(
            f"{display} holds cells and would have been replaced by an empty notebook"
        )


def _has_no_cells(data: bytes) -> bool:
    if not data.strip():
        return True
    if _NO_CELLS.search(data) is None:
        return False
    try:
        return bool(json.loads(data).get("cells") == [])
    except (ValueError, AttributeError, RecursionError):
        return False


def _open_temp(target: _Target) -> tuple[int, str]:
    name = f"{_temp_prefix(target)}{secrets.token_hex(8)}{TEMP_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_BINARY
    # 0o666 less the umask is what a new file gets; an old file's mode is set over it.
    descriptor = os.open(target.called(name), flags, 0o666, dir_fd=target.folder)
    backups.claim(descriptor)
    return descriptor, name


def _temp_prefix(target: _Target) -> str:
    return f"{TEMP_PREFIX}{digest_of(os.fsencode(target.name))[:8]}-"


def remove_stale_temps(target: _Target) -> None:
    """Remove what killed processes left of earlier checkpoints of this file.

    A living writer holds a lock on its temporary file, so only orphans go.
    """
    prefix = _temp_prefix(target)
    try:
        names = os.listdir(target.folder if target.folder is not None else target.folder_path)
    except OSError:
        return  # a folder may be writable and not readable: then they stay
    for name in names:
        if not (name.startswith(prefix) and name.endswith(TEMP_SUFFIX)):
            continue
        with suppress(OSError):  # gone meanwhile, or another user's
            descriptor = os.open(
                target.called(name), os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW, dir_fd=target.folder
            )
            try:
                if backups.claim(descriptor):
                    os.unlink(target.called(name), dir_fd=target.folder)
            finally:
                os.close(descriptor)


def _replace(
    target: _Target,
    temp: tuple[int, str],
    data: bytes,
    old: FileContent | None,
    expected: str | None,
) -> Written:
    descriptor, temp_name = temp
    called = target.called(temp_name)
    try:
        try:
            write_all(descriptor, data)
            if old is not None:
                _keep_attributes(target, descriptor)
            os.fsync(descriptor)
            found = os.fstat(descriptor)
        finally:
            if os.name == "nt":
                os.close(descriptor)  # an open file cannot be renamed there
        target.check(target.content(), expected)
        if old is None and expected is None:
            _name_new_file(target, called)
        else:
            os.replace(
                called,
                target.called(target.name),
                src_dir_fd=target.folder,
                dst_dir_fd=target.folder,
            )
    except BaseException:
        with suppress(OSError):
            os.unlink(called, dir_fd=target.folder)
        raise
    finally:
        if os.name != "nt":
            os.close(descriptor)
    sync_folder(target.folder)
    # The rename itself moves the change time, so look once more; if somebody else has
    # replaced the file by now, the identity of ours is what the caller must compare with.
    with suppress(FileNotFoundError):
        now = os.stat(target.called(target.name), dir_fd=target.folder, follow_symlinks=False)
        if (now.st_dev, now.st_ino) == (found.st_dev, found.st_ino):
            found = now
    return Written(digest_of(data), identity_of(found))


def _name_new_file(target: _Target, temp: str) -> None:
    """Give the temporary file its name; a file that appeared meanwhile is not replaced."""
    name = target.called(target.name)
    try:
        os.link(temp, name, src_dir_fd=target.folder, dst_dir_fd=target.folder)
    except FileExistsError:
        found = target.content()
        raise FileChanged(target.display, found=found.digest if found else None) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        # No hard links here (FAT, some network shares): the look just before must do.
        os.replace(temp, name, src_dir_fd=target.folder, dst_dir_fd=target.folder)
        return
    os.unlink(temp, dir_fd=target.folder)


def _keep_attributes(target: _Target, descriptor: int) -> None:
    """Owner, extended attributes (access lists among them) and mode of the file there is.

    Whose file it is may not be ours to say; then the new one is ours, and a group that
    could not be kept loses what everybody else does not have either.
    """
    name = target.called(target.name)
    old = os.stat(name, dir_fd=target.folder, follow_symlinks=False)
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if hasattr(os, "fchown"):
        new = os.fstat(descriptor)
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            try:
                os.fchown(descriptor, old.st_uid, old.st_gid)
            except OSError:
                try:
                    os.fchown(descriptor, -1, old.st_gid)
                except OSError:
                    mode &= 0o707 | ((mode & 0o007) << 3)
    if sys.platform == "linux":
        with suppress(OSError):
            source = os.open(name, os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW, dir_fd=target.folder)
            try:
                for attribute in os.listxattr(source):
                    with suppress(OSError):  # not every attribute is a user's to set
                        os.setxattr(descriptor, attribute, os.getxattr(source, attribute))
            finally:
                os.close(source)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


def _write_in_place(target: _Target, data: bytes, old: FileContent, backup_folder: Path) -> Written:
    """Overwrite the file itself, both versions kept safe in our own folder meanwhile."""
    place = target.folder_path / target.name
    with backups.kept(backup_folder, place, old=old.data, new=data):
        flags = os.O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_BINARY
        descriptor = os.open(target.called(target.name), flags, dir_fd=target.folder)
        try:
            backups.overwrite(descriptor, data, old=old.data)
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    return Written(digest_of(data), identity_of(found), in_place=True)
