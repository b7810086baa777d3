"""What SQLite and the operating system say, in the log's own words.

A write that failed for want of space, or of permission, wrote nothing and may be tried
again: `LogFull`. A sync that failed may not: the system has forgotten what was not
written, and would report success the next time. What reads as nonsense is `LogDamaged`.
"""

import errno
import sqlite3

from tailrace.protocol.errors import LogDamaged, LogError, LogFull

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_WRITING = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})

_SYNC_FAILED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})
_READ_FAILED = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    }
)


def from_sqlite(error: sqlite3.Error, doing: str) -> LogError:
    """What `error` means for a log; `doing` says what failed."""
    # Python's own errors (text that is not UTF-8, say) come without a code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code in _SYNC_FAILED:
        return sync_failed(error)
    if code in _READ_FAILED:
        return LogDamaged(f"{doing}: the disk could not be read ({error})")
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return LogFull(f"{doing}: the disk is full; make space")
        case (
            sqlite3.SQLITE_IOERR
            | sqlite3.SQLITE_CANTOPEN
            | sqlite3.SQLITE_READONLY
            | sqlite3.SQLITE_PERM
        ):
            return LogFull(f"{doing}: the disk takes no more ({error}); make space or allow it")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LogError(f"{doing}: another process keeps the log locked")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return LogDamaged(f"{doing}: the log's file is damaged ({error})")
        case _:
            return LogError(f"{doing}: {error}")


def from_os(error: OSError, doing: str) -> LogError:
    """The same for files that we write ourselves."""
    if error.errno in _NO_SPACE:
        return LogFull(f"{doing}: the disk is full ({error.strerror}); make space")
    if error.errno in _NO_WRITING:
        return LogFull(f"{doing}: the folder cannot be written to ({error.strerror})")
    return LogError(f"{doing}: {error}")


def sync_failed(error: Exception) -> LogError:
    """A failed sync: what was appended last may not be on disk, and never trying again is
    the only honest answer. Opening the log anew writes all of it again."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _NO_SPACE:
        return LogFull(
            f"the disk was full when the log was synced ({error}); make space, then open it again"
        )
    return LogDamaged(f"the log could not be synced ({error}); open it again to write all anew")
