"""Run a whole notebook without a page: a session like any other, with one client, here.

The log is in memory, the file is not touched; what happened comes out as records.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from tailrace.blobs.memory import MemoryBlobs
from tailrace.formats.ipynb import render
from tailrace.formats.notebook import Notebook
from tailrace.kernels.kernel import KernelProvider
from tailrace.log.memory import MemoryLog
from tailrace.protocol.frames import PROTOCOL_VERSION, Answer, Events, Hello, ServerFrame
from tailrace.protocol.ids import ClientId, OperationId
from tailrace.protocol.operations import Interrupt, Operation, RunCells, StopKernel
from tailrace.protocol.records import Record
from tailrace.session.clock import Clock
from tailrace.session.fanout import Lane
from tailrace.session.notebook_file import NotebookFile
from tailrace.session.opening import opened_from_file
from tailrace.session.place import place_of
from tailrace.session.session import Session

LANE_BYTES = 64 << 20

_decoder = msgspec.msgpack.Decoder(ServerFrame)


class HeadlessRun:
    """`async with HeadlessRun(...) as run`, then `submit` and read `records`."""

    def __init__(
        self,
        file: Path,
        notebook: Notebook,
        provider: KernelProvider,
        clock: Clock,
        *,
        interpreter: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        log = MemoryLog()
        digest = hashlib.sha256(render(notebook)).hexdigest()
        opened = opened_from_file(notebook, digest, log, at=clock.now(), seed=clock.seed())
        self._notebook = notebook
        self._clock = clock
        self.session = Session(
            place_of(file, file.name),
            opened,
            provider,
            MemoryBlobs(),
            clock,
            autosave_s=0,
            interpreter=interpreter,
            env=env,
            label=f"{file} (tailrace run)",
        )
        self._lane = Lane(ClientId("headless"), "msgpack", limit_bytes=LANE_BYTES)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "HeadlessRun":
        self._task = asyncio.create_task(self.session.run())
        hello = Hello(PROTOCOL_VERSION, self._lane.client_id)
        self.session.join(self._lane, hello)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.session.kernel_id is not None:
            await self.submit(StopKernel())
        await self.session.close()
        if self._task is not None:
            await self._task

    async def submit(self, operation: Operation) -> Answer:
        operation_id = OperationId(self._clock.seed())
        return await self.session.submit(operation_id, operation, "client:headless")

    async def run_cells(self, *, stop_on_error: bool) -> Answer:
        """Queue every code cell."""
        cells = tuple(cell.cell_id for cell in self.session.room.cells() if cell.kind == "code")
        return await self.submit(RunCells(cells, stop_on_error))

    async def interrupt(self) -> None:
        await self.submit(Interrupt())

    async def records(self) -> AsyncIterator[Record]:
        """What happens, as it is recorded; ends with the session."""
        last = 0
        while True:
            frames = await self._lane.take()
            for data in frames:
                frame = _decoder.decode(data)
                if isinstance(frame, Events):
                    for record in frame.records:
                        last = record.sequence
                        yield record
            if self._lane.is_closed:
                return
            if self._lane.is_cut:
                hello = Hello(
                    PROTOCOL_VERSION, self._lane.client_id, epoch=self.session.log.epoch, after=last
                )
                self.session.join(self._lane, hello)
                await self._lane.rejoined()

    async def notebook(self) -> Notebook:
        """The notebook with the outputs of this run, whole."""
        file = NotebookFile(self.session.topics, self.session.blobs, self._notebook)
        return await file.notebook(self.session.state, self.session.room)
