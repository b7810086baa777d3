"""Run a whole notebook without a page: a session like any other, with one client, here.

The file is not touched; what happened comes out as records of the log that is given.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Container
from itertools import groupby
from pathlib import Path

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.held import HeldBlobs
from tailrace.formats.ipynb import render
from tailrace.formats.notebook import Notebook
from tailrace.kernels.kernel import KernelProvider
from tailrace.log.codec import decode_record
from tailrace.log.event_log import EventLog
from tailrace.protocol.frames import PROTOCOL_VERSION, Answer, Hello
from tailrace.protocol.ids import CellId, ClientId, OperationId
from tailrace.protocol.operations import Interrupt, Operation, RunCells, StopKernel
from tailrace.protocol.records import Record
from tailrace.session.clock import Clock
from tailrace.session.notebook_file import NotebookFile
from tailrace.session.opening import opened_from_file
from tailrace.session.place import place_of
from tailrace.session.session import Session
from tailrace.session.tail import PAGE_BYTES, Bell


class HeadlessRun:
    """`async with HeadlessRun(...) as run`, then `submit` and read `record` by record."""

    def __init__(
        self,
        file: Path,
        notebook: Notebook,
        provider: KernelProvider,
        clock: Clock,
        log: EventLog,
        blobs: BlobStore,
        *,
        interpreter: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        held = HeldBlobs(blobs)
        digest = hashlib.sha256(render(notebook)).hexdigest()
        opened = opened_from_file(notebook, digest, log, held, at=clock.now(), seed=clock.seed())
        self._notebook = notebook
        self._clock = clock
        self.session = Session(
            place_of(file, file.name),
            opened,
            provider,
            held,
            clock,
            autosave_s=0,
            interpreter=interpreter,
            env=env,
            label=f"{file} (tailrace run)",
        )
        self._bell = Bell(ClientId("headless"))
        self._ahead: deque[Record] = deque()
        self._read = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "HeadlessRun":
        self._task = asyncio.create_task(self.session.run())
        self.session.join(self._bell, Hello(PROTOCOL_VERSION, self._bell.client_id))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.session.kernel_id is not None:
            await self.submit(StopKernel())
        await self.session.close()
        if self._task is not None:
            await self._task

    async def submit(self, operation: Operation) -> Answer:
        return await self._submitted(operation)

    def _submitted(self, operation: Operation) -> asyncio.Future[Answer]:
        operation_id = OperationId(self._clock.seed())
        return self.session.submit(operation_id, operation, "client:headless")

    async def run_all(self, *, may_fail: Container[CellId]) -> Answer | None:
        """Queue every code cell. After one that fails the others are not run, unless it is one
        that may. None: there is nothing to run."""
        cells = [cell.cell_id for cell in self.session.room.cells() if cell.kind == "code"]
        # All in one turn: the first could fail before the last is asked for.
        answers = [
            self._submitted(RunCells(tuple(group), stop_on_error=not free))
            for free, group in groupby(cells, lambda cell_id: cell_id in may_fail)
        ]
        for answer in answers:
            if (await answer).refusal is not None:
                return await answer
        return await answers[-1] if answers else None

    @property
    def storage_problem(self) -> str:
        """Why nothing can be recorded at the moment, so that the run waits; empty: it can."""
        status = self.session.actor.status
        return status.message if status.storage == "full" else ""

    async def interrupt(self) -> None:
        await self.submit(Interrupt())

    async def record(self) -> Record | None:
        """What happened next; None when the session has ended. May be cancelled and asked for
        again. Whoever is slow to ask slows nothing down and misses nothing."""
        while not self._ahead:
            found = await self.session.log.read(self._read, limit_bytes=PAGE_BYTES)
            if found:
                self._ahead.extend(map(decode_record, found))
                self._read = found[-1].sequence
            elif self._bell.is_closed:
                return None
            else:
                await self._bell.rung()
        return self._ahead.popleft()

    async def notebook(self) -> Notebook:
        """The notebook with the outputs of this run, whole."""
        file = NotebookFile(self.session.topics, self.session.blobs, self._notebook)
        return await file.notebook(self.session.state, self.session.room)
