"""Keep both versions of a file safe while it is overwritten in place.

Some folders let nobody add a file and yet let a file in them be written (a mounted single
file, a shared folder). Such a file cannot be replaced by a rename. Before its first byte
is touched, the old and the new version are written and synced in our own state folder;
they go when the file has been synced. If we are killed between, `repair` finds them, sees
that the file is half one and half the other, and finishes the work (FIL-14).
"""

import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from tailrace.files.beneath import HAS_DIR_FD, O_BINARY, O_CLOEXEC, O_NOFOLLOW
from tailrace.files.fates import fate_of, sync_folder, write_all

if sys.platform != "win32":
    import fcntl

Repair = Literal["nothing", "finished", "left"]


def claim(descriptor: int) -> bool:
    """Lock a file for as long as it is open; False when another process holds it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
    return False  # nothing to claim with, so nothing is ever taken for stale


@contextmanager
def kept(folder: Path, place: Path, *, old: bytes, new: bytes) -> Iterator[None]:
    """Both versions of `place` are on disk in `folder` from here to a good end.

    When the body raises and the file is not `old` any more, they stay, for `repair`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = folder / f"{_key(place)}.{secrets.token_hex(8)}.making"
    making.mkdir(mode=0o700)
    try:
        for name, data in (("path", os.fsencode(place)), ("old", old), ("new", new)):
            descriptor = os.open(making / name, os.O_WRONLY | os.O_CREAT | O_CLOEXEC, 0o600)
            try:
                write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync(making)
        ready = folder / f"{_key(place)}.{secrets.token_hex(8)}.backup"
        making.rename(ready)
        _sync(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    try:
        yield
    except OSError:
        if place.read_bytes() == old:
            shutil.rmtree(ready)
        raise
    shutil.rmtree(ready)


def overwrite(descriptor: int, data: bytes, *, old: bytes) -> None:
    """Make an open file hold `data`. Room for all of it is taken before a byte changes;
    when writing fails after that, the old bytes are put back."""
    try:
        if len(data) > len(old) and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, len(data))
        _hold(descriptor, data)
    except OSError:
        _hold(descriptor, old)
        raise


def _hold(descriptor: int, data: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, data)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)


def repair(folder: Path, place: Path) -> Repair:
    """Finish an overwriting of `place` that was cut off. Call it before reading the file.

    "finished": the file was torn and now holds the new version. "left": something else
    wrote the file since; it and the backups were left alone.
    """
    result: Repair = "nothing"
    place = Path(os.path.realpath(place))
    if not folder.is_dir():
        return result
    for unfinished in folder.glob(f"{_key(place)}.*.making"):
        shutil.rmtree(unfinished, ignore_errors=True)  # the file was not touched yet
    for backup in sorted(folder.glob(f"{_key(place)}.*.backup")):
        old, new = (backup / "old").read_bytes(), (backup / "new").read_bytes()
        try:
            found = place.read_bytes()
        except FileNotFoundError:
            return "left"
        if found != old and found != new:
            if not _is_torn(found, old=old, new=new):
                result = "left"
                continue
            with fate_of(str(place)):
                descriptor = os.open(place, os.O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_BINARY)
                try:
                    overwrite(descriptor, new, old=found)
                finally:
                    os.close(descriptor)
            result = "finished"
        shutil.rmtree(backup)
    return result


def _is_torn(found: bytes, *, old: bytes, new: bytes) -> bool:
    """Whether `found` is the beginning of `new` and after it what `old` had there (zeros
    where there was nothing yet)."""
    if not min(len(old), len(new)) <= len(found) <= max(len(old), len(new)):
        return False
    written = _shared_prefix(found, new)
    rest = found[written:]
    before = old[written : len(found)]
    return rest == before + bytes(len(rest) - len(before))


def _shared_prefix(one: bytes, other: bytes) -> int:
    """How many leading bytes are the same; halving, so that long files cost little."""
    same, differs = 0, min(len(one), len(other)) + 1
    while differs - same > 1:
        middle = (same + differs) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            differs = middle
    return same


def _key(place: Path) -> str:
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:24]


def _sync(folder: Path) -> None:
    if not HAS_DIR_FD:
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | O_CLOEXEC)
        try:
            sync_folder(descriptor)
        finally:
            os.close(descriptor)
