"""Save what can be read of a damaged log.

The damaged files are kept as they are, under `<name>.damaged-<n>`. Every row that still
matches its checksum is found (`pages.py`); a new file is made of the longest history that
can be continued: an unbroken run of records that begins where the log began, or right
after a good snapshot. Older output that belongs to a topic is kept for reading by topic;
good records behind the break are counted and stay in the quarantined file.

The new history has a new epoch: somebody may have seen what is lost.

Each step can be interrupted and begun again. A marker, `<name>-suspect`, stands from before
the first until after the last; while it is there the log is not opened but salvaged.
"""

import mmap
import os
import shutil
import sqlite3
from contextlib import ExitStack, suppress
from itertools import count, groupby
from pathlib import Path

from msgspec import Struct

from tailrace.log import database
from tailrace.log.database import PAGE_BYTES, LogFacts, shm_of, wal_of
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.pages import Bytes, Pages
from tailrace.log.syncer import sync_folder
from tailrace.log.wal import Wal

_BATCH_BYTES = 4 << 20


class Damage(Struct, frozen=True):
    """What became of a damaged log. `first` to `last` are the records that were kept, plus
    `older_outputs` before them; `later` are the ranges (both ends included) of good records
    that stand behind the break and are only in the `quarantined` file. `snapshot` is the
    sequence of the snapshot kept, if one was. `needs_snapshot`: the kept history does not
    begin at the beginning, and the snapshot before it could not be read."""

    reason: str
    quarantined: Path
    first: int
    last: int
    older_outputs: int
    later: tuple[tuple[int, int], ...]
    snapshot: int | None
    needs_snapshot: bool

    @property
    def message(self) -> str:
        kept = f"records {self.first} to {self.last} were kept" if self.last else "nothing was left"
        lost = sum(end - start + 1 for start, end in self.later)
        behind = f"; {lost} later ones are only in the damaged file" if lost else ""
        return (
            f"the notebook's log was damaged ({self.reason}): {kept}{behind}. "
            f"The damaged file is {self.quarantined}"
        )


class Salvage:
    """One damaged log on its way back. `quarantine` first, then `build` or `install`."""

    def __init__(self, path: Path, reason: str) -> None:
        self._path = path
        self._reason = reason
        self._quarantined = _next_quarantine(path)
        self.damage: Damage | None = None
        self.facts = LogFacts(database.new_epoch())

    def quarantine(self) -> None:
        """Give the damaged files their second name. Raises `OSError` where that fails."""
        marker = suspect_marker(self._path)
        marker.write_bytes(self._quarantined.name.encode())
        _keep(self._path, self._quarantined)
        _keep(wal_of(self._path), wal_of(self._quarantined))
        sync_folder(self._path.parent)

    def build(self, connection: sqlite3.Connection) -> None:
        """Fill an empty database with what can be read."""
        source = self._quarantined if self._quarantined.exists() else self._path
        wal_source = wal_of(self._quarantined)
        if not wal_source.exists() and source == self._path:
            wal_source = wal_of(self._path)
        with ExitStack() as stack:
            wal = Wal(_read(wal_source), PAGE_BYTES)
            pages = Pages(_mapped(source, stack), wal, wal.salvageable(), PAGE_BYTES)
            self._fill(connection, pages)

    def _fill(self, connection: sqlite3.Connection, pages: Pages) -> None:
        where: dict[int, int] = {}  # sequence → page
        topics: set[int] = set()  # sequences of records that have one
        snapshots: dict[int, LogSnapshot] = {}
        known: LogFacts | None = None
        for number in range(1, pages.count + 1):
            for record in pages.records_on(number):
                where[record.sequence] = number
                if record.topic is not None:
                    topics.add(record.sequence)
            for snapshot in pages.snapshots_on(number):
                snapshots[snapshot.sequence] = snapshot
            for facts in pages.facts_on(number):
                known = facts
        first, last = kept_run(set(where), set(snapshots), known.first if known else 1)
        self.facts = LogFacts(self.facts.epoch, first)
        database.create_tables(connection, self.facts)
        newest = [s for sequence, s in sorted(snapshots.items()) if sequence <= last][-2:]
        older = [sequence for sequence in sorted(topics) if sequence < first]
        _copy(connection, pages, where, [*older, *range(first, last + 1)])
        for snapshot in newest:
            database.insert_snapshot(connection, snapshot)
        database.raise_fence(connection)
        self.damage = Damage(
            reason=self._reason,
            quarantined=self._quarantined,
            first=first,
            last=last,
            older_outputs=len(older),
            later=_ranges(sorted(sequence for sequence in where if sequence > last)),
            snapshot=newest[-1].sequence if newest else None,
            needs_snapshot=first > 1 and not newest,
        )

    def install(self) -> None:
        """Build the new file and put it in place of the damaged one."""
        temporary = self._path.with_name(self._path.name + ".salvaged")
        with suppress(FileNotFoundError):
            temporary.unlink()
        try:
            connection = sqlite3.connect(temporary, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA synchronous = OFF")
                self.build(connection)
            finally:
                connection.close()
            _finish(temporary)
            for leftover in (wal_of(self._path), shm_of(self._path)):
                with suppress(FileNotFoundError):
                    leftover.unlink()
            os.replace(temporary, self._path)
        except (OSError, sqlite3.Error):
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(self._path.parent)
        suspect_marker(self._path).unlink(missing_ok=True)


def suspect_marker(path: Path) -> Path:
    return path.with_name(path.name + "-suspect")


def mark_suspect(path: Path) -> None:
    """Have the next opening salvage the log. Where the disk refuses even that, the next
    reader finds the damage again."""
    with suppress(OSError):
        suspect_marker(path).touch(exist_ok=True)


def kept_run(sequences: set[int], snapshots: set[int], first: int) -> tuple[int, int]:
    """The longest history that can be continued: first and last sequence of an unbroken run.

    It has to begin at record 1 or right behind a snapshot (or, when neither can be had,
    where the log began, `first`). Of equal ends the one with more history counts.
    """

    def end_of(start: int) -> int:
        end = start - 1
        while end + 1 in sequences:
            end += 1
        return end

    starts = {1, *(snapshot + 1 for snapshot in snapshots)}
    if not snapshots and 1 not in sequences and first in sequences:
        starts = {first}
    last = max(end_of(start) for start in starts)
    begin = min(start for start in starts if end_of(start) == last)
    while begin - 1 in sequences and begin > 1:
        begin -= 1
    return begin, last


def _copy(
    connection: sqlite3.Connection, pages: Pages, where: dict[int, int], wanted: list[int]
) -> None:
    """Write the records `wanted`, read again page by page, in batches of bounded size."""
    reaches: dict[str, int] = {}
    batch: list[LogRecord] = []
    size = 0

    def write() -> None:
        for record in batch:
            reaches.setdefault(record.topic or "", 0)
        connection.execute("BEGIN")
        database.insert_records(connection, batch, reaches)
        connection.execute("COMMIT")

    for page, sequences in groupby(wanted, key=lambda sequence: where[sequence]):
        here = {record.sequence: record for record in pages.records_on(page)}
        for sequence in sequences:
            batch.append(here[sequence])
            size += len(here[sequence].body)
        if size > _BATCH_BYTES:
            write()
            batch.clear()
            size = 0
    write()


def _ranges(sequences: list[int]) -> tuple[tuple[int, int], ...]:
    runs: list[tuple[int, int]] = []
    for _, run in groupby(enumerate(sequences), key=lambda pair: pair[1] - pair[0]):
        members = [sequence for _, sequence in run]
        runs.append((members[0], members[-1]))
    return tuple(runs)


def _next_quarantine(path: Path) -> Path:
    """The name a salvage that was interrupted had chosen, or else the next free one."""
    with suppress(OSError, UnicodeDecodeError):
        begun = suspect_marker(path).read_bytes().decode()
        if begun.startswith(f"{path.name}.damaged-") and Path(begun).name == begun:
            return path.with_name(begun)
    for number in count(1):
        candidate = path.with_name(f"{path.name}.damaged-{number}")
        if not candidate.exists() and not wal_of(candidate).exists():
            return candidate
    raise AssertionError("there is always a next number")


def _keep(source: Path, target: Path) -> None:
    """Have `source` under the name `target` too, unless an earlier try saw to that."""
    if target.exists() or not source.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        # No hard links here: a copy that is whole or absent.
        partial = target.with_name(target.name + ".partial")
        shutil.copyfile(source, partial)
        os.replace(partial, target)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _mapped(path: Path, stack: ExitStack) -> Bytes:
    if database.file_size(path) == 0:
        return b""
    file = stack.enter_context(path.open("rb"))
    return stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _finish(path: Path) -> None:
    """Make a database that SQLite closed one with a write-ahead log, and durable."""
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x02\x02")
        file.flush()
        os.fsync(file.fileno())
