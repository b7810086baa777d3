"""One client's conversation with a session: hello, a reader into the mailbox, a writer out of
the lane.

Neither waits for the other. The writer sends what the lane holds and lets the wire's own
back-pressure stop it; what a client that does not read would have been sent is forgotten by
its lane, and after it has read again it is given a snapshot and the tail. Rules: SYNC-n in
`docs/spec/protocol.md`.

What carries the frames is the `Wire`'s affair: a WebSocket (`websocket.py`), or an event
stream with posts beside it (`event_stream.py`). Both are thin; all that is said is here.
"""

import asyncio
import contextlib
import logging
import time
from typing import Protocol

import msgspec

from tailrace.protocol.errors import (
    FileMissing,
    NotANotebook,
    PathOutside,
    ProtocolError,
    ServerClosing,
    TailraceError,
)
from tailrace.protocol.frames import (
    PROTOCOL_VERSION,
    Ask,
    ClientFrame,
    Goodbye,
    Hello,
    Ping,
    Pong,
    Refusal,
    Reply,
    Submit,
)
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.identity import Identity
from tailrace.session.directory import Directory
from tailrace.session.fanout import Encoding, Lane, encoded
from tailrace.session.session import Session

HELLO_S = 10.0  # before it has said hello a socket may not stay
HELLO_BYTES = 4 << 10
GOODBYE_S = 2.0  # for what a client has still to read when its session ends
ASKS_AT_ONCE = 8
RATE = 2_000  # frames a second that one client may send in the long run
RATE_BURST = 6_000  # a client that was offline sends many at once when it comes back

PERMISSIONS = ("read", "run", "edit", "admin")

CLOSE_NORMAL = 1000
CLOSE_TOO_BIG = 1009
CLOSE_GOING_AWAY = 1001
CLOSE_FAILED = 1011
CLOSE_MALFORMED = 4400
CLOSE_FORBIDDEN = 4403
CLOSE_UNKNOWN = 4404
CLOSE_VERSION = 4409
CLOSE_NOT_A_NOTEBOOK = 4422
CLOSE_TOO_FAST = 4429

ENCODINGS: dict[str, Encoding] = {
    "tailrace.v1.msgpack": "msgpack",
    "tailrace.v1.json": "json",
}
"""By the names that a client asks for them by."""

log_ = logging.getLogger("tailrace.server")

_from_msgpack = msgspec.msgpack.Decoder(ClientFrame)
_from_json = msgspec.json.Decoder(ClientFrame)


class _Leave(Exception):
    """The connection ends, and why."""

    def __init__(self, close_code: int, code: str, message: str) -> None:
        self.close_code = close_code
        self.goodbye = Goodbye(code, message)
        super().__init__(message)


class Departed(Exception):
    """The client is gone; nothing can be said to it any more."""


class Wire(Protocol):
    """What carries one client's frames, in order, both ways."""

    @property
    def encoding(self) -> Encoding: ...

    async def receive(self) -> bytes | str:
        """The next frame. Raises `Departed` when none will come."""
        ...

    async def send(self, data: bytes) -> None:
        """Waits while the client does not read. Raises `Departed` where that is noticed."""
        ...

    async def close(self, code: int, reason: str) -> None: ...


class Conversation:
    """One client that was let in. `serve` returns when it is over."""

    def __init__(
        self, wire: Wire, identity: Identity, directory: Directory, notebook_id: NotebookId
    ) -> None:
        self._wire = wire
        self._identity = identity
        self._directory = directory
        self._notebook_id = notebook_id
        self._tokens = float(RATE_BURST)
        self._last_frame = time.monotonic()

    async def serve(self) -> None:
        try:
            hello = await self._hello()
            session = await self._directory.session(self._notebook_id)
            await self._converse(session, hello)
        except _Leave as leave:
            await self._say_goodbye(leave.goodbye, leave.close_code)
        except Departed:
            pass
        except ProtocolError as error:
            await self._say_goodbye(Goodbye(error.code, str(error)), CLOSE_MALFORMED)
        except TailraceError as error:
            await self._say_goodbye(Goodbye(error.code, str(error)), close_code_of(error))
        except Exception:
            log_.exception("a client of notebook %s failed", self._notebook_id)
            message = "something failed in the server; its log has the cause; reconnecting"
            await self._say_goodbye(Goodbye("internal", message), CLOSE_FAILED)

    # ── in ───────────────────────────────────────────────────────────────────

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_S):
                frame = await self._receive(limit=HELLO_BYTES)
        except TimeoutError:
            raise _Leave(CLOSE_MALFORMED, "protocol.silent", "no hello came; reconnect") from None
        if not isinstance(frame, Hello):
            raise ProtocolError("the first frame must be hello")
        if frame.protocol != PROTOCOL_VERSION:
            raise _Leave(
                CLOSE_VERSION,
                "protocol.version",
                f"you speak protocol {frame.protocol}, this server {PROTOCOL_VERSION}; reload",
            )
        if not is_id(frame.client_id):
            raise ProtocolError("client_id must be 1 to 64 letters, digits, - or _")
        if not self._identity.is_bearer and not self._identity.proves(frame.token or ""):
            raise _Leave(
                CLOSE_FORBIDDEN,
                "auth.anti-forgery",
                "the anti-forgery token is missing or old; reload",
            )
        return frame

    async def _receive(self, *, limit: int | None = None) -> ClientFrame:
        data = await self._wire.receive()
        if limit is not None and len(data) > limit:
            raise _Leave(CLOSE_TOO_BIG, "protocol.too-big", f"a hello may have {limit} bytes")
        self._count()
        try:
            frame: ClientFrame = (
                _from_msgpack.decode(data) if isinstance(data, bytes) else _from_json.decode(data)
            )
            return frame
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
            raise ProtocolError(f"a frame cannot be read: {problem}") from problem

    def _count(self) -> None:
        now = time.monotonic()
        self._tokens = min(RATE_BURST, self._tokens + (now - self._last_frame) * RATE) - 1
        self._last_frame = now
        if self._tokens < 0:
            raise _Leave(CLOSE_TOO_FAST, "protocol.too-fast", "too many frames; slow down")

    async def _converse(self, session: Session, hello: Hello) -> None:
        lane = Lane(hello.client_id, self._wire.encoding)
        lane.may = tuple(each for each in PERMISSIONS if each in self._identity.may)
        actor = f"client:{hello.client_id}"
        session.join(lane, hello)
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(session, lane))
                reader = tasks.create_task(self._read(session, lane, actor, tasks))
                closed = tasks.create_task(lane.until_closed())
                await asyncio.wait((writer, reader, closed), return_when=asyncio.FIRST_COMPLETED)
                lane.close()
                if not reader.done():  # somebody is there to read what is left
                    await asyncio.wait((writer,), timeout=GOODBYE_S)
                writer.cancel()
                reader.cancel()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            session.leave(lane)
        if lane.goodbye is not None:
            codes = {"session.failed": CLOSE_FAILED, "session.moved": CLOSE_UNKNOWN}
            code = codes.get(lane.goodbye.code, CLOSE_GOING_AWAY)
            await self._say_goodbye(lane.goodbye, code)

    async def _read(
        self, session: Session, lane: Lane, actor: str, tasks: asyncio.TaskGroup
    ) -> None:
        asking = asyncio.Semaphore(ASKS_AT_ONCE)
        may = self._identity.may
        while True:
            frame = await self._receive()
            match frame:
                case Submit(operation_id=operation_id, operation=operation):
                    if not is_id(operation_id):
                        raise ProtocolError("operation_id must be 1 to 64 letters, digits, - or _")
                    session.submit(operation_id, operation, actor, lane, may=may)
                case Ask():
                    await asking.acquire()
                    task = tasks.create_task(self._ask(session, lane, frame))
                    task.add_done_callback(lambda _: asking.release())
                case Ping(nonce=nonce):
                    lane.put(Pong(nonce))
                case Hello():
                    raise ProtocolError("hello comes once")

    async def _ask(self, session: Session, lane: Lane, ask: Ask) -> None:
        try:
            result = await session.ask(ask.request)
        except TailraceError as error:
            lane.put(Reply(ask.request_id, None, Refusal(error.code, str(error))))
        else:
            lane.put(Reply(ask.request_id, result))

    # ── out ──────────────────────────────────────────────────────────────────

    async def _write(self, session: Session, lane: Lane) -> None:
        while True:
            for data in await lane.take():
                await self._wire.send(data)
            if lane.is_closed:
                return
            if lane.is_cut and not lane.waiting_bytes:
                session.rejoin(lane)
                await lane.rejoined()

    async def _say_goodbye(self, goodbye: Goodbye, close_code: int) -> None:
        # It may be gone already, or read nothing.
        with contextlib.suppress(Departed, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._wire.send(encoded(goodbye, self._wire.encoding))
                await self._wire.close(close_code, goodbye.code)


def close_code_of(error: TailraceError) -> int:
    """The close code of SYNC-7 for an error that ends a connection."""
    match error:
        case FileMissing() | PathOutside():
            return CLOSE_UNKNOWN
        case NotANotebook():
            return CLOSE_NOT_A_NOTEBOOK
        case ServerClosing():
            return CLOSE_GOING_AWAY
        case _:
            return CLOSE_FAILED


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one cause in a task group's bundle: what ends a connection ends it once."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
