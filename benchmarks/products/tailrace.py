"""Ours, driven as a page drives it: one socket, document updates, `run-cells`."""

import asyncio
import contextlib
import json
import secrets
import sys
import time
import urllib.request
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.memory import descendants
from benchmarks.products.product import Kind, Said, Seat, Server, free_port
from tailrace.protocol import events as ev
from tailrace.protocol import frames as fr
from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId, ClientId, OperationId

TOKEN = "benchmark-token"
CELL = CellId("only")

_decode = msgspec.msgpack.Decoder(fr.ServerFrame).decode
_encode = msgspec.msgpack.Encoder().encode


class Tailrace:
    name = "tailrace"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = folder / "home"
        self._notebooks = folder / "notebooks"
        self._notebooks.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        self.base = f"http://127.0.0.1:{self._port}"
        self._server = self._new_server()

    def _new_server(self) -> Server:
        return Server(
            [
                sys.executable,
                "-m",
                "tailrace.cli",
                "--no-browser",
                "--port",
                str(self._port),
                "--token",
                TOKEN,
                str(self._notebooks),
            ],
            f"http://127.0.0.1:{self._port}/healthz",
            self._folder,
            {"TAILRACE_HOME": str(self._home)},
        )

    async def start(self) -> float:
        return await self._server.start()

    async def sit_down(self, number: int) -> "TailraceSeat":
        name = f"n{number}.ipynb"
        cell = {
            "cell_type": "code",
            "execution_count": None,
            "id": CELL,
            "metadata": {},
            "outputs": [],
            "source": "pass",
        }
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self._notebooks / name).write_text(json.dumps(notebook))
        found = await asyncio.to_thread(self._post, "/api/v1/notebooks", {"path": name})
        seat = TailraceSeat(self._port, found["notebook_id"])
        await seat.connect()
        return seat

    async def join(self, seat: Seat) -> "TailraceSeat":
        assert isinstance(seat, TailraceSeat)
        other = TailraceSeat(self._port, seat.notebook_id)
        await other.connect()
        return other

    def kill(self) -> None:
        self._server.kill()

    async def stop(self) -> None:
        await self._server.stop()
        stop = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tailrace.cli",
            "kernels",
            "stop",
            "--all",
            env={"TAILRACE_HOME": str(self._home), "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await stop.wait()

    def server_id(self) -> int:
        return self._server.pid

    def process_ids(self) -> list[int]:
        # The host is no child of the server: it is found by the run folder it was given.
        hosts = [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _mentions(entry, str(self._home))
        ]
        return sorted({pid for root in [self._server.pid, *hosts] for pid in descendants(root)})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def _mentions(process: Path, text: str) -> bool:
    try:
        return text.encode() in process.joinpath("cmdline").read_bytes()
    except OSError:
        return False


class TailraceSeat:
    def __init__(self, port: int, notebook_id: str) -> None:
        self.notebook_id = notebook_id
        self._address = f"ws://127.0.0.1:{port}/api/v1/notebooks/{notebook_id}/socket"
        self._client_id = secrets.token_hex(6)
        self._socket: ClientConnection | None = None
        self._epoch: str | None = None
        self._sequence = 0
        self._generation = ""
        self._document: pycrdt.Doc[Any] = pycrdt.Doc()
        self._source: str | None = None
        self._numbers = 0
        self._frames = 0
        self._said: deque[Said] = deque()

    async def connect(self, *, retry_s: float = 30.0) -> None:
        deadline = asyncio.get_running_loop().time() + retry_s
        while True:
            try:
                self._socket = await connect(
                    self._address,
                    subprotocols=["tailrace.v1.msgpack"],  # type: ignore[list-item]
                    additional_headers={"Authorization": f"Bearer {TOKEN}"},
                    compression=None,
                    max_size=None,
                    ping_interval=None,
                )
                break
            except (OSError, EOFError):
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.01)
        after = self._sequence if self._epoch else None
        hello = fr.Hello(fr.PROTOCOL_VERSION, ClientId(self._client_id), self._epoch, after)
        await self._socket.send(_encode(hello))
        welcome = await self._frame()
        assert isinstance(welcome, fr.Welcome), welcome
        self._epoch = welcome.epoch
        if after is None:
            snapshot = await self._frame()
            assert isinstance(snapshot, fr.Snapshot), snapshot
            self._take_snapshot(snapshot)

    def _take_snapshot(self, snapshot: fr.Snapshot) -> None:
        self._sequence = snapshot.state.sequence
        self._generation = snapshot.state.generation or ""
        self._document = pycrdt.Doc()
        self._document.apply_update(snapshot.document)
        execution_id = snapshot.state.cells.get(CELL)
        if execution_id is not None:
            execution = snapshot.state.executions[execution_id]
            at = asyncio.get_running_loop().time()
            for item in execution.outputs.items:
                if hasattr(item, "head"):
                    self._said.append(Said(at, "text", item.head + item.tail, self._frames))
            if execution.phase == "finished":
                self._said.append(Said(at, "finished", str(execution.status), self._frames))

    async def run(self, code: str) -> None:
        self._said.clear()
        assert self._socket is not None
        if code != self._source:
            before = self._document.get_state()
            cells = self._document.get("cells", type=pycrdt.Map)
            text = cells[CELL]["source"]
            with self._document.transaction():
                text.clear()
                text.insert(0, code)
            await self._submit(
                op.UpdateDocument(self._generation, self._document.get_update(before))
            )
            self._source = code
        await self._submit(op.RunCells((CELL,)))

    async def _submit(self, operation: op.Operation) -> None:
        assert self._socket is not None
        self._numbers += 1
        name = OperationId(f"{self._client_id}-{self._numbers}")
        await self._socket.send(_encode(fr.Submit(name, operation)))

    async def interrupt(self) -> None:
        await self._submit(op.Interrupt())

    async def next(self) -> Said:
        while not self._said:
            frame = await self._frame()
            if isinstance(frame, fr.Events):
                for record in frame.records:
                    self._sequence = record.sequence
                    said = _said(record.event)
                    if said is not None:
                        self._said.append(Said(time.perf_counter(), *said, self._frames))
            elif isinstance(frame, fr.Snapshot):
                self._take_snapshot(frame)
            elif isinstance(frame, fr.Answer) and frame.refusal is not None:
                raise RuntimeError(frame.refusal.message)
        return self._said.popleft()

    async def _frame(self) -> fr.ServerFrame:
        assert self._socket is not None
        data = await self._socket.recv(decode=False)
        self._frames += 1
        return _decode(data)  # type: ignore[no-any-return]

    async def drop(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def come_back(self, *, as_somebody_else: bool) -> None:
        if as_somebody_else:
            self._client_id = secrets.token_hex(6)
            self._epoch, self._sequence = None, 0
        await self.connect()

    async def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.close()


def _said(event: ev.Event) -> tuple[Kind, str] | None:
    match event:
        case ev.TextAppended(text=text):
            return "text", text
        case ev.DisplayAppended(execution_count=count, data=data):
            plain = data.get("text/plain")
            return ("result" if count is not None else "display"), str(plain)
        case ev.ErrorAppended(name=name):
            return "error", name
        case ev.ExecutionFinished(status=status):
            return "finished", status
        case ev.KernelDied(cause=cause):
            raise RuntimeError(cause.message)
        case _:
            return None
