"""Snapshots, compaction and quota: what keeps a log's file from growing for ever.

Each function that yields does one transaction between yields and stops there to let
appends pass. All run on the writer's thread, with its connection.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from tailrace.log import database
from tailrace.log.database import PAGE_BYTES
from tailrace.log.event_log import LogSnapshot
from tailrace.log.marks import Marks
from tailrace.log.wal import FRAME_HEADER_BYTES

SNAPSHOTS_KEPT = 2  # should the newest be damaged, the one before still does

_STEP_ROWS = 500  # to look at, and
_STEP_BYTES = 4 << 20  # to delete, at a time: some milliseconds
_STEP_PAGES = 256  # to give back at a time
_NO_QUOTA_PAGES = 0xFFFFFFFE
_WAIT_FOR_READERS_MS = 100
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES


def keep_snapshot(
    connection: sqlite3.Connection, marks: Marks, snapshot: LogSnapshot
) -> Iterator[None]:
    """Keep `snapshot` and the one before it. It may go beyond the quota: without it nothing
    could be dropped."""
    (limit,) = connection.execute("PRAGMA max_page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {_NO_QUOTA_PAGES}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        database.insert_snapshot(connection, snapshot)
        connection.execute(
            "DELETE FROM tailrace_snapshots WHERE sequence NOT IN "
            "(SELECT sequence FROM tailrace_snapshots ORDER BY sequence DESC LIMIT ?)",
            (SNAPSHOTS_KEPT,),
        )
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA max_page_count = {limit}")
    marks.written_bytes += len(snapshot.body)
    marks.trouble = None
    yield


def compact(
    connection: sqlite3.Connection, marks: Marks, before: int, keep_topics: frozenset[str]
) -> Iterator[None]:
    """Move `first` up to `before`, delete what is older and not of `keep_topics`, and give
    the space back. Only what a readable snapshot stands for is dropped, and of two kept
    snapshots the older one counts."""
    snapshots = [snapshot.sequence for snapshot in database.good_snapshots(connection)]
    if not snapshots:
        return
    first = max(marks.first, min(before, snapshots[-1] + 1))
    if first > marks.first:
        facts = replace(marks.facts, first=first)
        database.write_facts(connection, facts)
        marks.facts, marks.first = facts, first
        yield
    looked_at = 0
    while looked_at < first - 1:
        looked_at = _delete_some(connection, marks, looked_at, first, keep_topics)
        yield
    while _give_back_some(connection, marks):
        yield
    shorten_wal(connection, marks)


def _delete_some(
    connection: sqlite3.Connection,
    marks: Marks,
    after: int,
    first: int,
    keep_topics: frozenset[str],
) -> int:
    """Delete a piece of what stands between `after` and `first`; returns how far it looked."""
    rows = connection.execute(
        "SELECT sequence, topic, length(body) FROM tailrace_records "
        "WHERE sequence > ? AND sequence < ? ORDER BY sequence LIMIT ?",
        (after, first, _STEP_ROWS),
    ).fetchall()
    size = 0
    doomed: list[int] = []
    looked_at = first - 1 if len(rows) < _STEP_ROWS else rows[-1][0]
    for sequence, topic, body_bytes in rows:
        if topic in keep_topics:
            continue
        doomed.append(sequence)
        size += body_bytes
        if size > _STEP_BYTES:
            looked_at = sequence
            break
    if doomed:
        connection.execute("BEGIN IMMEDIATE")
        for start, end in _runs(doomed):
            connection.execute(
                "DELETE FROM tailrace_records WHERE sequence BETWEEN ? AND ?", (start, end)
            )
        connection.execute("COMMIT")
        marks.written_bytes += PAGE_BYTES * len(doomed)
    return looked_at


def _runs(sequences: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending `sequences` as runs without gaps."""
    start = previous = sequences[0]
    for sequence in sequences[1:]:
        if sequence != previous + 1:
            yield start, previous
            start = sequence
        previous = sequence
    yield start, previous


def _give_back_some(connection: sqlite3.Connection, marks: Marks) -> bool:
    """Shorten the database by some of its free pages; false when it has none."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if not free:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({_STEP_PAGES})").fetchall()
    marks.written_bytes += PAGE_BYTES * min(free, _STEP_PAGES)
    return True


def fill_database(connection: sqlite3.Connection, marks: Marks) -> int:
    """Copy what is in the write-ahead log by now, without waiting for readers or the writer.
    Returns how long it was, in bytes."""
    with marks.checkpointing:
        _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(frames) * FRAME_BYTES


def restart_wal(connection: sqlite3.Connection, marks: Marks) -> None:
    """Copy the rest of the write-ahead log, so that the next commit begins it anew; if that
    is being done already, leave it."""
    if marks.checkpointing.acquire(blocking=False):
        try:
            _checkpoint(connection, "RESTART", wait_ms=0)
        finally:
            marks.checkpointing.release()


def shorten_wal(connection: sqlite3.Connection, marks: Marks) -> None:
    """Copy the write-ahead log into the database and cut it to nothing, unless a reader is
    in it for longer than a moment."""
    with marks.checkpointing:
        _checkpoint(connection, "TRUNCATE", wait_ms=_WAIT_FOR_READERS_MS)


def _checkpoint(connection: sqlite3.Connection, mode: str, *, wait_ms: int) -> None:
    connection.execute(f"PRAGMA busy_timeout = {wait_ms}")
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {database.BUSY_TIMEOUT_MS}")


def limit_pages(connection: sqlite3.Connection, quota_bytes: int | None) -> None:
    pages = _NO_QUOTA_PAGES if quota_bytes is None else max(quota_bytes // PAGE_BYTES, 1)
    connection.execute(f"PRAGMA max_page_count = {pages}")


Work = Callable[[sqlite3.Connection], Iterator[None]]
"""Work on the file, a transaction to each step; between the steps appends are served."""
