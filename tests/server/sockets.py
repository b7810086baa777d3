"""Notebooks behind real sockets, with scripted kernels: for what crosses one connection.

Everything runs on one event loop: the sessions, uvicorn as the server configures it, and
the test's own sockets. Who asks is named by the query: `?as=viewer`.
"""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tailrace.kernels.scripted import Script
from tailrace.protocol.ids import NotebookId
from tailrace.server.event_stream import EventStreams
from tailrace.server.identity import EVERYTHING, IDENTITY, Identity
from tailrace.server.problems import install_problems
from tailrace.server.routes import event_streams
from tailrace.server.run import uvicorn_config
from tailrace.server.websocket import converse
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
        # Events belong to one loop.
        self.who = {name: replace(who, ended=asyncio.Event()) for name, who in WHO.items()}
        self.streams = EventStreams()
        self._http = FastAPI()
        self._http.state.event_streams = self.streams
        self._http.state.application = SimpleNamespace(directory=stage.directory)
        install_problems(self._http, stage.notebooks)
        event_streams.routes.install(self._http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("websocket", "http"):
            return
        asked = parse_qs(scope["query_string"].decode()).get("as", ["program"])
        scope[IDENTITY] = self.who[asked[0]]
        if scope["type"] == "http":
            await self._http(scope, receive, send)
            return
        notebook_id = NotebookId(scope["path"].strip("/"))
        websocket = WebSocket(scope, receive, send)
        try:
            await converse(websocket, self.stage.directory, notebook_id)
        except Exception as problem:
            self.problems.append(problem)
            raise

    @contextlib.asynccontextmanager
    async def stream(
        self, notebook_id: str | None = None, *, who: str = "program", speak: str = "json"
    ) -> AsyncIterator["Stream"]:
        """As `socket`, by server-sent events and posts."""
        if notebook_id is None:
            notebook_id = self.stage.directory.place("n.ipynb").notebook_id
        address = f"/api/v1/notebooks/{notebook_id}/stream"
        asked = {"as": who, "protocol": f"tailrace.v1.{speak}"}
        # Let go of in the end, as a page that is closed does; nothing is waited for.
        async with (
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE_S, trust_env=False
            ) as client,
            client.stream("GET", address, params=asked) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            stream = Stream(client, answer, speak, address, who)
            await stream.begin()
            yield stream

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


class Talk:
    """One client that sees frames as plain values, whatever carries them."""

    async def say(self, kind: str, **fields: Any) -> None:
        raise NotImplementedError

    async def hear(self) -> dict[str, Any]:
        raise NotImplementedError

    async def hello(self, client_id: str = "ada", **fields: Any) -> list[dict[str, Any]]:
        """Say hello; the frames up to the first status."""
        await self.say("hello", protocol=1, client_id=client_id, **fields)
        return await self.until("status")

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


class Stream(Talk):
    """One client by server-sent events. `close` is what the last event said."""

    def __init__(
        self, client: httpx.AsyncClient, answer: httpx.Response, speak: str, address: str, who: str
    ) -> None:
        self.client = client
        self.answer = answer
        self.stream_id = ""
        self.close: dict[str, Any] | None = None
        self._speak = speak
        self._address = address
        self._who = who
        self._lines = answer.aiter_lines()

    async def begin(self) -> None:
        name, data = await self._event()
        assert name == "stream"
        self.stream_id = data

    async def _event(self) -> tuple[str, str]:
        """The next event; its name is empty at the end."""
        name = ""
        async for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                return name, value
        return "", ""

    async def post(self, body: bytes, *, who: str | None = None, kind: str = "") -> httpx.Response:
        return await self.client.post(
            f"{self._address}/{self.stream_id}",
            params={"as": who or self._who},
            content=body,
            headers={
                "content-type": kind or f"application/{self._speak}",
                "x-tailrace-token": "anti-forgery-token",
            },
        )

    async def say_all(self, *frames: dict[str, Any]) -> None:
        encode = msgspec.json.encode if self._speak == "json" else msgspec.msgpack.encode
        answer = await self.post(encode(list(frames)))
        assert answer.status_code in (204, 410), answer.text

    async def say(self, kind: str, **fields: Any) -> None:
        await self.say_all({"kind": kind, **fields})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            name, data = await self._event()
        if name != "frame":
            self.close = json.loads(data) if name == "close" else None
            raise EOFError
        found: dict[str, Any] = (
            json.loads(data)
            if self._speak == "json"
            else msgspec.msgpack.decode(base64.b64decode(data))
        )
        return found

    async def closed(self) -> tuple[int, dict[str, Any] | None]:
        """Read to the end: the close code, and the goodbye before it."""
        goodbye = None
        with contextlib.suppress(EOFError):
            while True:
                frame = await self.hear()
                goodbye = frame if frame["kind"] == "goodbye" else goodbye
        assert self.close is not None
        return self.close["code"], goodbye


class Socket(Talk):
    """One client by a WebSocket."""

    def __init__(self, connection: ClientConnection, speak: str) -> None:
        self.connection = connection
        self._speak = speak

    async def say(self, kind: str, **fields: Any) -> None:
        frame = {"kind": kind, **fields}
        if self._speak == "json":
            await self.connection.send(msgspec.json.encode(frame).decode())
        else:
            await self.connection.send(msgspec.msgpack.encode(frame))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            data = await self.connection.recv()
        assert isinstance(data, str) == (self._speak == "json")
        found: dict[str, Any] = (
            msgspec.json.decode(data) if isinstance(data, str) else msgspec.msgpack.decode(data)
        )
        return found

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
            made.streams.close()
            server.should_exit = True
            async with asyncio.timeout(PATIENCE_S):
                await serving
        assert not made.problems
