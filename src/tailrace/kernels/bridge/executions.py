"""Cells for a Jupyter kernel, one after the other, and the end of each.

An execution has ended when the kernel has answered the request on one channel *and* said
that it is idle on another: only then has all of its output come (KER-7).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tailrace.kernels.bridge.channels import Channels
from tailrace_kernel.outlet import Outlet

Asked = dict[str, Any]

KNOWN_IDS = 10_000  # executions remembered, so that one handed over twice runs once
IDLE_S = 5.0  # between a reply and the word that the kernel is idle; some say one alone
DEAF_S = 0.3  # after a kernel said that it is busy; most say something else before
CLAIMED_AFTER_S = 0.05  # the signal, sent first, is heard by then
_INTERRUPTED = frozenset({"KeyboardInterrupt", "InterruptException", "Interrupt"})


class Executions:
    """`submit`, `interrupt`, `call`, `stop`: for the control thread; the rest is the loop's."""

    def __init__(
        self,
        channels: Channels,
        outlet: Outlet,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[], None],
        interrupt_kernel: Callable[[], None],
    ) -> None:
        self._channels = channels
        self._outlet = outlet
        self._loop = loop
        self._on_end = on_end
        self._interrupt_kernel = interrupt_kernel
        self._known: dict[str, None] = {}
        self._queue: asyncio.Queue[tuple[str, str, str, Asked]] = asyncio.Queue()
        self._by_message: OrderedDict[str, str] = OrderedDict()
        self._idle: dict[str, asyncio.Event] = {}
        self._was_interrupted = False
        self._has_begun = False  # the kernel has, with what runs
        self._claimed: str | None = None
        self._stopped = asyncio.Event()

    # ── from the control thread ──────────────────────────────────────────────

    @property
    def known(self) -> list[str]:
        return list(self._known)

    def submit(
        self, execution_id: str, cell_id: str, source: str, asked: Asked | None = None
    ) -> None:
        """Queue one execution; an id that is known already is ignored (KER-8)."""
        if execution_id in self._known:
            return
        self._known[execution_id] = None
        if len(self._known) > KNOWN_IDS:
            del self._known[next(iter(self._known))]
        item = (execution_id, cell_id, source, asked or {})
        self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    def interrupt(self, execution_id: str) -> None:
        self._loop.call_soon_threadsafe(self._claim, execution_id)

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    # ── the loop ─────────────────────────────────────────────────────────────

    async def until_stopped(self) -> None:
        await self._stopped.wait()

    def of(self, message_id: str) -> str | None:
        """The execution that a message is about; the newest when nobody knows."""
        return self._by_message.get(message_id, self._outlet.newest)

    def note_busy(self, message_id: str) -> None:
        """The kernel takes this request up. Jupyter's own is deaf for a moment still."""
        self._loop.call_later(DEAF_S, self.note_begun, message_id)

    def note_begun(self, message_id: str) -> None:
        """The kernel says something of this request: from now on a signal reaches it."""
        if message_id in self._idle and not self._has_begun:
            self._has_begun = True
            if self._was_interrupted:
                self._interrupt_kernel()

    def note_idle(self, message_id: str) -> None:
        """The kernel has nothing more to say of this request."""
        if (idle := self._idle.get(message_id)) is not None:
            idle.set()

    def note_interrupt(self) -> bool:
        """Whether there is a cell that runs and can be interrupted now."""
        self._was_interrupted = True
        return self._outlet.running is not None and self._has_begun

    def _claim(self, execution_id: str) -> None:
        """The server interrupted this execution. The signal that it sent may have come first."""
        if self._outlet.running == execution_id:
            self._loop.call_later(CLAIMED_AFTER_S, self._look_for_claimed, execution_id)
        else:
            self._claimed = execution_id

    def _look_for_claimed(self, execution_id: str) -> None:
        if self._outlet.running == execution_id and not self._was_interrupted:
            self._was_interrupted = True
            if self._has_begun:
                self._interrupt_kernel()

    async def serve(self) -> None:
        while True:
            await self._execute(*await self._queue.get())

    async def _execute(self, execution_id: str, cell_id: str, source: str, asked: Asked) -> None:
        outlet = self._outlet
        outlet.link.begin(execution_id)
        outlet.running = outlet.newest = execution_id
        outlet.remember(execution_id, asked)
        self._was_interrupted = self._claimed == execution_id
        self._claimed, self._has_begun = None, False
        started = time.perf_counter()
        content: dict[str, Any] = {"status": "aborted"}
        if not self._was_interrupted:
            content = await self._reply(execution_id, cell_id, source, asked)
        self._on_end()
        finished: dict[str, Any] = {
            "kind": "finished",
            "execution_id": execution_id,
            "status": self._status(content),
            "execution_count": content.get("execution_count"),
            "took_ms": round((time.perf_counter() - started) * 1000, 3),
        }
        if asked and content.get("status") == "ok":
            finished["expressions"] = content.get("user_expressions") or {}
        outlet.running = None
        outlet.link.finish(finished)

    async def _reply(
        self, execution_id: str, cell_id: str, source: str, asked: Asked
    ) -> dict[str, Any]:
        """What the kernel replies, once it has nothing more to say."""
        silent = bool(asked.get("silent"))
        request = {
            "code": source,
            "silent": silent,
            "store_history": not silent and bool(asked.get("store_history", True)),
            "user_expressions": asked.get("user_expressions") or {},
            "allow_stdin": bool(asked.get("allow_stdin", True)),
            "stop_on_error": True,
        }
        message_id, reply = self._channels.ask(
            "execute_request", request, metadata={"cellId": cell_id}
        )
        self._remember(message_id, execution_id)
        idle = self._idle[message_id] = asyncio.Event()
        said_idle = asyncio.ensure_future(idle.wait())
        await asyncio.wait((reply, said_idle), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((reply, said_idle), timeout=IDLE_S)
        del self._idle[message_id]
        if not said_idle.done():
            said_idle.cancel()
            print(f"the kernel did not say that it is idle after {execution_id}", flush=True)
        if not reply.done():  # Jupyter's own does not reply where it was interrupted too early
            reply.cancel()
            return {"status": "aborted"}
        content: dict[str, Any] = reply.result()["content"]
        return content

    def _remember(self, message_id: str, execution_id: str) -> None:
        self._by_message[message_id] = execution_id
        if len(self._by_message) > KNOWN_IDS:
            self._by_message.popitem(last=False)

    def _status(self, reply: dict[str, Any]) -> str:
        status = reply.get("status")
        if status == "ok":
            return "ok"
        is_abort = status in ("abort", "aborted")
        if is_abort or reply.get("ename") in _INTERRUPTED or self._was_interrupted:
            return "interrupted"
        return "error"
