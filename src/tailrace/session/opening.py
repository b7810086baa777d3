"""From a file and a log to a session's first state.

A notebook that was never changed here has no log. Its first records (the document, the
outputs that the file holds) are made in memory, shown to clients, and written together
with the first real change. A notebook with a log is read from that: the newest snapshot
and the records after it; then the file is compared, for somebody may have changed it
meanwhile (`reconcile.py`). Where damage left no document in the log, the document begins
anew from the file, and the log goes on.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from tailrace.blobs.held import HeldBlobs
from tailrace.core.shown import transcript_span
from tailrace.core.step import evolve
from tailrace.documents.room import Room
from tailrace.formats.notebook import Notebook
from tailrace.formats.outputs import outputs_from_nbformat
from tailrace.log.codec import decode_record, encode_record
from tailrace.log.event_log import EventLog, LogRecord
from tailrace.protocol.errors import DocumentUpdateRefused, LogDamaged
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
from tailrace.session.notebook_file import IN_THE_FILE
from tailrace.session.pieces import state_from
from tailrace.session.shrink import shrunk_outputs

READ_BYTES = 16 << 20


class StoredState(Struct, frozen=True):
    """What the log's snapshot holds. `changed` and `emptied_by_hand`: see `Opened`."""

    state: SessionState
    document: bytes
    changed: int = 0
    emptied_by_hand: bool = False


class Opened(Struct):
    """`unwritten` are records that are in `state` and not yet in the log; `base` are the
    file's bytes, to be kept before they are written, for later comparisons. `original` is
    the file as it was read. `changed` is the last record that the file should say something
    of; `emptied_by_hand`, whether the last edit of the document was a client's. `damage`
    says what was lost of the log, if anything."""

    state: SessionState
    room: Room
    log: EventLog
    unwritten: tuple[LogRecord, ...] = ()
    base: bytes | None = None
    original: Notebook | None = None
    changed: int = 0
    emptied_by_hand: bool = False
    damage: str | None = None


class Replayed(Struct):
    """`room` is None when no document could be read."""

    state: SessionState
    room: Room | None
    changed: int = 0
    emptied_by_hand: bool = False


def opened_from_file(
    notebook: Notebook, digest: str, log: EventLog, blobs: HeldBlobs, *, at: float, seed: str
) -> Opened:
    """The session of a notebook whose log is empty."""
    opened = Opened(SessionState(), Room.from_notebook(notebook), log, original=notebook)
    begin_document(opened, notebook, digest, blobs, at=at, seed=seed)
    return opened


def begin_document(
    opened: Opened, notebook: Notebook, digest: str, blobs: HeldBlobs, *, at: float, seed: str
) -> None:
    """Note that the document begins, or begins anew, as the file has it."""
    note(opened, [DocumentCreated(seed, opened.room.state())], at=at)
    note(opened, loaded_executions(notebook, seed, blobs), at=at)
    note(opened, [CheckpointWritten(digest, opened.state.sequence)], at=at)


def note(opened: Opened, events: Iterable[Event], *, at: float) -> None:
    """Add records that will be written with the first turn."""
    state, added = opened.state, []
    for event in events:
        if isinstance(event, DocumentUpdated):
            opened.room.apply_stored(event.update)
        record = Record(state.sequence + 1, at, "server", event)
        added.append(encode_record(record, span_of(state, event)))
        state = evolve(state, record)
        if isinstance(event, IN_THE_FILE):
            opened.changed = record.sequence
        if isinstance(event, DocumentUpdated):
            opened.emptied_by_hand = False
    opened.state = state
    opened.unwritten = (*opened.unwritten, *added)


def loaded_executions(
    notebook: Notebook, seed: str, blobs: HeldBlobs, cell_ids: frozenset[str] | None = None
) -> list[ExecutionLoaded]:
    """What the file says was run: of all cells, or of these. Large values are held by `blobs`
    until a record of these is written."""
    return [
        ExecutionLoaded(
            ExecutionId(f"{seed}-{number}"),
            cell.cell_id,
            cell.execution_count,
            shrunk_outputs(outputs_from_nbformat(cell.outputs), blobs.hold),
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
    """State and document as the log has them. Raises `LogDamaged` for a record that checks
    out and cannot be understood all the same."""
    found = Replayed(SessionState(), None)
    updates: list[bytes] = []
    snapshot = await log.snapshot()
    if snapshot is not None:
        stored = await _stored(snapshot.body)
        found = Replayed(stored.state, None, stored.changed, stored.emptied_by_hand)
        updates = [stored.document]
    if found.state.sequence + 1 < log.first:  # only after damage: what came before is gone
        found, updates = Replayed(SessionState(sequence=log.first - 1), None), []
    while found.state.sequence < log.last:
        for logged in await log.read(found.state.sequence, limit_bytes=READ_BYTES):
            record = decode_record(logged)
            match record.event:
                case DocumentCreated(update=update):
                    updates = [update]
                case DocumentUpdated(update=update):
                    updates.append(update)
                    found.emptied_by_hand = record.actor.startswith("client:")
                case _:
                    pass
            if isinstance(record.event, IN_THE_FILE):
                found.changed = record.sequence
            found.state = evolve(found.state, record)
    if updates and found.state.generation is not None:
        try:
            found.room = Room.from_update(*updates)
        except DocumentUpdateRefused:
            found.room = None  # edits are missing, or what is there makes no document
    return found


class _StoredInPieces(Struct, frozen=True):
    """`StoredState` as it is read."""

    state: msgspec.Raw
    document: bytes
    changed: int = 0
    emptied_by_hand: bool = False


async def _stored(body: bytes) -> StoredState:
    try:
        found = msgspec.msgpack.decode(body, type=_StoredInPieces)
        state = await state_from(found.state)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise LogDamaged(f"the log's snapshot cannot be read: {error}") from error
    return StoredState(state, found.document, found.changed, found.emptied_by_hand)
