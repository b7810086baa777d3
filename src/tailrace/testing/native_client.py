"""A client of the native protocol, for tests and programs: it folds, resumes, and remembers.

It does what a page does (SYNC-n): says hello with what it has, folds records in order,
refuses a gap, takes snapshots, sends unanswered operations again after a break. All the
records it was shown are kept in `records`, so that a test can compare them with what others
saw.
"""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tailrace.core.step import evolve
from tailrace.protocol import frames as fr
from tailrace.protocol import operations as op
from tailrace.protocol.events import TextAppended
from tailrace.protocol.ids import CellId, ClientId, ExecutionId, OperationId, RequestId
from tailrace.protocol.outputs import StreamOutput
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

_decoder = msgspec.msgpack.Decoder(fr.ServerFrame)
_encode = msgspec.msgpack.Encoder().encode


class NativeClient:
    """`url` is the server's address (`http://127.0.0.1:8899`), `token` its fixed token."""

    def __init__(
        self, url: str, token: str, notebook_id: str, *, client_id: str | None = None
    ) -> None:
        self.client_id = ClientId(client_id or f"c-{secrets.token_hex(6)}")
        self.state = SessionState()
        self.document = b""
        self.records: list[Record] = []
        self.snapshots = 0
        self.epoch: str | None = None
        self.durable = 0
        self.status: fr.Status | None = None
        self._address = (
            f"{url.replace('http', 'ws', 1).rstrip('/')}/api/v1/notebooks/{notebook_id}/socket"
        )
        self._token = token
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pending: dict[OperationId, op.Operation] = {}
        self._answers: dict[OperationId, asyncio.Future[fr.Answer]] = {}
        self._replies: dict[RequestId, asyncio.Future[fr.Reply]] = {}
        self._numbers = itertools.count(1)
        self._moved = asyncio.Event()
        self.goodbye: fr.Goodbye | None = None
        self.failure: AssertionError | None = None
        """What the server did against the protocol, if anything: a gap in the records."""

    # ── the connection ───────────────────────────────────────────────────────

    async def connect(self, *, retry_s: float = 0.0) -> None:
        """Open the socket and be welcomed. With `retry_s`, try that long."""
        deadline = asyncio.get_running_loop().time() + retry_s
        while True:
            try:
                await self._connect()
                return
            except (OSError, WebSocketException, EOFError, TimeoutError):
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(0.02)

    async def _connect(self) -> None:
        self._socket = await connect(
            self._address,
            subprotocols=["tailrace.v1.msgpack"],  # type: ignore[list-item]
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,
            max_size=None,
            max_queue=64,
            ping_interval=None,
        )
        after = self.state.sequence if self.epoch is not None else None
        hello = fr.Hello(fr.PROTOCOL_VERSION, self.client_id, self.epoch, after)
        await self._socket.send(_encode(hello))
        async with asyncio.timeout(10):
            welcome = self._decode(await self._socket.recv(decode=False))
        if isinstance(welcome, fr.Goodbye):
            raise ConnectionError(f"{welcome.code}: {welcome.message}")
        assert isinstance(welcome, fr.Welcome), welcome
        if welcome.epoch != self.epoch:
            self.epoch = welcome.epoch
            self.state = SessionState()
        for operation_id, operation in self._pending.items():
            await self._socket.send(_encode(fr.Submit(operation_id, operation)))
        self._reader = asyncio.create_task(self._read(self._socket))

    async def drop(self) -> None:
        """Lose the connection, as a network would."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self._stop_reading()

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._stop_reading()

    async def stall(self) -> None:
        """Read nothing more of an open connection, as a sleeping tab would."""
        await self._stop_reading()

    def go_on(self) -> None:
        """Read again, from where it stalled."""
        assert self._socket is not None
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    @property
    def is_connected(self) -> bool:
        return self._reader is not None and not self._reader.done()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._take(self._decode(await socket.recv(decode=False)))
        except ConnectionClosed:
            pass
        except AssertionError as broken:
            self.failure = broken
        finally:
            self._moved.set()

    def _decode(self, data: bytes | str) -> fr.ServerFrame:
        frame: fr.ServerFrame = _decoder.decode(data)  # type: ignore[arg-type]
        return frame

    def _take(self, frame: fr.ServerFrame) -> None:
        match frame:
            case fr.Events(records=records):
                for record in records:
                    if record.sequence <= self.state.sequence:
                        continue
                    if record.sequence != self.state.sequence + 1:
                        raise AssertionError(
                            f"a gap: {record.sequence} after {self.state.sequence}"
                        )
                    self.state = evolve(self.state, record)
                    self.records.append(record)
            case fr.Snapshot(state=state, document=document):
                self.state, self.document = state, document
                self.snapshots += 1
            case fr.Answer(operation_id=operation_id):
                self._pending.pop(operation_id, None)
                waiting = self._answers.pop(operation_id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
            case fr.Reply(request_id=request_id):
                asked = self._replies.pop(request_id, None)
                if asked is not None and not asked.done():
                    asked.set_result(frame)
            case fr.Durable(sequence=sequence):
                self.durable = sequence
            case fr.Status():
                self.status = frame
            case fr.Goodbye():
                self.goodbye = frame
            case _:
                pass
        self._moved.set()

    # ── asking ───────────────────────────────────────────────────────────────

    async def submit(self, operation: op.Operation, operation_id: str | None = None) -> fr.Answer:
        """Ask for an operation; sent again after a break until it is answered."""
        return await self.send(operation, operation_id)

    def send(
        self, operation: op.Operation, operation_id: str | None = None
    ) -> asyncio.Future[fr.Answer]:
        name = OperationId(operation_id or f"{self.client_id}-{next(self._numbers)}")
        self._pending[name] = operation
        answer = self._answers.setdefault(name, asyncio.get_running_loop().create_future())
        if self.is_connected and self._socket is not None:
            self._sending = asyncio.ensure_future(self._send(fr.Submit(name, operation)))
        return answer

    async def _send(self, frame: fr.ClientFrame) -> None:
        assert self._socket is not None
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(_encode(frame))

    async def ask(self, request: fr.Request) -> fr.Reply:
        name = RequestId(f"r-{next(self._numbers)}")
        reply = self._replies.setdefault(name, asyncio.get_running_loop().create_future())
        await self._send(fr.Ask(name, request))
        return await reply

    # ── waiting ──────────────────────────────────────────────────────────────

    async def until(
        self, claim: Callable[[SessionState], bool], *, timeout_s: float = 30.0
    ) -> None:
        """Wait until the folded state fulfils `claim`. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while not claim(self.state):
                self._moved.clear()
                await self._moved.wait()

    async def seen(self) -> AsyncIterator[Record]:
        """Every record as it is folded; ends with the connection."""
        at = len(self.records)
        while True:
            while at < len(self.records):
                yield self.records[at]
                at += 1
            if not self.is_connected:
                return
            self._moved.clear()
            await self._moved.wait()

    async def run(self, *cell_ids: str, timeout_s: float = 60.0) -> list[str]:
        """Run cells and wait until all have finished; the statuses, in order."""
        before = dict(self.state.cells)
        await self.submit(op.RunCells(tuple(map(CellId, cell_ids))))

        def finished(state: SessionState) -> bool:
            newest = [state.cells.get(CellId(each)) for each in cell_ids]
            return all(
                execution is not None
                and execution != before.get(CellId(cell))
                and state.executions[execution].phase == "finished"
                for cell, execution in zip(cell_ids, newest, strict=True)
            )

        await self.until(finished, timeout_s=timeout_s)
        return [str(self.state.executions[self.state.cells[CellId(c)]].status) for c in cell_ids]

    def text(self, cell_id: str, stream: str = "stdout") -> str:
        """What the cell's newest execution wrote, as state has it (capped)."""
        execution = self.state.executions[self.state.cells[CellId(cell_id)]]
        return "".join(
            item.head + item.tail
            for item in execution.outputs.items
            if isinstance(item, StreamOutput) and item.name == stream
        )

    def recorded_text(self, execution_id: ExecutionId) -> str:
        """What the execution wrote, from the records this client was shown."""
        return "".join(
            record.event.text
            for record in self.records
            if isinstance(record.event, TextAppended) and record.event.execution_id == execution_id
        )
