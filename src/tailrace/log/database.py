"""The SQLite file behind an embedded log: its schema, its one row of facts, its rows.

One table of records, whose rowid is the sequence; one index to find a topic's records by
line; one table of snapshots; one row that says whose log this is. A trigger keeps the
file itself from taking a record out of order, whoever writes it: that is the fence.

This module knows SQL and nothing of threads.
"""

import os
import sqlite3
import struct
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import pathname2url
from zlib import crc32

from msgspec import Struct

from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.record import checksum_of, reach_after

SCHEMA_VERSION = 1
PAGE_BYTES = 4096
APPLICATION_ID = 0x7461696C  # "tail"
MARK = b"tailrace_records"  # stands in the first page of every log of ours

BUSY_TIMEOUT_MS = 5_000
ROWS_PER_STATEMENT = 32  # one step of SQLite, one release of the GIL, for so many rows

_PAGE_SETTINGS = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = {APPLICATION_ID};
"""

_TABLES = """
CREATE TABLE tailrace_log (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, epoch TEXT NOT NULL,
    first INTEGER NOT NULL, boot TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE tailrace_records (
    sequence INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, topic TEXT,
    position INTEGER NOT NULL, extent INTEGER NOT NULL, reach INTEGER NOT NULL,
    checksum INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX tailrace_topics ON tailrace_records (topic, reach) WHERE topic IS NOT NULL;
CREATE TABLE tailrace_snapshots (
    sequence INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL);
"""

_FENCE = """
CREATE TRIGGER tailrace_fence BEFORE INSERT ON tailrace_records
WHEN NEW.sequence != 1 + max((SELECT first - 1 FROM tailrace_log),
                             coalesce((SELECT max(sequence) FROM tailrace_records), 0))
BEGIN SELECT RAISE(ABORT, 'fenced'); END;
"""

RECORD_COLUMNS = "sequence, at, kind, topic, position, extent, reach, checksum, body"
_RECORD_FIELDS = RECORD_COLUMNS.count(",") + 1
_ROW = "(" + ", ".join("?" * _RECORD_FIELDS) + ")"

# The fields of page 1 that never change once a log is made: offset and bytes.
_CONSTANT_HEADER = (
    (0, b"SQLite format 3\0"),
    (16, struct.pack(">H", PAGE_BYTES)),
    (18, b"\x02\x02\x00\x40\x20\x20"),  # WAL, no reserved bytes, the fixed fractions
    (44, struct.pack(">I", 4)),  # schema format
    (56, struct.pack(">I", 1)),  # UTF-8
    (64, struct.pack(">I", 1)),  # incremental vacuum
    (68, struct.pack(">I", APPLICATION_ID)),
)


class LogFacts(Struct, frozen=True):
    """Whose log this is. `boot` names the boot of the machine during which it was written
    to; it is empty once everything is synced and the log closed."""

    epoch: str
    first: int = 1
    boot: str = ""
    version: int = SCHEMA_VERSION

    @property
    def checksum(self) -> int:
        return crc32(f"{self.version}\0{self.epoch}\0{self.first}\0{self.boot}".encode())


def new_epoch() -> str:
    return uuid.uuid4().hex


def connected(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection to an existing file; `mode` is `ro` or `rw`."""
    query = f"mode={mode}" + ("&immutable=1" if immutable else "")
    return sqlite3.connect(
        f"file:{pathname2url(str(path))}?{query}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )


def in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def create_tables(connection: sqlite3.Connection, facts: LogFacts) -> None:
    """Make an empty database a log; `raise_fence` must follow before others may append."""
    connection.executescript(_PAGE_SETTINGS)
    connection.executescript(_TABLES)
    write_facts(connection, facts)


def raise_fence(connection: sqlite3.Connection) -> None:
    connection.executescript(_FENCE)


def empty_image(facts: LogFacts) -> bytes:
    """The bytes of a new log's file."""
    connection = in_memory()
    try:
        create_tables(connection, facts)
        raise_fence(connection)
        image = bytearray(connection.serialize())
    finally:
        connection.close()
    image[18:20] = b"\x02\x02"  # WAL: a database in memory cannot be asked for it
    return bytes(image)


def header_is_sound(page: bytes) -> bool:
    """Whether a file that begins with `page` can be one of ours, undamaged so far."""
    return len(page) >= PAGE_BYTES and all(
        page[offset : offset + len(constant)] == constant for offset, constant in _CONSTANT_HEADER
    )


def is_foreign(page: bytes) -> bool:
    """Whether `page` begins a database of another program."""
    is_sqlite = page.startswith(b"SQLite format 3\0")
    is_ours = MARK in page or page[68:72] == struct.pack(">I", APPLICATION_ID)
    return is_sqlite and not is_ours


# ── the row of facts ─────────────────────────────────────────────────────────


def facts_in(connection: sqlite3.Connection) -> LogFacts | None:
    """The log's facts; None when the row is not there or not what was written."""
    row = connection.execute(
        "SELECT version, epoch, first, boot, checksum FROM tailrace_log WHERE id = 1"
    ).fetchone()
    return None if row is None else facts_from(row)


def facts_from(row: Sequence[object]) -> LogFacts | None:
    match tuple(row):
        case (int(version), str(epoch), int(first), str(boot), int(checksum)):
            facts = LogFacts(epoch, first, boot, version)
            return facts if facts.checksum == checksum else None
        case _:
            return None


def write_facts(connection: sqlite3.Connection, facts: LogFacts) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO tailrace_log VALUES (1, ?, ?, ?, ?, ?)",
        (facts.version, facts.epoch, facts.first, facts.boot, facts.checksum),
    )


def last_in(connection: sqlite3.Connection, facts: LogFacts) -> int:
    (newest,) = connection.execute("SELECT max(sequence) FROM tailrace_records").fetchone()
    return max(newest or 0, facts.first - 1)


# ── records ──────────────────────────────────────────────────────────────────


def insert_records(
    connection: sqlite3.Connection, records: Sequence[LogRecord], reaches: dict[str, int]
) -> None:
    """Insert `records`; the caller sees to the transaction when there are more than
    `ROWS_PER_STATEMENT`. `reaches` is each topic's reach so far, and is brought up to date."""
    for start in range(0, len(records), ROWS_PER_STATEMENT):
        rows = records[start : start + ROWS_PER_STATEMENT]
        values: list[object] = []
        for record in rows:
            reach = record.position + record.extent
            if record.topic is not None:
                reach = reach_after(reaches[record.topic], record)
                reaches[record.topic] = reach
            values += (
                record.sequence,
                record.at,
                record.kind,
                record.topic,
                record.position,
                record.extent,
                reach,
                checksum_of(record, reach),
                record.body,
            )
        connection.execute(_INSERTS[len(rows)], values)


_INSERTS = {
    count: f"INSERT INTO tailrace_records ({RECORD_COLUMNS}) VALUES " + ", ".join([_ROW] * count)
    for count in range(1, ROWS_PER_STATEMENT + 1)
}


def reach_of(connection: sqlite3.Connection, topic: str) -> int:
    """How far the records of `topic` extend by now; 0 when there are none."""
    row = connection.execute(
        "SELECT reach FROM tailrace_records WHERE topic = ? ORDER BY reach DESC LIMIT 1", (topic,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def record_from(row: Sequence[object]) -> LogRecord | None:
    """The record that `row` (as in `RECORD_COLUMNS`) holds; None when it is damaged."""
    match tuple(row):
        case (
            int(sequence),
            float(at),
            str(kind),
            (str() | None) as topic,
            int(position),
            int(extent),
            int(reach),
            int(checksum),
            bytes(body),
        ):
            record = LogRecord(sequence, at, kind, body, topic, position, extent)
            try:
                return record if checksum_of(record, reach) == checksum else None
            except (struct.error, UnicodeEncodeError):
                return None
        case _:
            return None


# ── snapshots ────────────────────────────────────────────────────────────────


def checksum_of_snapshot(snapshot: LogSnapshot) -> int:
    return crc32(snapshot.body, crc32(struct.pack(">q", snapshot.sequence)))


def insert_snapshot(connection: sqlite3.Connection, snapshot: LogSnapshot) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO tailrace_snapshots VALUES (?, ?, ?)",
        (snapshot.sequence, checksum_of_snapshot(snapshot), snapshot.body),
    )


def snapshot_from(row: Sequence[object]) -> LogSnapshot | None:
    match tuple(row):
        case (int(sequence), int(checksum), bytes(body)):
            snapshot = LogSnapshot(sequence, body)
            return snapshot if checksum_of_snapshot(snapshot) == checksum else None
        case _:
            return None


def good_snapshots(connection: sqlite3.Connection) -> Iterator[LogSnapshot]:
    """The snapshots that are what was saved, newest first."""
    # Row by row, and each to its end: a statement left open would keep the write-ahead log
    # from beginning anew, and the bodies may be large.
    newest_first = "SELECT sequence FROM tailrace_snapshots ORDER BY sequence DESC"
    for (sequence,) in connection.execute(newest_first).fetchall():
        for row in connection.execute(
            "SELECT sequence, checksum, body FROM tailrace_snapshots WHERE sequence = ?",
            (sequence,),
        ).fetchall():
            snapshot = snapshot_from(row)
            if snapshot is not None:
                yield snapshot


# ── files ────────────────────────────────────────────────────────────────────


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def shm_of(path: Path) -> Path:
    return path.with_name(path.name + "-shm")


def file_size(path: Path) -> int:
    """Its size; 0 when it is not there."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
