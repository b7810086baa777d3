"""The two connections to a guest, each an `asyncio.Protocol` (KER-4).

They carry bytes and say when they are lost; what that means is the kernel's business
(`guest_link.py`). The output channel stops reading when its sink is full, and looks
again by itself: the one who would call `resume` may not have the kernel in hand yet.
"""

import asyncio
import itertools
import logging
import socket
from collections.abc import Callable
from typing import Any, cast

import msgspec

from tailrace.kernels import addresses
from tailrace.kernels.framing import FrameCutter, frame_bytes
from tailrace.kernels.guest_frames import ReportReader, attached_of
from tailrace.kernels.kernel import ReportSink
from tailrace.protocol.errors import KernelError, KernelUnreachable, ProtocolError
from tailrace.protocol.reports import Attached

log_ = logging.getLogger("tailrace.kernels")

PROTOCOL = 1
_LOOK_AGAIN_S = 0.1
_DOOR_FULL_S = 0.01  # before knocking again at a guest with too many waiting


class Channel(asyncio.Protocol):
    """What both have in common: the greeting, and the end."""

    name = ""

    def __init__(self, on_lost: Callable[["Channel"], None]) -> None:
        self.attached: asyncio.Future[Attached] = asyncio.get_running_loop().create_future()
        self._on_lost = on_lost
        self._cutter = FrameCutter()
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    async def open(self, address: addresses.Address, *, received: int, secret: str | None) -> None:
        """Connect and send the attach; `attached` is its answer. Raises `OSError` when
        nobody listens."""
        while True:
            try:
                link = addresses.connect(address)
                break
            except BlockingIOError:
                await asyncio.sleep(_DOOR_FULL_S)
        loop = asyncio.get_running_loop()
        if link.family == socket.AF_INET:
            await loop.create_connection(lambda: self, sock=link)
        else:
            await loop.create_unix_connection(lambda: self, sock=link)
        attach = {"kind": "attach", "protocol": PROTOCOL, "channel": self.name}
        self.send({**attach, "received": received, "secret": secret or ""})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has transports of its own, which only look like asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if not self.attached.done():
            self.attached.set_exception(KernelUnreachable("the kernel closed the connection"))
            self.attached.exception()  # whoever waits gets it; nobody needs to
        self._on_lost(self)

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        if self._transport is not None and self.is_open:
            self._transport.write(frame_bytes(msgspec.json.encode(header), payload))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _greeted(self, header: bytes) -> Attached | None:
        """Take the first frame; None when it was a refusal."""
        try:
            attached = attached_of(header)
        except msgspec.MsgspecError:
            refusal = msgspec.json.decode(header)
            said = refusal.get("message", refusal) if isinstance(refusal, dict) else refusal
            if not self.attached.done():
                self.attached.set_exception(KernelError(f"the kernel refused: {said}"))
            self.close()
            return None
        if not self.attached.done():
            self.attached.set_result(attached)
        return attached


class OutputChannel(Channel):
    """Everything the kernel says, read into `sink` in batches of one read each."""

    name = "output"

    def __init__(
        self, reader: ReportReader, sink: ReportSink, on_lost: Callable[[Channel], None]
    ) -> None:
        super().__init__(on_lost)
        self._reader = reader
        self._sink = sink
        self._paused = False
        self._look_again: asyncio.TimerHandle | None = None

    @property
    def is_paused(self) -> bool:
        return self._paused

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._cutter.feed(data)
            if frames and not self.attached.done():
                attached = self._greeted(frames.pop(0)[0])
                if attached is None:
                    return
                self._sink.put_reports((attached,), 0)
        except (ProtocolError, msgspec.MsgspecError) as error:
            log_.error("a kernel's output cannot be read: %s", error)
            self.close()
            return
        if frames:
            reports, size = self._reader.read(frames)
            if reports and not self._sink.put_reports(reports, size):
                self._pause()

    def _pause(self) -> None:
        if self._transport is not None and self.is_open and not self._paused:
            self._paused = True
            self._transport.pause_reading()
            self._look_later()

    def _look_later(self) -> None:
        self._look_again = asyncio.get_running_loop().call_later(_LOOK_AGAIN_S, self._look)

    def _look(self) -> None:
        if self._sink.put_reports((), 0):
            self.resume()
        else:
            self._look_later()

    def resume(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
        if self._paused and self._transport is not None and self.is_open:
            self._paused = False
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
        self._paused = False
        super().connection_lost(exc)


class ControlChannel(Channel):
    """Everything asked of the kernel, and its replies."""

    name = "control"

    def __init__(self, on_lost: Callable[[Channel], None]) -> None:
        super().__init__(on_lost)
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.was_replaced = False

    def data_received(self, data: bytes) -> None:
        try:
            for header, _ in self._cutter.feed(data):
                if self.attached.done():
                    self._take(msgspec.json.decode(header))
                elif self._greeted(header) is None:
                    return
        except (ProtocolError, msgspec.MsgspecError) as error:
            log_.error("a kernel's reply cannot be read: %s", error)
            self.close()

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            return
        if message.get("kind") == "replaced":
            self.was_replaced = True
            return
        answer = self._waiting.get(str(message.get("request_id")))
        if answer is None or answer.done():
            return
        if message.get("ok"):
            result = message.get("result")
            answer.set_result(result if isinstance(result, dict) else {})
        else:
            answer.set_exception(KernelError(str(message.get("error", "the kernel refused"))))

    async def ask(
        self, kind: str, arguments: dict[str, Any], *, timeout_s: float
    ) -> dict[str, Any]:
        if not self.is_open:
            raise KernelUnreachable("the kernel is gone")
        number = f"q{next(self._numbers)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self.send({**arguments, "kind": kind, "request_id": number})
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise KernelUnreachable(
                f"the kernel did not answer {kind!r} within {timeout_s:g} s"
            ) from None
        finally:
            del self._waiting[number]

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(KernelUnreachable("the kernel is gone"))
        super().connection_lost(exc)
