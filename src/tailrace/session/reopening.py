"""A notebook that was changed here before: its log first, then its file.

The log has the state and the document. The file is compared with the last checkpoint, for
somebody may have changed it meanwhile; what follows from that is recorded at once, since a
client may be shown it and come back after a crash. Where no document can be read from the
log, it begins anew from the file, as a new generation of the same log.
"""

import asyncio
import contextlib
import hashlib
import logging

from tailrace.blobs.held import HeldBlobs
from tailrace.documents.alignment import aligned
from tailrace.documents.room import Room
from tailrace.formats.forms import Form
from tailrace.log.event_log import EventLog
from tailrace.protocol.errors import BlobFull, LogDamaged, LogFull
from tailrace.protocol.state import SessionState
from tailrace.session.notebook_file import NotebookFile
from tailrace.session.opening import Opened, Replayed, begin_document, note, replayed
from tailrace.session.reconcile import kept_bytes, parsed, reconciled

log_ = logging.getLogger("tailrace.session")


async def opened_from_log(
    log: EventLog, blobs: HeldBlobs, data: bytes, form: Form, *, at: float, seed: str
) -> Opened:
    """The session of a notebook that has a log. `data` is what its file holds."""
    try:
        found = await replayed(log)
    except LogDamaged as error:
        log_.error("the log cannot be read: %s", error)
        found = Replayed(SessionState(sequence=log.last), None)
    digest = hashlib.sha256(data).hexdigest()
    if found.room is None:
        notebook = await asyncio.to_thread(form.parse, data)
        opened = Opened(found.state, Room.from_notebook(notebook), log, original=notebook)
        opened.damage = "the notebook's log had no document in it; it begins anew from the file"
        begin_document(opened, notebook, digest, blobs, at=at, seed=seed)
    else:
        opened = Opened(found.state, found.room, log)
        opened.changed, opened.emptied_by_hand = found.changed, found.emptied_by_hand
        if opened.state.checkpoint.digest == digest:
            notebook = await asyncio.to_thread(form.parse, data)
            # A text has no ids: its cells are those that the document has.
            opened.original = aligned(notebook, None, opened.room.to_notebook())
        else:
            await _compare(opened, blobs, data, form, at=at, seed=seed)
    await _record(opened, blobs, data)
    return opened


async def _compare(
    opened: Opened, blobs: HeldBlobs, data: bytes, form: Form, *, at: float, seed: str
) -> None:
    """The file is not what was last saved: note what that means."""
    held = await kept_bytes(opened.state.checkpoint.digest, blobs)
    base = await asyncio.to_thread(parsed, held, form)
    mine = await NotebookFile(opened.log, blobs, base).notebook(opened.state, opened.room)
    found = await reconciled(opened.state, opened.room, mine, data, blobs, form=form, seed=seed)
    opened.original = found.theirs
    note(opened, found.events, at=at)


async def _record(opened: Opened, blobs: HeldBlobs, data: bytes) -> None:
    if not opened.unwritten:
        return
    with contextlib.suppress(LogFull, BlobFull):  # they are written with the first change
        await blobs.put(data)
        await blobs.write_held()
        await opened.log.append(opened.unwritten, expected=opened.log.last)
        opened.unwritten = ()
