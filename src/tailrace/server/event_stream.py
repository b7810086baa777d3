"""Server-sent events one way and posts the other, as the wire of a conversation.

For where WebSockets do not get through (SYNC-31 to SYNC-33). A client opens a stream, is told
its id by the first event, and posts its frames under that id; who posts must be who opened
it. What is said is what a WebSocket would say: `conversation.py` does not know by which of
the two it speaks, so resuming, budgets and permissions are the same.

    event: stream   data: the stream's id
    event: frame    data: one frame; JSON, or MessagePack in base64
    event: close    data: {"code", "reason"}, as a WebSocket would be closed
"""

import asyncio
import base64
import json
import secrets
from collections import deque
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tailrace.protocol.errors import StreamGone
from tailrace.protocol.ids import NotebookId
from tailrace.server.conversation import (
    CLOSE_FAILED,
    CLOSE_GOING_AWAY,
    Conversation,
    Departed,
)
from tailrace.server.identity import Identity
from tailrace.server.permissions import LOGGED_OUT
from tailrace.session.directory import Directory
from tailrace.session.fanout import Encoding

INBOX_FRAMES = 64  # further ones wait in their post, and so in the client
# Some proxies hand nothing on before they have seen this much of an answer.
PADDING = b":" + b" " * 2048 + b"\n\n"

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",  # asks nginx to hand on what comes
}


class StreamWire:
    """One open stream. Posts put frames in, its conversation takes them out."""

    def __init__(self, encoding: Encoding, identity: Identity, send: Send) -> None:
        self.encoding: Encoding = encoding
        self.identity = identity
        self._send = send
        self._inbox: deque[bytes | str] = deque()
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._posting = asyncio.Lock()
        self._end: tuple[int, str] | None = None

    async def post(self, frames: Sequence[bytes | str]) -> None:
        """Put in one post's frames, behind those of the posts before it. Waits for room;
        raises `StreamGone` where the stream ends first."""
        async with self._posting:
            for frame in frames:
                while len(self._inbox) >= INBOX_FRAMES and self._end is None:
                    self._taken.clear()
                    await self._taken.wait()
                if self._end is not None:
                    raise StreamGone
                self._inbox.append(frame)
                self._arrived.set()

    async def receive(self) -> bytes | str:
        while not self._inbox and self._end is None:
            self._arrived.clear()
            await self._arrived.wait()
        if self._end is not None:
            raise Departed
        self._taken.set()
        return self._inbox.popleft()

    async def send(self, data: bytes) -> None:
        if self._end is not None:
            raise Departed
        await self.say("frame", base64.b64encode(data) if self.encoding == "msgpack" else data)

    async def say(self, event: str, data: bytes) -> None:
        body = b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def close(self, code: int, reason: str) -> None:
        self.end(code, reason)

    def end(self, code: int, reason: str) -> None:
        """Nothing goes in or out any more; the first reason counts."""
        self._end = self._end or (code, reason)
        self._arrived.set()
        self._taken.set()

    @property
    def farewell(self) -> bytes:
        code, reason = self._end or (CLOSE_FAILED, "")
        return json.dumps({"code": code, "reason": reason}).encode()


class EventStreams:
    """The streams that are open, by the ids under which their clients post."""

    def __init__(self) -> None:
        self._open: dict[str, StreamWire] = {}
        self._is_closing = False

    def find(self, stream_id: str, identity: Identity) -> StreamWire:
        """The stream that `identity` opened. Raises `StreamGone` for any other."""
        wire = self._open.get(stream_id)
        if wire is None or wire.identity.login != identity.login:
            raise StreamGone
        return wire

    def add(self, wire: StreamWire) -> str:
        stream_id = secrets.token_urlsafe(24)
        self._open[stream_id] = wire
        if self._is_closing:
            wire.end(CLOSE_GOING_AWAY, "server.closing")
        return stream_id

    def remove(self, stream_id: str) -> None:
        del self._open[stream_id]

    def close(self) -> None:
        """The server ends: streams would hold it up, as they never end by themselves."""
        self._is_closing = True
        for wire in self._open.values():
            wire.end(CLOSE_GOING_AWAY, "server.closing")


class EventStream(Response):
    """The answer that is one stream; over when its conversation is."""

    def __init__(
        self,
        streams: EventStreams,
        directory: Directory,
        notebook_id: NotebookId,
        *,
        encoding: Encoding,
        identity: Identity,
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._streams = streams
        self._directory = directory
        self._notebook_id = notebook_id
        self._encoding: Encoding = encoding
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": PADDING, "more_body": True})
        wire = StreamWire(self._encoding, self._identity, send)
        stream_id = self._streams.add(wire)
        try:
            await wire.say("stream", stream_id.encode())
            await self._serve(wire, receive)
        finally:
            self._streams.remove(stream_id)
        await wire.say("close", wire.farewell)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _serve(self, wire: StreamWire, receive: Receive) -> None:
        conversation = Conversation(wire, self._identity, self._directory, self._notebook_id)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(conversation.serve())
            gone = tasks.create_task(_until_gone(receive))
            logged_out = tasks.create_task(self._identity.ended.wait())
            await asyncio.wait((serving, gone, logged_out), return_when=asyncio.FIRST_COMPLETED)
            if logged_out.done():  # SEC-22
                wire.end(LOGGED_OUT, "auth.required")
            wire.end(CLOSE_GOING_AWAY, "")
            # A writer that waits for a client that does not read waits for ever.
            for task in (serving, gone, logged_out):
                task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
