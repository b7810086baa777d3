"""Which notebooks are open here, and how one comes to be open.

A notebook is opened when somebody first looks at it, and at the server's start when a
kernel of it still runs: its queue goes on then, browser or not. A session that nobody
looks at and that has no kernel is closed after `EVICT_AFTER_S`.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.held import HeldBlobs
from tailrace.documents.room import Room
from tailrace.files.backups import repair
from tailrace.files.notebook_files import beside, read_notebook
from tailrace.files.workspace import Workspace
from tailrace.formats.forms import form_of
from tailrace.kernels.kernel import KernelProvider
from tailrace.log.event_log import EventLog
from tailrace.protocol.errors import (
    FileInUse,
    FileMissing,
    KernelError,
    NotebookMoved,
    PathOutside,
    ServerClosing,
    TailraceError,
)
from tailrace.protocol.frames import Goodbye, ServerFrame
from tailrace.protocol.ids import KernelId, NotebookId, OperationId
from tailrace.protocol.operations import StopKernel
from tailrace.session.clock import Clock
from tailrace.session.opening import Opened, opened_from_file
from tailrace.session.place import Place, place_of
from tailrace.session.reopening import opened_from_log
from tailrace.session.session import ENDED, MOVED, Session

EVICT_AFTER_S = 120.0
SWEEP_S = 10.0
MOVES_KEPT = 10_000  # which a page that was away can be led along

log_ = logging.getLogger("tailrace.session")

LogOpener = Callable[[NotebookId], Awaitable[EventLog]]


class Directory:
    """`open_log` gives a notebook's log, `blobs_of` its blob store."""

    def __init__(
        self,
        workspace: Workspace,
        provider: KernelProvider,
        open_log: LogOpener,
        blobs_of: Callable[[NotebookId], BlobStore],
        clock: Clock,
        *,
        autosave_s: float,
        idle_stop_after_s: float = 0.0,
        backup_folder: Path | None = None,
        interpreter: str | None = None,
        env: dict[str, str] | None = None,
        console_folder: Path | None = None,
    ) -> None:
        self._workspace = workspace
        self._provider = provider
        self._open_log = open_log
        self._blobs_of = blobs_of
        self._clock = clock
        self._autosave_s = autosave_s
        self._autosaves = True
        self._idle_stop_after_s = idle_stop_after_s
        self._backup_folder = backup_folder
        self._interpreter = interpreter
        self._env = env
        self._console_folder = console_folder and Path(os.path.realpath(console_folder))
        self._places: dict[NotebookId, Place] = {}
        self._sessions: dict[NotebookId, Session] = {}
        self._opening: dict[NotebookId, asyncio.Lock] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._idle_since: dict[NotebookId, float] = {}
        self._moved: dict[NotebookId, NotebookId] = {}  # by the id before
        self._closing = asyncio.Event()
        self._reopened = asyncio.Event()

    # ── life ─────────────────────────────────────────────────────────────────

    async def run(self, ready: asyncio.Event) -> None:
        """Own the sessions until `close`."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            ready.set()
            sweeper = tasks.create_task(self._sweep())
            await self._closing.wait()
            sweeper.cancel()
            for notebook_id in tuple(self._opening):
                async with self._opening[notebook_id]:  # one that was being opened is closed too
                    session = self._sessions.pop(notebook_id, None)
                    if session is not None:
                        await _close(session)

    def close(self) -> None:
        self._closing.set()

    async def reopen_living(self) -> None:
        """Open the notebooks whose kernels outlived the last server."""
        try:
            for kernel in await self._provider.list():
                file = Path(kernel.label)
                if not kernel.alive or not await asyncio.to_thread(file.is_file):
                    continue
                try:
                    await self.open_file(file, self._name_of(file))
                except (TailraceError, OSError) as error:
                    log_.error("the kernel of %s runs, but it cannot be opened: %s", file, error)
        finally:
            self._reopened.set()

    def _name_of(self, file: Path) -> str:
        if file.parent == self._console_folder:
            return file.name
        try:
            return self._workspace.relative(file)
        except PathOutside:  # served by another server of this user, from another folder
            return str(file)

    @contextlib.asynccontextmanager
    async def closed(self, files: Sequence[Path]) -> AsyncIterator[None]:
        """Meanwhile none of these notebooks is open, nor can be opened: they may be moved.

        Their sessions are closed first. Raises `FileInUse` where a kernel lives.
        """
        ids = sorted({place_of(file, "").notebook_id for file in files})
        async with contextlib.AsyncExitStack() as stack:
            for notebook_id in ids:
                lock = self._opening.setdefault(notebook_id, asyncio.Lock())
                await stack.enter_async_context(lock)
            opened = [self._sessions[each] for each in ids if each in self._sessions]
            for session in opened:
                if session.kernel_id is not None:
                    raise FileInUse(f"a kernel runs for {session.path}; stop it first")
            for session in opened:
                self._sessions.pop(session.notebook_id, None)
                self._idle_since.pop(session.notebook_id, None)
                await _close(session)
            yield
            for notebook_id in ids:
                self._places.pop(notebook_id, None)

    @contextlib.asynccontextmanager
    async def following(self, moves: Sequence[tuple[Path, Path]]) -> AsyncIterator[None]:
        """Meanwhile these notebooks are moved, each from its file to another.

        Those that are open are closed for it, their kernels let go of and found again under
        the new name; clients that ask by the id they know are led there.
        """
        ids = {place_of(old, "").notebook_id: (old, new) for old, new in moves}
        reopened: list[NotebookId] = []
        async with contextlib.AsyncExitStack() as stack:
            for notebook_id in sorted(ids):
                lock = self._opening.setdefault(notebook_id, asyncio.Lock())
                await stack.enter_async_context(lock)
            kernels: dict[NotebookId, KernelId] = {}
            for notebook_id in ids:
                session = self._sessions.pop(notebook_id, None)
                self._idle_since.pop(notebook_id, None)
                if session is None:
                    continue
                if session.kernel_id is not None:
                    kernels[notebook_id] = session.kernel_id
                await _close(session, MOVED)
            reopened += kernels  # where they were, should moving fail
            yield
            reopened.clear()
            for notebook_id, (_, new) in ids.items():
                place = await asyncio.to_thread(place_of, new, self._name_of(new))
                self._note_move(notebook_id, place)
                if (kernel_id := kernels.get(notebook_id)) is not None:
                    reopened.append(place.notebook_id)
                    try:
                        await self._provider.relabel(kernel_id, str(place.file))
                    except KernelError as error:
                        log_.warning("kernel %s keeps its old label: %s", kernel_id, error)
        for notebook_id in reopened:
            try:
                await self.session(notebook_id)
            except (TailraceError, OSError) as error:
                log_.error("a moved notebook cannot be opened again: %s", error)

    def _note_move(self, old_id: NotebookId, place: Place) -> None:
        self._places.pop(old_id, None)
        self._moved[old_id] = place.notebook_id
        self._moved.pop(place.notebook_id, None)
        self._places[place.notebook_id] = place
        while len(self._moved) > MOVES_KEPT:
            self._moved.pop(next(iter(self._moved)))

    async def find(self, path: str, known: NotebookId | None = None) -> Place:
        """The notebook at `path`, opened; or, where that of the id `known` was moved, the one
        that it is now."""
        while True:
            place = await self._followed(known) or self.place(path)
            if known is None:
                self._moved.pop(place.notebook_id, None)  # another file took the name
            try:
                await self.session(place.notebook_id)
            except NotebookMoved:
                known = place.notebook_id  # meanwhile
            else:
                return place

    async def _followed(self, known: NotebookId | None) -> Place | None:
        """Where the notebook that had this id is; None for one that was not moved."""
        at = known
        while at is not None:
            async with self._opening.setdefault(at, asyncio.Lock()):  # it may be on its way
                moved = self._moved.get(at)
            if moved is None:
                break
            at = moved
        return None if at is None or at == known else self._places.get(at)

    def set_autosave(self, autosaves: bool) -> None:
        """Whether files are written by themselves, or only when asked, from now on."""
        self._autosaves = autosaves
        for session in self._sessions.values():
            session.checkpointing.set_autosave(autosaves and not self._is_console(session.place))

    def tell(self, frame: ServerFrame) -> None:
        """To every client of every open notebook: what is no record of any of them."""
        for session in self._sessions.values():
            session.actor.fanout.tell(frame)

    def _is_console(self, place: Place) -> bool:
        return place.folder == self._console_folder

    # ── notebooks ────────────────────────────────────────────────────────────

    def open_notebooks(self) -> list[Session]:
        return list(self._sessions.values())

    def place(self, path: str) -> Place:
        """The notebook at `path` below the served folder. Reads nothing but its name."""
        file = self._workspace.resolve(path)
        if not file.is_file():
            raise FileMissing(f"there is no notebook at {path!r}")
        place = place_of(file, path)
        self._places[place.notebook_id] = place
        return place

    async def session(self, notebook_id: NotebookId) -> Session:
        """The open session of a notebook that `place` has named, opened if need be."""
        if notebook_id not in self._places:
            await self._reopened.wait()  # it may be one whose kernel outlived the last server
        place = self._places.get(notebook_id)
        if place is None and notebook_id in self._moved:
            raise NotebookMoved(MOVED.message)
        if place is None:  # named by an earlier server, perhaps: the client asks by path again
            raise FileMissing("no notebook has this id here; ask for it by its path")
        lock = self._opening.setdefault(notebook_id, asyncio.Lock())
        async with lock:
            session = self._sessions.get(notebook_id)
            if session is not None and not session.is_ended:
                return session
            if notebook_id in self._moved:
                raise NotebookMoved(MOVED.message)
            if self._closing.is_set():
                raise ServerClosing("the server is closing")
            if session is not None:
                self._sessions.pop(notebook_id)
                await _close(session)
            return await self._open(place)

    async def open_file(self, file: Path, name: str) -> Session:
        place = place_of(file, name)
        self._places[place.notebook_id] = place
        return await self.session(place.notebook_id)

    async def _open(self, place: Place) -> Session:
        assert self._tasks is not None, "the directory runs"
        data = await asyncio.to_thread(self._read, place.file)
        log = await self._open_log(place.notebook_id)
        blobs = HeldBlobs(self._blobs_of(place.notebook_id))
        try:
            opened = await self._opened(place, data, log, blobs)
        except BaseException:
            await log.close()
            raise
        session = Session(
            place,
            opened,
            self._provider,
            blobs,
            self._clock,
            autosave_s=self._autosave_s,
            backup_folder=self._backup_folder,
            interpreter=self._interpreter,
            env=self._env_of(place),
            cwd=_working_folder(opened.room) if self._is_console(place) else None,
        )
        session.checkpointing.set_autosave(self._autosaves and not self._is_console(place))
        self._sessions[place.notebook_id] = session
        assert self._tasks is not None
        self._tasks.create_task(session.run())
        return session

    def _env_of(self, place: Place) -> dict[str, str]:
        """Jupyter's name for the notebook, by which libraries (ipynbname, Panel) find it."""
        name = {} if self._is_console(place) else {"JPY_SESSION_NAME": str(place.file)}
        return {**(self._env or {}), **name}

    def _read(self, file: Path) -> bytes:
        """The file, whole: what an earlier server was cut off writing is finished first."""
        if self._backup_folder is not None:
            repair(self._backup_folder, file)
            repair(self._backup_folder, beside(file))
        return read_notebook(file)

    async def _opened(self, place: Place, data: bytes, log: EventLog, blobs: HeldBlobs) -> Opened:
        at, seed = self._clock.now(), self._clock.seed()
        digest = hashlib.sha256(data).hexdigest()
        form = form_of(place.file.name)
        if log.last == 0:
            notebook = await asyncio.to_thread(form.parse, data)
            opened = opened_from_file(notebook, digest, log, blobs, at=at, seed=seed)
        else:
            opened = await opened_from_log(log, blobs, data, form, at=at, seed=seed)
        if opened.unwritten:
            opened.base = data
        if log.damage is not None:
            opened.damage = log.damage.message
        return opened

    # ── nobody looks ─────────────────────────────────────────────────────────

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for notebook_id, session in tuple(self._sessions.items()):
                if session.is_ended and session.kernel_id is not None:
                    await self._reopen(notebook_id, session)
                if session.clients or session.is_running or session.is_ended:
                    self._idle_since.pop(notebook_id, None)
                    continue
                idle_s = now - self._idle_since.setdefault(notebook_id, now)
                if session.kernel_id is None:
                    if idle_s > EVICT_AFTER_S:
                        await self._evict(notebook_id, session)
                elif 0 < self._idle_stop_after_s < idle_s:
                    operation_id = OperationId(f"server-{self._clock.seed()}")
                    session.submit(operation_id, StopKernel(), "server:idle")

    async def _reopen(self, notebook_id: NotebookId, failed: Session) -> None:
        """Its kernel runs on, with or without somebody to look: so does its queue."""
        try:
            await self.session(notebook_id)
        except (TailraceError, OSError) as error:
            log_.error("%s could not be opened again: %s", failed.path, error)

    async def _evict(self, notebook_id: NotebookId, session: Session) -> None:
        async with self._opening.setdefault(notebook_id, asyncio.Lock()):
            if session.clients:
                return
            self._sessions.pop(notebook_id, None)
            await _close(session)
            self._idle_since.pop(notebook_id, None)


def _working_folder(room: Room) -> str | None:
    """Where a console's kernel starts (`consoles.py`)."""
    ours = room.metadata().get("tailrace_console")
    folder = ours.get("folder") if isinstance(ours, dict) else None
    return folder if isinstance(folder, str) and os.path.isdir(folder) else None


async def _close(session: Session, goodbye: Goodbye = ENDED) -> None:
    try:
        await session.close(goodbye)
    except (TailraceError, OSError) as error:
        log_.error("closing %s: %s", session.path, error)
