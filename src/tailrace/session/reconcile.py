"""The file says something else than our last checkpoint: what that means as events.

Three versions are compared: the last checkpoint (kept as a blob under its digest), the
document, and the file. `documents/conflict.py` decides; here its verdict becomes events.
Nothing is changed here: the document takes the update when the actor records it.
"""

import asyncio
import hashlib

from msgspec import Struct

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.held import HeldBlobs
from tailrace.documents.alignment import aligned
from tailrace.documents.conflict import Comparison, compared
from tailrace.documents.room import Room
from tailrace.formats.forms import Form, with_outputs_of
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import BlobDamaged, BlobMissing, NotANotebook
from tailrace.protocol.events import (
    CheckpointWritten,
    DocumentUpdated,
    Event,
    FileConflicted,
    OutputsDiscarded,
)
from tailrace.protocol.ids import BlobHash
from tailrace.protocol.state import SessionState
from tailrace.session.opening import loaded_executions


class Found(Struct, frozen=True):
    """What to record, and the file as it was read (null: it is no notebook)."""

    events: tuple[Event, ...]
    theirs: Notebook | None


async def reconciled(
    state: SessionState,
    room: Room,
    mine: Notebook,
    data: bytes,
    blobs: HeldBlobs,
    *,
    form: Form,
    seed: str,
) -> Found:
    """What follows from finding `data` on disk while the document says `mine`."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        theirs = await asyncio.to_thread(form.parse, data)
    except NotANotebook as error:
        message = f"The file on disk is no notebook any more: {error}"
        return Found(_conflict(state, digest, message), None)
    held = await kept_bytes(state.checkpoint.digest, blobs)
    comparison = await asyncio.to_thread(_compared, form, held, mine, theirs, data)
    return Found(_events(state, room, comparison, digest, seed, blobs), theirs)


def _compared(
    form: Form, held: bytes | None, mine: Notebook, theirs: Notebook, data: bytes
) -> Comparison:
    """As `compared`; outputs that a side does not hold are those that are known here."""
    mine = form.as_kept(mine, held)
    base = parsed(held, form)
    if not form.has_outputs(data):
        theirs = aligned(theirs, base, mine)
        theirs = with_outputs_of(theirs, {cell.cell_id: cell for cell in mine.cells})
    if base is not None and held is not None and (form.is_text or not form.has_outputs(held)):
        base = aligned(base, None, mine)
        if not form.has_outputs(held):
            base = with_outputs_of(base, {cell.cell_id: cell for cell in mine.cells})
    return compared(base, mine, theirs)


def _events(
    state: SessionState,
    room: Room,
    comparison: Comparison,
    digest: str,
    seed: str,
    blobs: HeldBlobs,
) -> tuple[Event, ...]:
    match comparison.verdict:
        case "same":
            return (CheckpointWritten(digest, state.sequence),)
        case "keep_mine":
            return (CheckpointWritten(digest, state.checkpoint.upto),)
        case "conflict":
            return _conflict(state, digest, comparison.message)
        case "take_theirs" | "merge":
            events = list(
                taken(
                    state,
                    room,
                    comparison.notebook,
                    seed,
                    blobs,
                    outputs=comparison.outputs_from_theirs,
                )
            )
            saved = state.sequence + len(events)
            upto = saved if comparison.verdict == "take_theirs" else state.checkpoint.upto
            return (*events, CheckpointWritten(digest, upto))


def taken(
    state: SessionState,
    room: Room,
    notebook: Notebook,
    seed: str,
    blobs: HeldBlobs,
    *,
    outputs: frozenset[str] | None = None,
) -> tuple[Event, ...]:
    """The events by which the document comes to say what `notebook` says; with the outputs
    of these cells, or of all."""
    update = Room.from_update(room.state()).merge_notebook(notebook)
    changed = () if update is None else (DocumentUpdated(state.generation or "", update),)
    executions = loaded_executions(notebook, seed, blobs, outputs)
    return (*changed, *_emptied(state, notebook, outputs), *executions)


def _emptied(
    state: SessionState, notebook: Notebook, outputs: frozenset[str] | None
) -> tuple[Event, ...]:
    """Cells that have outputs here and, by the file, none any more."""
    gone = tuple(
        cell.cell_id
        for cell in notebook.cells
        if (outputs is None or cell.cell_id in outputs)
        and not cell.outputs
        and cell.execution_count is None
        and cell.cell_id in state.cells
        and state.executions[state.cells[cell.cell_id]].phase == "finished"
    )
    return (OutputsDiscarded(gone),) if gone else ()


def _conflict(state: SessionState, digest: str, message: str) -> tuple[Event, ...]:
    """Recorded once: a file that is looked at again is no new conflict."""
    if state.checkpoint.conflict == message:
        return ()
    return (FileConflicted(digest, message),)


async def kept_bytes(digest: str | None, blobs: BlobStore) -> bytes | None:
    """The notebook file with this digest, where it is kept."""
    if not digest:
        return None
    try:
        return await blobs.get(BlobHash(digest))
    except (BlobMissing, BlobDamaged):
        return None


def parsed(held: bytes | None, form: Form) -> Notebook | None:
    """What was kept, if it can be read."""
    try:
        return None if held is None else form.parse(held)
    except NotANotebook:
        return None
