"""What the stories about sessions are played on: a folder with notebooks, a directory of
open ones, kernels that follow a script (or real ones), and clients that fold.

    async with Stage(folder, script) as stage:
        session = await stage.open("n.ipynb")
        ada = await stage.client(session, "ada")
        await ada.run("a")
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tailrace.blobs.local import LocalBlobs
from tailrace.core.step import evolve
from tailrace.documents.room import Room
from tailrace.files.workspace import Workspace
from tailrace.formats.notebook import Notebook
from tailrace.kernels.kernel import KernelProvider
from tailrace.kernels.scripted import Script, ScriptedProvider
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog
from tailrace.log.memory import MemoryLog
from tailrace.protocol import frames as fr
from tailrace.protocol import operations as op
from tailrace.protocol.events import DocumentCreated, DocumentUpdated, TextAppended
from tailrace.protocol.ids import CellId, ClientId, NotebookId, OperationId
from tailrace.protocol.outputs import Output, StreamOutput
from tailrace.protocol.records import Record
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.clock import SystemClock
from tailrace.session.directory import Directory
from tailrace.session.fanout import LANE_BYTES, Encoding, Lane
from tailrace.session.place import place_of
from tailrace.session.session import Session

PATIENCE_S = 60.0
AUTOSAVE_S = 0.02

_decoders = {
    "msgpack": msgspec.msgpack.Decoder(fr.ServerFrame).decode,
    "json": msgspec.json.Decoder(fr.ServerFrame).decode,
}


class _KeptLog(MemoryLog):
    """A memory log that is still there after a session let go of it."""

    async def close(self) -> None:
        pass


class Stage:
    """`log` "memory" or "embedded"; `folder` holds `notebooks`, and the state beside them."""

    def __init__(
        self,
        folder: Path,
        script: Script | None = None,
        *,
        provider: KernelProvider | None = None,
        log: str = "embedded",
        autosave_s: float = AUTOSAVE_S,
    ) -> None:
        self.home = folder / "home"
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True, exist_ok=True)
        self._script = script or {}
        self._provider = provider
        self._log = log
        self._kept: dict[NotebookId, _KeptLog] = {}
        self.autosave_s = autosave_s
        self._clients: list[Client] = []

    # ── life ─────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> "Stage":
        self.provider = self._provider or ScriptedProvider(self._script)
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._drop_clients()
        await self.stop()
        if isinstance(self.provider, ScriptedProvider):
            await self.provider.end()

    async def start(self) -> None:
        self.directory = Directory(
            Workspace(self.notebooks),
            self.provider,
            self._open_log,
            self.blobs,
            SystemClock(),
            autosave_s=self.autosave_s,
            backup_folder=self.home / "backups",
        )
        ready = asyncio.Event()
        self._main = asyncio.create_task(self.directory.run(ready))
        await ready.wait()
        await self.directory.reopen_living()

    async def stop(self) -> None:
        """End in order, as on Ctrl-C."""
        self.directory.close()
        async with asyncio.timeout(PATIENCE_S):
            await self._main

    async def restart(self) -> None:
        await self._drop_clients()
        await self.stop()
        await self.start()

    async def crash(self) -> None:
        """The server is gone between two instructions; nothing was tidied up."""
        await self._drop_clients()
        logs = [session.log for session in self.directory.open_notebooks()]
        self._main.cancel()
        await asyncio.gather(self._main, return_exceptions=True)
        for log in logs:
            await log.close()

    async def _drop_clients(self) -> None:
        for client in self._clients:
            await client.leave()
        self._clients.clear()

    # ── places ───────────────────────────────────────────────────────────────

    async def _open_log(self, notebook_id: NotebookId) -> EventLog:
        if self._log == "memory":
            return self._kept.setdefault(notebook_id, _KeptLog())
        return await EmbeddedLog.open(self.log_file(notebook_id))

    def log_file(self, notebook_id: NotebookId) -> Path:
        return self.home / notebook_id / "log.db"

    def blobs(self, notebook_id: NotebookId) -> LocalBlobs:
        return LocalBlobs(self.home / notebook_id / "blobs")

    def file(self, name: str = "n.ipynb") -> Path:
        return self.notebooks / name

    def written(self, name: str = "n.ipynb") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file(name).read_bytes())
        return found

    def write(self, name: str = "n.ipynb", **sources: str) -> Path:
        return write_notebook(self.file(name), **sources)

    # ── sessions ─────────────────────────────────────────────────────────────

    async def open(self, name: str = "n.ipynb") -> Session:
        place = self.directory.place(name)
        return await self.directory.session(place.notebook_id)

    def id_of(self, name: str = "n.ipynb") -> NotebookId:
        return place_of(self.file(name), name).notebook_id

    async def client(
        self,
        session: Session | None = None,
        name: str = "ada",
        *,
        encoding: Encoding = "msgpack",
        limit_bytes: int = LANE_BYTES,
    ) -> "Client":
        client = Client(session or await self.open(), name, encoding, limit_bytes)
        self._clients.append(client)
        await client.join()
        return client


class Client:
    """One page, without a socket: its lane is read here. It folds, and refuses a gap."""

    def __init__(
        self, session: Session, name: str, encoding: Encoding, limit_bytes: int = LANE_BYTES
    ) -> None:
        self.session = session
        self.name = ClientId(name)
        self.state = SessionState()
        self.room: Room | None = None
        self.records: list[Record] = []
        self.snapshots = 0
        self.welcome: fr.Welcome | None = None
        self.status: fr.Status | None = None
        self.statuses: list[fr.Status] = []
        self.goodbye: fr.Goodbye | None = None
        self._encoding: Encoding = encoding
        self._limit = limit_bytes
        self._reads = asyncio.Event()
        self._reads.set()
        self._moved = asyncio.Event()
        self._number = 0
        self._seed = secrets.token_hex(4)
        self.lane = Lane(self.name, encoding, limit_bytes=limit_bytes)
        self._reader: asyncio.Task[None] | None = None

    # ── the connection ───────────────────────────────────────────────────────

    async def join(self, session: Session | None = None) -> None:
        """Say hello with what is known, and wait until the answer has been folded."""
        self.session = session or self.session
        epoch = self.welcome.epoch if self.welcome else None
        after = self.state.sequence if self.welcome else None
        self.welcome, self.status = None, None
        self.lane = Lane(self.name, self._encoding, limit_bytes=self._limit)
        self.session.join(self.lane, fr.Hello(fr.PROTOCOL_VERSION, self.name, epoch, after))
        self._reader = asyncio.create_task(self._read(self.lane))
        await self.until(lambda _: self.status is not None or self.goodbye is not None)

    async def leave(self) -> None:
        self.session.leave(self.lane)
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    def stall(self) -> None:
        """Read nothing more, until `go_on`."""
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    async def _read(self, lane: Lane) -> None:
        try:
            await self._fold(lane)
        finally:
            self._moved.set()

    async def _fold(self, lane: Lane) -> None:
        while True:
            await self._reads.wait()
            for data in await lane.take():
                self._take(_decoders[self._encoding](data))
                self._moved.set()
            if lane.is_closed:
                self.goodbye = lane.goodbye
                return
            await self._reads.wait()
            if lane.is_cut and not lane.waiting_bytes:
                self.session.rejoin(lane)
                await lane.rejoined()

    def _take(self, frame: fr.ServerFrame) -> None:
        match frame:
            case fr.Welcome():
                self.welcome = frame
            case fr.Events(records=records):
                for record in records:
                    assert record.sequence == self.state.sequence + 1, "a gap, or a repetition"
                    self.state = without_answered(evolve(self.state, record))
                    self.records.append(record)
                    match record.event:
                        case DocumentCreated(update=update):
                            self.room = Room.from_update(update)
                        case DocumentUpdated(update=update):
                            assert self.room is not None
                            self.room.apply_stored(update)
            case fr.Snapshot(state=state, document=document):
                self.state, self.room = state, Room.from_update(document)
                self.snapshots += 1
            case fr.Status():
                self.status = frame
                self.statuses.append(frame)
            case _:
                pass

    # ── doing ────────────────────────────────────────────────────────────────

    async def do(self, operation: op.Operation, operation_id: str | None = None) -> fr.Answer:
        self._number += 1
        name = OperationId(operation_id or f"{self.name}-{self._seed}-{self._number}")
        async with asyncio.timeout(PATIENCE_S):
            return await self.session.submit(name, operation, f"client:{self.name}", self.lane)

    async def done(self, operation: op.Operation) -> None:
        """Do it, and have seen what came of it."""
        answer = await self.do(operation)
        assert answer.refusal is None, answer.refusal
        await self.until(lambda state: state.sequence >= answer.sequence)

    async def run(self, *cell_ids: str, stop_on_error: bool = True) -> list[str | None]:
        """Run cells, wait until they have ended; how."""
        cells = tuple(map(CellId, cell_ids))
        before = {self.state.cells.get(cell) for cell in cells}
        await self.done(op.RunCells(cells, stop_on_error))
        await self.until(
            lambda state: all(
                state.cells[cell] not in before
                and state.executions[state.cells[cell]].phase == "finished"
                for cell in cells
            )
        )
        return [self.execution(cell).status for cell in cell_ids]

    async def type(self, cell_id: str, source: str) -> None:
        """Make the cell's text `source`."""
        await self.rewrite(lambda cell: source if cell.cell_id == cell_id else cell.source)

    async def rewrite(self, source_of: Callable[[Any], str]) -> None:
        notebook = self.notebook()
        cells = tuple(
            msgspec.structs.replace(cell, source=source_of(cell)) for cell in notebook.cells
        )
        await self.make(msgspec.structs.replace(notebook, cells=cells))

    async def make(self, notebook: Notebook) -> None:
        """Edit the document until it says what `notebook` says."""
        assert self.room is not None
        copy = Room.from_update(self.room.state())
        update = copy.merge_notebook(notebook)
        assert update is not None, "nothing to edit"
        await self.done(op.UpdateDocument(self.state.generation or "", update))

    def notebook(self) -> Notebook:
        assert self.room is not None
        return self.room.to_notebook()

    # ── seeing ───────────────────────────────────────────────────────────────

    async def until(self, is_so: Callable[[SessionState], Any]) -> None:
        """Wait until what this client has seen makes it so."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so(self.state):
                    if self._reader is not None and self._reader.done():
                        self._reader.result()
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise AssertionError(f"it never came; state: {self.state}, {self.status}") from None

    async def until_saved(self) -> None:
        """Wait until everything this client has seen is in the file."""
        await self.until(
            lambda state: (
                not self.session.checkpointing.is_dirty
                and self.status is not None
                and self.status.file == "saved"
            )
        )

    async def until_file(self, status: str) -> None:
        await self.until(lambda _: self.status is not None and self.status.file == status)

    def execution(self, cell_id: str) -> Execution:
        return self.state.executions[self.state.cells[CellId(cell_id)]]

    def outputs(self, cell_id: str) -> tuple[Output, ...]:
        return self.execution(cell_id).outputs.items

    def text(self, cell_id: str) -> str:
        return "".join(
            item.head + item.tail
            for item in self.outputs(cell_id)
            if isinstance(item, StreamOutput)
        )

    def recorded(self, cell_id: str) -> str:
        execution_id = self.state.cells[CellId(cell_id)]
        events = (record.event for record in self.records)
        return "".join(
            event.text
            for event in events
            if isinstance(event, TextAppended) and event.execution_id == execution_id
        )

    def sources(self) -> dict[str, str]:
        assert self.room is not None
        return {cell.cell_id: cell.source for cell in self.room.cells()}

    def kinds(self) -> list[str]:
        return [type(record.event).__name__ for record in self.records]


def without_answered(state: SessionState) -> SessionState:
    """What only the server needs is no part of what clients share."""
    return msgspec.structs.replace(state, answered=())


def played(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an asynchronous story to its end."""
    asyncio.run(story())


async def until(is_so: Callable[[], Any]) -> None:
    """Wait for something no client is told of: the file, the kernel."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def settled(awaitable: Awaitable[Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await awaitable


def write_notebook(file: Path, **sources: str) -> Path:
    """A notebook with these code cells, id to source."""
    cells = [code_cell(cell_id, source) for cell_id, source in sources.items()]
    return write_cells(file, *cells)


def write_cells(file: Path, *cells: dict[str, Any], **more: Any) -> Path:
    whole = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    file.write_text(json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return file


def code_cell(cell_id: str, source: str, *outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": list(outputs),
        "source": source.splitlines(True),
        **more,
    }
