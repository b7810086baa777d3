"""The actor's mailbox: everything that comes in, in order, bounded by bytes.

Kernels, clients and the session's own work put items in; only the actor takes them out.
What a kernel prints is patient: after a first turn at once, the turns that carry nothing
but output keep `PACE_S` apart, and in a flood that lasts `LONG_PACE_S`, so that it becomes
few large records. Everything else
(an operation, a finished cell, a dead kernel) is urgent and wakes the actor now, with all
that waits before it, in order.

When more than `FULL_BYTES` wait, `KernelSink.put_reports` answers false and the kernel's
link stops reading; operations are always taken, for their number is bounded by the
sockets they come from.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from tailrace.documents.room import Room
from tailrace.protocol.events import Event
from tailrace.protocol.frames import Answer, Hello, Refusal
from tailrace.protocol.ids import KernelId, OperationId
from tailrace.protocol.operations import Operation
from tailrace.protocol.reports import Display, DisplayUpdate, Report, Text
from tailrace.session.fanout import Lane

FULL_BYTES = 4 << 20  # one socket read ahead of the log, not a second spool
PACE_S = 0.004  # below a frame of the screen; above the cost of a turn
LONG_PACE_S = 0.012  # once nobody can follow it anyhow: a third of the records and frames
LONG_TURNS = 12  # turns in a row that had to wait, after which it is a flood
BURST = 3  # turns that may follow each other at once: `print(x)` is two writes
MERGED_CHARS = 64 << 10  # a record of text stays below what a socket sends best
TURN_ITEMS = 2_000

Guard = Callable[[Room], Refusal | None]


class Reported(Struct):
    """A kernel said something."""

    kernel_id: KernelId
    report: Report
    size_bytes: int


class Submitted(Struct):
    """A client asks for something. `lane` gets the answer; None: nobody waits for it.
    `guard` looks at the document in the very turn: its refusal is the answer."""

    operation_id: OperationId
    operation: Operation
    actor: str
    lane: Lane | None
    done: asyncio.Future[Answer] | None = None
    guard: Guard | None = None


class Joined(Struct):
    """A client said hello, or its lane was cut and is empty again (`hello` None)."""

    lane: Lane
    hello: Hello | None


class Noted(Struct):
    """The session's own work has facts to record (a checkpoint was written, say)."""

    events: tuple[Event, ...]
    done: asyncio.Future[None] | None = None


class Woken(Struct):
    """Nothing to record: something the actor watches has changed."""


Item = Reported | Submitted | Joined | Noted | Woken


class Mailbox:
    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._size = 0
        self._urgent = 0
        self._waiter: asyncio.Future[None] | None = None
        self._waits_for_urgent = False
        self._burst = BURST
        self._in_row = 0
        self._last_turn = 0.0

    @property
    def is_full(self) -> bool:
        return self._size > FULL_BYTES

    def put(self, item: Item) -> None:
        self._items.append(item)
        if isinstance(item, Reported):
            self._size += item.size_bytes
            if isinstance(item.report, Text | Display | DisplayUpdate):
                self._wake(urgent=False)
                return
        self._urgent += 1
        self._wake(urgent=True)

    def put_back(self, items: Sequence[Item]) -> None:
        """Return items that could not be recorded; they come first again, in their order."""
        self._items.extendleft(reversed(items))
        self._size += sum(item.size_bytes for item in items if isinstance(item, Reported))

    def drain(self) -> list[Item]:
        """All that waits, at the end of the session."""
        items = list(self._items)
        self._items.clear()
        self._size = self._urgent = 0
        return items

    async def urgent(self) -> None:
        """Wait until somebody puts in an item that is not output."""
        await self._wait(None, for_urgent=True)

    async def take(self) -> list[Item]:
        """Wait for something, then return what waits, oldest first (bounded)."""
        while not self._items:
            await self._wait(None, for_urgent=False)
        if not self._urgent:
            await self._keep_pace()
        taken: list[Item] = []
        merged = 0
        while self._items and len(taken) < TURN_ITEMS:
            item = self._items.popleft()
            if isinstance(item, Reported):
                self._size -= item.size_bytes
                joined = _joined(taken[-1], item) if taken and merged < MERGED_CHARS else None
                if joined is not None:
                    taken[-1] = joined
                    merged += item.size_bytes
                    continue
            merged = item.size_bytes if isinstance(item, Reported) else 0
            taken.append(item)
        if not self._items:
            self._urgent = 0
        return taken

    async def _keep_pace(self) -> None:
        since = time.monotonic() - self._last_turn
        pace_s = PACE_S if self._in_row < LONG_TURNS else LONG_PACE_S
        if since >= pace_s:
            self._burst = BURST
            self._in_row = 0
        if self._burst > 0:
            self._burst -= 1
        elif since < pace_s:
            self._in_row += 1
            await self._wait(pace_s - since, for_urgent=True)
        self._last_turn = time.monotonic()

    def _wake(self, *, urgent: bool) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done() and (urgent or not self._waits_for_urgent):
            waiter.set_result(None)

    async def _wait(self, timeout_s: float | None, *, for_urgent: bool) -> None:
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        self._waits_for_urgent = for_urgent
        timer = None
        if timeout_s is not None:
            timer = loop.call_later(timeout_s, _resolve, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _joined(before: Item, item: Reported) -> Reported | None:
    """One item for two adjacent pieces of the same text, or None."""
    if not isinstance(before, Reported) or before.kernel_id != item.kernel_id:
        return None
    a, b = before.report, item.report
    if (
        isinstance(a, Text)
        and isinstance(b, Text)
        and a.execution_id == b.execution_id
        and a.stream == b.stream
    ):
        text = Text(b.seq, b.execution_id, b.stream, a.text + b.text)
        return Reported(item.kernel_id, text, before.size_bytes + item.size_bytes)
    return None


class KernelSink:
    """The end of one kernel's link in this mailbox."""

    def __init__(self, mailbox: Mailbox, kernel_id: KernelId) -> None:
        self._mailbox = mailbox
        self._kernel_id = kernel_id

    def put_reports(self, reports: Sequence[Report], size_bytes: int) -> bool:
        each = size_bytes // max(len(reports), 1) + 1
        for report in reports:
            self._mailbox.put(Reported(self._kernel_id, report, each))
        return not self._mailbox.is_full
