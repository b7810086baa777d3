"""Read an open log, on a connection of its own: a long read delays no append.

Every row is checked against its checksum, and that it is the row asked for: a wrong record
is never returned, and a missing one is never passed over in silence.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from tailrace.log import database
from tailrace.log.database import RECORD_COLUMNS, record_from, shm_of, wal_of
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.marks import Marks
from tailrace.log.opening import image_of
from tailrace.log.store_errors import from_os, from_sqlite
from tailrace.protocol.errors import LogDamaged, LogFull, LogGap

T = TypeVar("T")


class Reader:
    """All methods run on one thread, the log's reading thread."""

    def __init__(self, path: Path, marks: Marks, image: sqlite3.Connection | None) -> None:
        self._path = path
        self._marks = marks
        self._image = image
        self._live: sqlite3.Connection | None = None

    def read(self, after: int, limit: int, limit_bytes: int) -> list[LogRecord]:
        known = self._marks.last

        def work(connection: sqlite3.Connection) -> list[LogRecord]:
            with _at_one_moment(connection):
                facts = database.facts_in(connection)
                if facts is None:
                    raise LogDamaged("the log's description does not check out")
                if after + 1 < facts.first:
                    raise LogGap(wanted=after + 1, first=facts.first)
                found = _records(
                    connection,
                    "sequence > ? ORDER BY sequence",
                    (after,),
                    limit,
                    limit_bytes,
                )
            for offset, record in enumerate(found):
                if record.sequence != after + 1 + offset:
                    raise LogDamaged(f"record {after + 1 + offset} is missing")
            if not found and after < known and limit > 0:
                raise LogDamaged(f"record {after + 1} is missing")
            return found

        return self._using(work, [])

    def read_topic(
        self, topic: str, position: int, after: int, limit: int, limit_bytes: int
    ) -> list[LogRecord]:
        def work(connection: sqlite3.Connection) -> list[LogRecord]:
            with _at_one_moment(connection):
                reached = _reach_at(connection, topic, after)
                found: list[LogRecord] = []
                if reached is not None and reached >= position:
                    # Go on behind `after`: many may share its reach, a progress bar's say.
                    found = _records(
                        connection,
                        "topic = ? AND reach = ? AND sequence > ? ORDER BY sequence",
                        (topic, reached, after),
                        limit,
                        limit_bytes,
                    )
                    limit_left = limit - len(found)
                    bytes_left = limit_bytes - sum(len(record.body) for record in found)
                    where = "topic = ? AND reach > ? ORDER BY reach, sequence"
                    if found and _has_more(connection, topic, reached, found[-1].sequence):
                        limit_left = 0  # what lies behind comes after the rest of these
                    if limit_left > 0 and (bytes_left > 0 or not found):
                        found += _records(
                            connection,
                            where,
                            (topic, reached),
                            limit_left,
                            bytes_left,
                            at_least_one=not found,
                        )
                else:
                    found = _records(
                        connection,
                        "topic = ? AND reach >= ? AND sequence > ? ORDER BY reach, sequence",
                        (topic, position, after),
                        limit,
                        limit_bytes,
                    )
            previous = after
            for record in found:
                if record.topic != topic or record.sequence <= previous:
                    raise LogDamaged(f"the index of topic {topic} does not check out")
                previous = record.sequence
            return found

        return self._using(work, [])

    def snapshot(self) -> LogSnapshot | None:
        return self._using(lambda connection: next(database.good_snapshots(connection), None), None)

    def size_bytes(self) -> int:
        return sum(map(database.file_size, (self._path, wal_of(self._path), shm_of(self._path))))

    def close(self) -> None:
        for connection in (self._live, self._image):
            if connection is not None:
                connection.close()
        self._live = self._image = None

    def _using(self, work: Callable[[sqlite3.Connection], T], without: T) -> T:
        """The answer of `work`, or `without` when there is no log yet."""
        try:
            if self._image is not None and self._marks.is_file_open:
                self._image.close()
                self._image = None
            if self._image is not None:
                return work(self._image)
            if self._live is None and not wal_of(self._path).exists():
                if not self._path.exists():
                    return without
                with closing(database.connected(self._path, "ro", immutable=True)) as untouched:
                    answer = work(untouched)
                if not wal_of(self._path).exists():
                    return answer
                # Somebody began to write meanwhile, so this may be half old, half new.
            return work(self._connection())
        except sqlite3.Error as error:
            raise from_sqlite(error, "reading the log") from error
        except OSError as error:
            raise from_os(error, "reading the log") from error

    def _connection(self) -> sqlite3.Connection:
        if self._live is not None:
            return self._live
        connection = database.connected(self._path, "ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            connection.close()
            if not isinstance(from_sqlite(error, "reading the log"), LogFull):
                raise
            self._image = image_of(self._path)
            return self._image
        self._live = connection
        return connection


@contextmanager
def _at_one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _reach_at(connection: sqlite3.Connection, topic: str, sequence: int) -> int | None:
    """The reach of `topic` at the record `sequence`, if that record is one of its."""
    row = connection.execute(
        "SELECT reach FROM tailrace_records WHERE sequence = ? AND topic = ?", (sequence, topic)
    ).fetchone()
    return None if row is None else int(row[0])


def _has_more(connection: sqlite3.Connection, topic: str, reach: int, after: int) -> bool:
    """Whether `topic` has records beyond `after` that share this reach."""
    found = connection.execute(
        "SELECT 1 FROM tailrace_records WHERE topic = ? AND reach = ? AND sequence > ? LIMIT 1",
        (topic, reach, after),
    )
    return found.fetchone() is not None


def _records(
    connection: sqlite3.Connection,
    where: str,
    values: Sequence[object],
    limit: int,
    limit_bytes: int,
    *,
    at_least_one: bool = True,
) -> list[LogRecord]:
    found: list[LogRecord] = []
    size = 0
    query = f"SELECT {RECORD_COLUMNS} FROM tailrace_records WHERE {where} LIMIT ?"
    with closing(connection.execute(query, (*values, limit))) as rows:
        for row in rows:
            size += len(row[-1]) if isinstance(row[-1], bytes) else 0
            if size > limit_bytes and (found or not at_least_one):
                break
            record = record_from(row)
            if record is None:
                raise LogDamaged(f"record {row[0]} does not match its checksum")
            found.append(record)
    return found
