"""What the operating system says about a write, in our words; and writing all of it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tailrace.protocol.errors import DiskFull, FileMissing, FileNotWritable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ETXTBSY})
UNSYNCABLE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})
WRITE_BYTES = 1 << 20  # a signal or a full disk shows after this much


@contextmanager
def fate_of(display: str) -> Iterator[None]:
    """Turn an `OSError` inside into `DiskFull`, `FileNotWritable` or `FileMissing`."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in FULL:
            raise DiskFull(
                f"{display} was not saved: {reason.lower()}. "
                "The file is as it was; free some space and save again"
            ) from error
        if error.errno in REFUSED:
            raise FileNotWritable(f"{display} was not saved: {reason.lower()}") from error
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise FileMissing(f"the folder of {display} is gone") from error
        raise FileNotWritable(f"{display} was not saved: {reason}") from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a short write is gone on with, not taken for the whole."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:WRITE_BYTES]) :]


def sync_folder(folder: int | None) -> None:
    """Make the names in a folder last. Some file systems cannot and need not."""
    if folder is None:
        return
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in UNSYNCABLE:
            raise
