"""The file says something else than our last checkpoint: what that means as events.

Three versions are compared: the last checkpoint (kept as a blob under its digest), the
document, and the file. `documents/conflict.py` decides; here its verdict becomes records.
Outputs follow the file where a cell's outputs there are not those of the last checkpoint.
"""

import asyncio
import hashlib

from tailrace.blobs.blob_store import BlobStore
from tailrace.documents.conflict import compared
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
    seed: str,
    generation: str | None = None,
) -> list[Event]:
    """The events that follow from finding `data` on disk. Changes `room` where the file's
    content is taken over (the events hold the update)."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        theirs = await asyncio.to_thread(parse, data)
    except NotANotebook as error:
        return [FileConflicted(digest, f"The file on disk is no notebook any more: {error}")]
    base = await _base(base_digest, blobs)
    raise NotImplementedError
