"""The notebook's file as a checkpoint: written from the state, compared with what others wrote.

Autosave waits until nothing has changed for `autosave_s`, at most `LONGEST_WAIT_S` while
changes go on; `request` saves now. What others changed on disk is merged where both sides
can be kept, else a conflict is recorded and nothing is written until somebody chooses.
A file that cannot be written is tried again; the log has everything meanwhile.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tailrace.blobs.held import HeldBlobs
from tailrace.documents.alignment import aligned
from tailrace.files.checkpoint import ANYTHING
from tailrace.files.notebook_files import (
    beside,
    notebook_digest,
    read_notebook,
    write_notebook,
)
from tailrace.files.watcher import changes_of
from tailrace.formats.forms import form_of, with_outputs_of
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import (
    BlobError,
    FileChanged,
    FileError,
    FileMissing,
    FileWouldBeEmptied,
    LogError,
    NotANotebook,
    TailraceError,
)
from tailrace.protocol.events import (
    CheckpointWritten,
    ConflictResolved,
    Event,
    FileConflicted,
)
from tailrace.session.actor import Actor
from tailrace.session.clock import Clock
from tailrace.session.mailbox import Mailbox, Noted
from tailrace.session.notebook_file import NotebookFile
from tailrace.session.place import Place
from tailrace.session.reconcile import kept_bytes, reconciled, taken
from tailrace.session.transcript import Topics

LONGEST_WAIT_S = 10.0
RETRY_S = 2.0  # how often a file that could not be written is tried again

log_ = logging.getLogger("tailrace.session")


class Checkpointing:
    """`autosave_s` 0: only when asked."""

    def __init__(
        self,
        actor: Actor,
        mailbox: Mailbox,
        place: Place,
        blobs: HeldBlobs,
        clock: Clock,
        topics: Topics,
        *,
        autosave_s: float,
        original: Notebook | None,
        backup_folder: Path | None,
    ) -> None:
        self._backup_folder = backup_folder
        self._actor = actor
        self._mailbox = mailbox
        self._place = place
        self._form = form_of(place.file.name)
        self._blobs = blobs
        self._clock = clock
        self._autosave_s = autosave_s
        self._file = NotebookFile(topics, blobs, original)
        self._wanted = asyncio.Event()
        self._autosaves = asyncio.Event()
        self._autosaves.set()
        self._choice: str | None = None
        self._saving = asyncio.Lock()
        # Less than `changed_at` where an earlier server ended before it could save.
        self._saved_upto = actor.state.checkpoint.upto

    def request(self) -> None:
        """Save now."""
        self._wanted.set()

    def settle(self, choice: str) -> None:
        """End a conflict: `mine`, `theirs` or `copy`."""
        self._choice = choice
        self._wanted.set()

    @property
    def is_dirty(self) -> bool:
        return self._actor.changed_at > self._saved_upto

    async def run(self) -> None:
        if self._autosave_s == 0:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await self.save()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            while True:
                await self._until_due()
                self._wanted.clear()
                if not await self.save():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(RETRY_S):
                            await self._wanted.wait()

    async def notebook(self) -> Notebook:
        """The notebook as it is now, outputs whole: what the next save would write."""
        return await self._file.notebook(self._actor.state, self._actor.room)

    def set_autosave(self, autosaves: bool) -> None:
        """Whether changes are written by themselves, from now on, or only when asked."""
        if autosaves:
            self._autosaves.set()
        else:
            self._autosaves.clear()

    async def finish(self) -> None:
        """Save what is unsaved, before the session is closed."""
        if self.is_dirty and self._autosave_s > 0 and self._autosaves.is_set():
            await self.save()

    async def _until_due(self) -> None:
        """Wait for a request, or for changes to have settled."""
        loop = asyncio.get_running_loop()
        while not self.is_dirty and not self._wanted.is_set():
            await self._change_or_request()
        self._actor.set_status(file="unsaved")
        await _first(self._autosaves.wait(), self._wanted.wait())
        longest = loop.time() + LONGEST_WAIT_S
        while loop.time() < longest:
            changed_at = self._actor.changed_at
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._autosave_s, longest - loop.time())):
                    await self._wanted.wait()
                    return
            if self._actor.changed_at == changed_at:
                return

    async def _change_or_request(self) -> None:
        await _first(self._actor.changed(self._saved_upto), self._wanted.wait())

    # ── saving ───────────────────────────────────────────────────────────────

    async def save(self) -> bool:
        """Bring the file up to the state. False: it could not be written (clients are told)."""
        async with self._saving:
            try:
                return await self._save()
            except FileChanged:
                return await self._meet(await asyncio.to_thread(_read, self._place.file))
            except (FileError, LogError, BlobError) as error:
                self._failed(str(error))
            except OSError as error:
                self._failed(f"{self._place.file.name} cannot be written: {error.strerror}")
            return False

    async def _save(self) -> bool:
        actor = self._actor
        state = actor.state
        if state.checkpoint.conflict is not None:
            if self._choice is None:
                actor.set_status(file="conflict", file_message=state.checkpoint.conflict)
                return False
            return await self._resolve()
        actor.set_status(file="saving")
        data = await self._rendered()
        digest = hashlib.sha256(data).hexdigest()
        if digest == state.checkpoint.digest or await self._says_the_same(data):
            if actor.changed_at > state.checkpoint.upto and not actor.has_unwritten:
                await self._note(CheckpointWritten(state.checkpoint.digest or "", state.sequence))
        else:
            await self._write(self._place.file, data, state.checkpoint.digest or None)
            await self._saved(data, digest, state.sequence)
        self._saved_upto = state.sequence
        actor.set_status(file="saved", file_message="", saved_at=self._clock.now())
        return True

    async def _write(self, file: Path, data: bytes, expected: str | None) -> None:
        await asyncio.to_thread(
            write_notebook,
            file,
            data,
            expected=expected,
            backup_folder=self._backup_folder,
            # Only a person empties a notebook that has cells (FIL-13).
            allow_empty=self._actor.emptied_by_hand,
        )

    async def _saved(self, data: bytes, digest: str, upto: int, *more: Event) -> None:
        await self._blobs.put(data)  # the base of the next comparison
        await self._note(*more, CheckpointWritten(digest, upto))

    async def _rendered(self) -> bytes:
        notebook = await self._file.notebook(self._actor.state, self._actor.room)
        held = None
        if self._form.is_text:  # it is written after the text before
            held = await kept_bytes(self._actor.state.checkpoint.digest, self._blobs)
            if held is None:
                held = await asyncio.to_thread(_read, self._place.file)
            if held and not notebook.cells and not self._actor.emptied_by_hand:
                raise FileWouldBeEmptied(  # FIL-13; a text's emptiness is not seen in its bytes
                    f"{self._place.file.name} holds cells and would have been left without"
                )
        return await asyncio.to_thread(self._form.render, notebook, held)

    async def _says_the_same(self, data: bytes) -> bool:
        """Whether the file, written by another tool, already says what we would write."""
        digest = self._actor.state.checkpoint.digest
        try:
            held = await asyncio.to_thread(_read, self._place.file)
            if held is None or hashlib.sha256(held).hexdigest() != digest:
                return False
            form = self._form
            return await asyncio.to_thread(lambda: form.render(form.parse(held), held)) == data
        except NotANotebook:
            return False

    def _failed(self, message: str) -> None:
        if self._actor.status.file_message != message:
            log_.warning("%s", message)
        self._actor.set_status(file="failed", file_message=message)

    async def _note(self, *events: Event) -> None:
        done = asyncio.get_running_loop().create_future()
        self._mailbox.put(Noted(events, done))
        await done

    # ── what others write ────────────────────────────────────────────────────

    async def _watch(self) -> None:
        def known() -> str | None:
            return self._actor.state.checkpoint.digest or None

        async for _ in changes_of(
            self._place.file, known=known, also=beside(self._place.file), digest_of=notebook_digest
        ):
            async with self._saving:
                try:
                    data = await asyncio.to_thread(_read, self._place.file)
                    digest = hashlib.sha256(data).hexdigest() if data is not None else None
                    if digest != known():
                        await self._meet(data)
                except (TailraceError, OSError) as error:
                    self._failed(str(error))

    async def _meet(self, data: bytes | None) -> bool:
        """The file is not what we last saw: merge, take it, or record the conflict."""
        actor = self._actor
        if data is None:
            # Gone: our next save writes it again. Nothing is lost either way.
            await self._note(CheckpointWritten("", actor.state.checkpoint.upto))
            self._wanted.set()
            return True
        await actor.keep_base()
        while True:
            version = actor.room.version
            mine = await self._file.notebook(actor.state, actor.room)
            found = await reconciled(
                actor.state,
                actor.room,
                mine,
                data,
                self._blobs,
                form=self._form,
                seed=self._clock.seed(),
            )
            if actor.room.version == version:  # nobody typed meanwhile
                break
        self._file.original = found.theirs or self._file.original
        await self._blobs.put(data)
        events = found.events
        if actor.state.checkpoint.conflict is not None and not any(
            isinstance(event, FileConflicted) for event in events
        ):
            events = (ConflictResolved("mine"), *events)  # somebody settled it on disk
        await self._note(*events)
        conflict = actor.state.checkpoint.conflict
        if conflict is not None:
            actor.set_status(file="conflict", file_message=conflict)
            return False
        self._wanted.set()  # a merge has what the file has not
        return True

    async def _resolve(self) -> bool:
        choice, self._choice = self._choice, None
        actor, sequence = self._actor, self._actor.state.sequence
        data = await self._rendered()
        if choice == "mine":
            await self._write(self._place.file, data, ANYTHING)
            digest = hashlib.sha256(data).hexdigest()
            await self._saved(data, digest, sequence, ConflictResolved("mine"))
        else:
            copied: Path | None = None
            if choice == "copy":
                copied = _free_name(self._place.file)
                await self._write(copied, data, None)
            held = await asyncio.to_thread(_read, self._place.file)
            if held is None:
                raise FileError(f"{self._place.file.name} is gone; keep yours instead")
            mine = await self._file.notebook(actor.state, actor.room)
            theirs = aligned(await asyncio.to_thread(self._form.parse, held), None, mine)
            if not self._form.has_outputs(held):
                theirs = with_outputs_of(theirs, {cell.cell_id: cell for cell in mine.cells})
            self._file.original = theirs
            events = taken(actor.state, actor.room, theirs, self._clock.seed(), self._blobs)
            await self._blobs.put(held)
            resolved = ConflictResolved(
                "copy" if copied else "theirs", copied.name if copied else None
            )
            digest = hashlib.sha256(held).hexdigest()
            upto = sequence + len(events) + 1
            await self._note(resolved, *events, CheckpointWritten(digest, upto))
        actor.set_status(file="saved", file_message="", saved_at=self._clock.now())
        return True


def _free_name(file: Path) -> Path:
    number = 1
    while True:
        copy = file.with_name(f"{file.stem} (conflict {number}){file.suffix}")
        if not copy.exists():
            return copy
        number += 1


def _read(file: Path) -> bytes | None:
    try:
        return read_notebook(file)
    except FileMissing:
        return None


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of them is over; the others are ended."""
    waiting = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
