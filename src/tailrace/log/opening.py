"""Open the file of an embedded log: find out what it is before anything is changed.

Opening only reads. A missing file is an empty log that the first append will make; a file
of another program is refused; one of a newer version too. A file that does not check out
is salvaged, which does write: leaving it would lose more. Where even that finds no space,
what was salvaged is kept in memory for reading, and the file is made when there is room.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tailrace import __version__
from tailrace.log import database
from tailrace.log.database import PAGE_BYTES, LogFacts, wal_of
from tailrace.log.marks import Marks, boot_name
from tailrace.log.pages import Pages
from tailrace.log.salvage import Damage, Salvage, suspect_marker
from tailrace.log.store_errors import from_os, from_sqlite
from tailrace.log.syncer import sync_descriptor
from tailrace.log.wal import Wal
from tailrace.protocol.errors import LogDamaged, LogError, LogForeign, LogFull, LogVersion

_LOOKS = 5  # at a file that another process changes


@dataclass
class Opening:
    """`image` holds the log in memory when the file could not be used as it is; `install`
    makes the file, and raises `LogFull` while there is no space for it."""

    marks: Marks
    damage: Damage | None = None
    image: sqlite3.Connection | None = None
    install: Callable[[], None] | None = None


class _Unsound(Exception):
    """The file does not check out."""


# Logs open in this process. Reading the file of one of them without SQLite would, on
# closing it, drop the locks that SQLite holds on it (POSIX locks belong to the process).
_held: Counter[str] = Counter()


def hold(path: Path) -> None:
    _held[os.path.realpath(path)] += 1


def release(path: Path) -> None:
    _held[os.path.realpath(path)] -= 1


def _is_held(path: Path) -> bool:
    return _held[os.path.realpath(path)] > 0


def open_file(path: Path, *, create: bool) -> Opening:
    """What is at `path`, ready for reading, until `release`. Raises `LogForeign`,
    `LogVersion`, `LogError`."""
    opening = _opened(path, create=create)
    hold(path)
    return opening


def _opened(path: Path, *, create: bool) -> Opening:
    try:
        if suspect_marker(path).exists():
            return _salvaged(path, "it was found damaged, or could not be synced, when last used")
        if database.file_size(wal_of(path)) == 0 and not path.exists():
            if not create:
                raise LogError(f"there is no log at {path}")
            return Opening(Marks(LogFacts(database.new_epoch()), 0))
        try:
            return _sound(path)
        except _Unsound as problem:
            if _is_held(path):
                raise LogDamaged(f"the log is damaged, and open elsewhere: {problem}") from problem
            return _salvaged(path, str(problem))
    except OSError as error:
        raise from_os(error, "opening the log") from error


def _sound(path: Path) -> Opening:
    """The log, if it checks out. Raises `_Unsound`."""
    for _ in range(_LOOKS):
        before = _stamp(path)
        try:
            return _checked(path)
        except _Unsound:
            if _stamp(path) == before:
                raise
    raise LogError("another process keeps changing the log's file; try again")


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when another process writes to the database."""
    if not path.exists():
        return ()
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, wal_of(path).exists()


def _checked(path: Path) -> Opening:
    if not _is_held(path):
        _check_header(path)
    connection, in_memory = _for_reading(path)
    try:
        facts = database.facts_in(connection)
        if facts is None:
            raise _Unsound("its description does not check out")
        if facts.version > database.SCHEMA_VERSION:
            raise LogVersion(
                found=f"{path} (format {facts.version})", needs=f"newer than {__version__}"
            )
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise _Unsound(verdict.partition("\n")[2] or verdict)
        last = database.last_in(connection, facts)
    except sqlite3.Error as error:
        connection.close()
        if isinstance(trouble := from_sqlite(error, "opening the log"), LogDamaged):
            raise _Unsound(str(error)) from error
        raise trouble from error
    except (_Unsound, LogError):
        connection.close()
        raise
    if not in_memory:
        connection.close()
    if _is_cut_short(wal_of(path), last):
        if in_memory:
            connection.close()
        raise _Unsound("records in its write-ahead log do not check out")
    marks = Marks(_continued(facts), last, file_epoch=facts.epoch)
    _sync_what_was_left(path)
    return Opening(marks, image=connection if in_memory else None)


def _check_header(path: Path) -> None:
    """Judge the first page before SQLite sees it: SQLite believes what stands there."""
    if not path.exists():
        raise _Unsound("the file is gone, only its write-ahead log is left")
    with path.open("rb") as file:
        page = file.read(PAGE_BYTES)
    if database.is_foreign(page):
        raise LogForeign(f"{path} belongs to another program; it was left as it is")
    if not page:
        raise _Unsound("the file is empty")
    if not database.header_is_sound(page):
        raise _Unsound("the file does not begin like a log")


def _for_reading(path: Path) -> tuple[sqlite3.Connection, bool]:
    """A connection, and whether it is to a copy in memory."""
    if not wal_of(path).exists():
        # Nobody has it open. SQLite would make files beside it for reading; this does not.
        return database.connected(path, "ro", immutable=True), False
    connection = database.connected(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if isinstance(from_sqlite(error, "opening the log"), LogFull):
            return image_of(path), True
        raise
    return connection, False


def image_of(path: Path) -> sqlite3.Connection:
    """The log as it is, in memory: for a disk that has no room even for SQLite's index."""
    wal = Wal(wal_of(path).read_bytes(), PAGE_BYTES)
    pages = Pages(path.read_bytes(), wal, wal.committed(), PAGE_BYTES)
    connection = database.in_memory()
    connection.deserialize(bytes(pages.image()))
    return connection


def _is_cut_short(wal_path: Path, last: int) -> bool:
    """Whether the write-ahead log holds committed records that SQLite did not take.

    A torn tail is no such thing: what was not wholly written was never promised.
    """
    try:
        data = wal_path.read_bytes()
    except FileNotFoundError:
        return False
    wal = Wal(data, PAGE_BYTES)
    frames = list(wal.frames())
    while frames and not frames[-1].is_commit:
        frames.pop()
    pages = Pages(b"", wal, frames, PAGE_BYTES)
    newest = max((pages.newest_on(frame.page) for frame in frames), default=0)
    if newest <= last:
        return False
    # Now it is worth the time to sum them up.
    taken = len(wal.committed())
    return any(frame.number >= taken for frame in wal.salvageable())


def _continued(facts: LogFacts) -> LogFacts:
    """The same history, unless the machine went down with some of it unsynced: somebody may
    have seen what is lost, so what follows is another history."""
    if facts.boot in ("", boot_name() or None):
        return facts
    return LogFacts(database.new_epoch(), facts.first, facts.boot)


def _sync_what_was_left(path: Path) -> None:
    """A server that was killed left commits at D0; bring them to D1."""
    try:
        descriptor = os.open(wal_of(path), os.O_RDWR)
    except OSError:
        return  # closed properly, or not ours to write: then nobody will write to it either
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _salvaged(path: Path, reason: str) -> Opening:
    salvage = Salvage(path, reason)
    trouble: LogError
    try:
        salvage.quarantine()
        salvage.install()
        return _opened_after(salvage)
    except OSError as error:
        trouble = from_os(error, "repairing the log")
    except sqlite3.Error as error:
        trouble = from_sqlite(error, "repairing the log")
    if not isinstance(trouble, LogFull):
        raise trouble
    image = database.in_memory()
    salvage.build(image)
    opening = _opened_after(salvage)
    opening.image = image
    opening.marks.trouble = trouble

    def install() -> None:
        try:
            salvage.quarantine()
            salvage.install()
        except OSError as error:
            raise from_os(error, "repairing the log") from error
        except sqlite3.Error as error:
            raise from_sqlite(error, "repairing the log") from error

    opening.install = install
    return opening


def _opened_after(salvage: Salvage) -> Opening:
    assert salvage.damage is not None
    facts = salvage.facts
    return Opening(Marks(facts, salvage.damage.last, file_epoch=facts.epoch), salvage.damage)
