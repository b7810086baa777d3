"""Notebooks behind real sockets, with scripted kernels: for what crosses one connection.

Everything runs on one event loop: the sessions, uvicorn as the server configures it, and
the test's own sockets. Who asks is named by the query: `?as=viewer`.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tailrace.kernels.scripted import Script
from tailrace.protocol.ids import NotebookId
from tailrace.server.identity import EVERYTHING, IDENTITY, Identity
from tailrace.server.run import uvicorn_config
from tailrace.server.websocket import Connection
from tests.session.stage import PATIENCE_S, Stage

WHO: Mapping[str, Identity] = {
    "program": Identity("program", EVERYTHING),
    "viewer": Identity("viewer", frozenset({"read"})),
    "page": Identity("page", EVERYTHING, login="login", anti_forgery="anti-forgery-token"),
}


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the tests' own process keeps its signals


class Hall:
    """A stage that is listened to. `problems` are what went wrong in the server unnamed."""

    def __init__(self, stage: Stage, port: int) -> None:
        self.stage = stage
        self.port = port
        self.problems: list[BaseException] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        who = scope["query_string"].decode().partition("=")[2] or "program"
        scope[IDENTITY] = WHO[who]
        notebook_id = NotebookId(scope["path"].strip("/"))
        websocket = WebSocket(scope, receive, send)
        try:
            await Connection(websocket, self.stage.directory, notebook_id).serve()
        except Exception as problem:
            self.problems.append(problem)
            raise

    @contextlib.asynccontextmanager
    async def socket(
        self, notebook_id: str | None = None, *, who: str = "program", speak: str = "json"
    ) -> AsyncIterator["Socket"]:
        if notebook_id is None:
            notebook_id = self.stage.directory.place("n.ipynb").notebook_id
        async with connect(
            f"ws://127.0.0.1:{self.port}/{notebook_id}?as={who}",
            subprotocols=[f"tailrace.v1.{speak}"] if speak else None,  # type: ignore[list-item]
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as connection:
            yield Socket(connection, speak or "json")


class Socket:
    """One client that sees frames as plain values."""

    def __init__(self, connection: ClientConnection, speak: str) -> None:
        self.connection = connection
        self._speak = speak

    async def say(self, kind: str, **fields: Any) -> None:
        frame = {"kind": kind, **fields}
        if self._speak == "json":
            await self.connection.send(msgspec.json.encode(frame).decode())
        else:
            await self.connection.send(msgspec.msgpack.encode(frame))

    async def hello(self, client_id: str = "ada", **fields: Any) -> list[dict[str, Any]]:
        """Say hello; the frames up to the first status."""
        await self.say("hello", protocol=1, client_id=client_id, **fields)
        return await self.until("status")

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            data = await self.connection.recv()
        assert isinstance(data, str) == (self._speak == "json")
        found: dict[str, Any] = (
            msgspec.json.decode(data) if isinstance(data, str) else msgspec.msgpack.decode(data)
        )
        return found

    async def until(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """The frames up to the first of `kind` in which `wanted` stands."""
        seen = []
        while True:
            frame = await self.hear()
            seen.append(frame)
            if frame["kind"] == kind and wanted.items() <= frame.items():
                return seen

    async def until_event(self, kind: str) -> list[dict[str, Any]]:
        """The records up to the first whose event is of `kind`."""
        seen: list[dict[str, Any]] = []
        while not any(record["event"]["kind"] == kind for record in seen):
            frame = await self.hear()
            seen += frame.get("records", ())
        return seen

    async def closed(self) -> tuple[int, dict[str, Any] | None]:
        """Read to the end: the close code, and the goodbye before it."""
        goodbye = None
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await self.hear()
                goodbye = frame if frame["kind"] == "goodbye" else goodbye
        assert self.connection.close_code is not None
        return self.connection.close_code, goodbye


@contextlib.asynccontextmanager
async def hall(folder: Path, script: Script) -> AsyncIterator[Hall]:
    async with Stage(folder, script) as stage:
        listener = socket.create_server(("127.0.0.1", 0))
        made = Hall(stage, listener.getsockname()[1])
        server = _Quiet(uvicorn_config(made))  # type: ignore[arg-type]
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        try:
            yield made
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE_S):
                await serving
        assert not made.problems
