"""The server's connection to the kernel host: requests, replies, and deaths as they happen."""

import asyncio
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any, cast

import msgspec

from tailrace.kernels.framing import FrameCutter, message_bytes
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import (
    KernelError,
    KernelStartFailed,
    KernelUnreachable,
    ProtocolError,
)
from tailrace.protocol.ids import KernelId

PROTOCOL = 1
ANSWER_S = 30.0  # a host that was just started imports IPython first

OnDied = Callable[[KernelId, DeathCause], None]


class HostLink(asyncio.Protocol):
    """`on_died` hears of every kernel's death, `on_lost` of the end of this connection."""

    def __init__(self, on_died: OnDied, on_lost: Callable[["HostLink"], None]) -> None:
        self._on_died = on_died
        self._on_lost = on_lost
        self._cutter = FrameCutter()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._transport: asyncio.Transport | None = None
        self.identity: dict[str, Any] = {}
        self.lost = asyncio.Event()

    @classmethod
    async def over(
        cls,
        link: socket.socket,
        on_died: OnDied,
        on_lost: Callable[["HostLink"], None],
        *,
        secret: str | None,
    ) -> "HostLink":
        """Say hello over a connected socket. Raises `KernelError` when refused."""
        loop = asyncio.get_running_loop()
        if link.family == socket.AF_INET:
            _, self = await loop.create_connection(lambda: cls(on_died, on_lost), sock=link)
        else:
            _, self = await loop.create_unix_connection(lambda: cls(on_died, on_lost), sock=link)
        try:
            self.identity = await self.request("hello", protocol=PROTOCOL, secret=secret)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def request(
        self, kind: str, *, timeout_s: float = ANSWER_S, **arguments: Any
    ) -> dict[str, Any]:
        """The host's answer. Raises `KernelUnreachable` when none comes, `KernelError` with
        the host's sentence when it refuses."""
        answer = self.send(kind, **arguments)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise KernelUnreachable(
                f"the kernel host did not answer {kind!r} within {timeout_s:.0f} s"
            ) from None

    def send(self, kind: str, **arguments: Any) -> asyncio.Future[dict[str, Any]]:
        """Send a request now; the future is its answer."""
        answer = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_exception(KernelUnreachable("the kernel host is gone"))
            return answer
        number = next(self._numbers)
        self._waiting[number] = answer
        answer.add_done_callback(lambda _: self._settled(number))
        self._transport.write(message_bytes({"kind": kind, "request_id": number, **arguments}))
        return answer

    def _settled(self, number: int) -> None:
        answer = self._waiting.pop(number)
        if not answer.cancelled():
            answer.exception()  # it counts as seen: not everybody waits for the answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has transports of its own, which only look like asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for header, _ in self._cutter.feed(data):
                self._take(json.loads(header))
        except (ProtocolError, ValueError, KeyError, msgspec.ValidationError):
            if self._transport is not None:
                self._transport.abort()

    def _take(self, message: dict[str, Any]) -> None:
        match message["kind"]:
            case "reply":
                answer = self._waiting.get(message["request_id"])
                if answer is None or answer.done():
                    return
                if message["ok"]:
                    answer.set_result(message["result"])
                else:
                    failed = message.get("code") == KernelStartFailed.code
                    answer.set_exception(
                        (KernelStartFailed if failed else KernelError)(message["error"])
                    )
            case "died":
                cause = msgspec.convert(message["cause"], DeathCause)
                self._on_died(KernelId(message["kernel_id"]), cause)

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(KernelUnreachable("the kernel host is gone"))
        self.lost.set()
        self._on_lost(self)
