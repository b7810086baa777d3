"""From a file and a log to a session's first state; nothing is written by it.

A notebook that was never changed here has no log. Its first records (the document, the
outputs that the file holds) are made in memory, shown to clients, and written together
with the first real change. A notebook with a log is read from that: the newest snapshot
and the records after it; then the file is compared, for somebody may have changed it
meanwhile (`reconcile.py`).
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from tailrace.core.shown import transcript_span
from tailrace.core.step import evolve
from tailrace.documents.room import Room
from tailrace.formats.notebook import Notebook
from tailrace.formats.outputs import outputs_from_nbformat
from tailrace.log.codec import decode_record, encode_record
from tailrace.log.event_log import EventLog, LogRecord
from tailrace.protocol.errors import LogDamaged
from tailrace.protocol.events import (
    CheckpointWritten,
    DocumentCreated,
    DocumentUpdated,
    Event,
    ExecutionLoaded,
)
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

READ_BYTES = 16 << 20


class StoredState(Struct, frozen=True):
    """What the log's snapshot holds."""

    state: SessionState
    document: bytes


class Opened(Struct):
    """`unwritten` are records that are in `state` and not yet in the log. `original` is the
    file as it was read."""

    state: SessionState
    room: Room
    log: EventLog
    unwritten: tuple[LogRecord, ...] = ()
    original: Notebook | None = None


class Replayed(Struct):
    state: SessionState
    room: Room


def opened_from_file(
    notebook: Notebook, digest: str, log: EventLog, *, at: float, seed: str
) -> Opened:
    """The session of a notebook whose log is empty."""
    room = Room.from_notebook(notebook)
    opened = Opened(SessionState(), room, log, original=notebook)
    note(opened, [DocumentCreated(seed, room.state())], at=at)
    note(opened, loaded_executions(notebook, seed), at=at)
    note(opened, [CheckpointWritten(digest, opened.state.sequence)], at=at)
    return opened


async def opened_from_log(log: EventLog) -> Opened:
    found = await replayed(log)
    return Opened(found.state, found.room, log)


def note(opened: Opened, events: Iterable[Event], *, at: float) -> None:
    """Add records that will be written with the first turn."""
    state, added = opened.state, []
    for event in events:
        if isinstance(event, DocumentUpdated):
            opened.room.apply(event.update)
        record = Record(state.sequence + 1, at, "server", event)
        added.append(encode_record(record, span_of(state, event)))
        state = evolve(state, record)
    opened.state = state
    opened.unwritten = (*opened.unwritten, *added)


def loaded_executions(
    notebook: Notebook, seed: str, cell_ids: frozenset[str] | None = None
) -> list[ExecutionLoaded]:
    """What the file says was run: of all cells, or of these."""
    return [
        ExecutionLoaded(
            ExecutionId(f"{seed}-{number}"),
            cell.cell_id,
            cell.execution_count,
            outputs_from_nbformat(cell.outputs),
        )
        for number, cell in enumerate(notebook.cells)
        if (cell.outputs or cell.execution_count is not None)
        and (cell_ids is None or cell.cell_id in cell_ids)
    ]


def span_of(state_before: SessionState, event: Event) -> tuple[int, int] | None:
    """The lines of its execution's transcript that an event takes, for the log's index."""
    span = transcript_span(state_before, event)
    return None if span is None else (span.line, span.lines)


async def replayed(log: EventLog) -> Replayed:
    """State and document as the log has them.

    Raises `LogDamaged` when the records do not begin with a document.
    """
    state, room = SessionState(), None
    snapshot = await log.snapshot()
    if snapshot is not None:
        stored = msgspec.msgpack.decode(snapshot.body, type=StoredState)
        state, room = stored.state, Room.from_update(stored.document)
    while state.sequence < log.last:
        for logged in await log.read(state.sequence, limit_bytes=READ_BYTES):
            record = decode_record(logged)
            match record.event:
                case DocumentCreated(update=update):
                    room = Room.from_update(update)
                case DocumentUpdated(update=update) if room is not None:
                    room.apply(update)
                case _:
                    pass
            state = evolve(state, record)
    if room is None:
        raise LogDamaged("the notebook's log has no document in it")
    return Replayed(state, room)
