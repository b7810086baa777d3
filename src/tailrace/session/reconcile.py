"""The file says something else than our last checkpoint: what that means as events.

Three versions are compared: the last checkpoint (kept as a blob under its digest), the
document, and the file. `documents/conflict.py` decides; here its verdict becomes records.
Outputs follow the file where a cell's outputs there are not those of the last checkpoint.
"""

import asyncio
import hashlib

from tailrace.blobs.blob_store import BlobStore
from tailrace.documents.room import Room
from tailrace.formats.ipynb import parse
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import BlobMissing, NotANotebook
from tailrace.protocol.events import (
    CheckpointWritten,
    DocumentUpdated,
    Event,
    FileConflicted,
)
from tailrace.protocol.ids import BlobHash
from tailrace.session.opening import Opened, loaded_executions, note


async def reconciled(
    room: Room,
    mine: Notebook,
    data: bytes,
    base_digest: str | None,
    blobs: BlobStore,
    *,
    generation: str,
    upto: int,
    seed: str,
) -> list[Event]:
    """The events that follow from finding `data` on disk. Changes `room` where the file's
    content is taken over (the events hold the update)."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        theirs = await asyncio.to_thread(parse, data)
    except NotANotebook as error:
        return [FileConflicted(digest, f"The file on disk is no notebook any more: {error}")]
    base = await _base(base_digest, blobs)
    return taken(room, base, theirs, digest, generation=generation, upto=upto, seed=seed)


def taken(
    room: Room,
    base: Notebook | None,
    theirs: Notebook,
    digest: str,
    *,
    generation: str,
    upto: int,
    seed: str,
) -> list[Event]:
    """The document becomes what `theirs` says, and the outputs follow where they differ."""
    events: list[Event] = []
    update = room.merge_notebook(theirs)
    if update is not None:
        events.append(DocumentUpdated(generation, update))
    before = {cell.cell_id: cell.outputs for cell in base.cells} if base is not None else {}
    changed = frozenset(
        cell.cell_id for cell in theirs.cells if before.get(cell.cell_id, ()) != cell.outputs
    )
    events += loaded_executions(theirs, seed, changed)
    events.append(CheckpointWritten(digest, upto + len(events)))
    return events


async def _base(digest: str | None, blobs: BlobStore) -> Notebook | None:
    if not digest:
        return None
    try:
        return await asyncio.to_thread(parse, await blobs.get(BlobHash(digest)))
    except (BlobMissing, NotANotebook):
        return None


async def reconcile_on_opening(
    opened: Opened, mine: Notebook, data: bytes, blobs: BlobStore, *, at: float, seed: str
) -> None:
    """The same for a notebook that is being opened: the records are written with the first
    turn."""
    state = opened.state
    events = await reconciled(
        opened.room,
        mine,
        data,
        state.checkpoint.digest,
        blobs,
        generation=state.generation or "",
        upto=state.sequence,
        seed=seed,
    )
    note(opened, events, at=at)
