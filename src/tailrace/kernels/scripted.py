"""A kernel in this process that follows a script: for tests, and for showing how one behaves.

A small but whole implementation of the `Kernel` protocol. It numbers what it reports,
keeps it until it is acknowledged, continues exactly where a new server says it stopped,
stops when the sink is full, and ignores an execution that it was handed before. Only the
running of Python is missing: what a cell's source does is looked up.

    provider = ScriptedProvider({"1+1": [Show({"text/plain": "2"}, execution_count=1)]})
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from tailrace.kernels.kernel import KernelInfo, ReportSink
from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import KernelError, KernelUnreachable
from tailrace.protocol.events import ExecutionStatus
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, PromptId
from tailrace.protocol.outputs import StreamName
from tailrace.protocol.reports import (
    Attached,
    Clear,
    CommClose,
    CommDone,
    CommMessage,
    CommOpen,
    Died,
    Display,
    DisplayUpdate,
    Error,
    Finished,
    InputDone,
    InputRequest,
    Report,
    Text,
)

PYTHON = "3.11.0"


class Say(Struct, frozen=True):
    text: str
    stream: StreamName = "stdout"


class Show(Struct, frozen=True):
    data: dict[str, Any]
    metadata: dict[str, Any] = {}
    display_id: str | None = None
    execution_count: int | None = None


class Update(Struct, frozen=True):
    display_id: str
    data: dict[str, Any]
    metadata: dict[str, Any] = {}


class Empty(Struct, frozen=True):
    """`clear_output`."""

    wait: bool = False


class Fail(Struct, frozen=True):
    """The cell raises; what stands behind it in the script is not reached."""

    name: str = "ValueError"
    message: str = "no"


class Ask(Struct, frozen=True):
    """`input(prompt)`; with an answer the script goes on and says it."""

    prompt: str = ""
    password: bool = False


class Hold(Struct, frozen=True):
    """Run until somebody interrupts, or calls `ScriptedProvider.release`."""


class Die(Struct, frozen=True):
    cause: DeathCause


class Open(Struct, frozen=True):
    """A widget's comm; messages to it are sent back as they came."""

    comm_id: CommId
    target: str = "jupyter.widget"
    data: dict[str, Any] = {}


Step = Say | Show | Update | Empty | Fail | Ask | Hold | Die | Open
Script = Mapping[str, Sequence[Step]] | Callable[[str], Sequence[Step]]


class _Interrupted(Exception):
    pass


class ScriptedKernel:
    """One such kernel. It outlives `detach`, as a process would."""

    def __init__(self, kernel_id: KernelId, script: Script, label: str, pid: int) -> None:
        self._kernel_id = kernel_id
        self._script = script
        self.label = label
        self.pid = pid
        self.started_at = time.time()
        self.cause: DeathCause | None = None
        self.executed: list[tuple[ExecutionId, str]] = []
        self._seq = 0
        self._kept: deque[tuple[int, Report]] = deque()
        self._sent = 0
        self._sink: ReportSink | None = None
        self._has_room = True
        self._known: list[ExecutionId] = []
        self._queue: asyncio.Queue[tuple[ExecutionId, str]] = asyncio.Queue()
        self._running: ExecutionId | None = None
        self._count = 0
        self._prompts: dict[PromptId, asyncio.Future[str | None]] = {}
        self._held: asyncio.Future[None] | None = None
        self._interrupts_next = False
        self._life = asyncio.get_running_loop().create_task(self._live())

    @property
    def kernel_id(self) -> KernelId:
        return self._kernel_id

    # ── Kernel ───────────────────────────────────────────────────────────────

    def execute(
        self,
        execution_id: ExecutionId,
        cell_id: CellId,
        source: str,
        asked: Asked | None = None,
    ) -> None:
        if execution_id not in self._known and self.cause is None:
            self._known.append(execution_id)
            self._queue.put_nowait((execution_id, source))

    def acknowledge(self, seq: int) -> None:
        while self._kept and self._kept[0][0] <= seq:
            self._kept.popleft()

    def resume(self) -> None:
        self._has_room = True
        self._pump()

    async def interrupt(self) -> None:
        if self.cause is not None:
            raise KernelUnreachable("the kernel is dead")
        self._interrupts_next = self._running is None and not self._queue.empty()
        waiting = [self._held, *self._prompts.values()]
        for future in waiting:
            if future is not None and not future.done():
                future.set_exception(_Interrupted())

    async def stop(self, *, kill: bool, grace_s: float = 3.0) -> None:
        await self.die(DeathCause("stopped", "The kernel was stopped."))

    def answer(self, prompt_id: PromptId, value: str | None) -> None:
        waiting = self._prompts.get(prompt_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(value)

    def send_comm(
        self,
        kind: str,
        comm_id: CommId,
        data: dict[str, Any],
        metadata: dict[str, Any],
        buffers: Sequence[bytes],
        target: str = "",
        message_id: str | None = None,
    ) -> None:
        seq = self._next()
        match kind:
            case "comm-open":
                self._report(CommOpen(seq, comm_id, target, data, metadata, tuple(buffers)))
            case "comm-message":
                self._report(CommMessage(seq, comm_id, data, metadata, tuple(buffers)))
            case _:
                self._report(CommClose(seq, comm_id, data))
        if message_id is not None:
            self._report(CommDone(self._next(), message_id))

    async def ask(
        self, kind: str, arguments: dict[str, Any], *, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        if self.cause is not None:
            raise KernelUnreachable("the kernel is dead")
        match kind:
            case "ping":
                return {}
            case "complete":
                return {"matches": [], "start": arguments["cursor"], "end": arguments["cursor"]}
            case "inspect":
                return {"found": False, "data": {}}
            case "is-complete":
                return {"status": "unknown", "indent": ""}
            case "variables":
                return {"variables": [], "complete": True}
            case "usage":
                return {"rss_bytes": 0, "cpu_s": 0.0, "pid": self.pid}
        raise KernelError(f"a kernel knows no request {kind!r}")

    async def detach(self) -> None:
        self._sink = None

    # ── its inside ───────────────────────────────────────────────────────────

    def attach(self, sink: ReportSink, received: int) -> None:
        self._sink = sink
        self._has_room = True
        self._sent = received
        attached = Attached(
            0,
            self._kernel_id,
            self.pid,
            PYTHON,
            "scripted",
            self._running,
            tuple(self._known),
        )
        if self.cause is None:
            self._has_room = sink.put_reports((attached,), 0)
        self._pump()

    def release(self) -> None:
        """Let a cell that holds go on."""
        if self._held is not None and not self._held.done():
            self._held.set_result(None)

    async def die(self, cause: DeathCause) -> None:
        if self.cause is None:
            self.cause = cause
            if asyncio.current_task() is not self._life:
                self._life.cancel()
                await asyncio.gather(self._life, return_exceptions=True)
            self._pump()

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _report(self, report: Report) -> None:
        self._kept.append((self._seq, report))
        self._pump()

    def _pump(self) -> None:
        """Hand over what the sink has room for; a death comes after everything else."""
        sink = self._sink
        if sink is None or not self._has_room:
            return
        fresh = [(seq, report) for seq, report in self._kept if seq > self._sent]
        for seq, report in fresh:
            self._sent = seq
            if not sink.put_reports((report,), len(msgspec.json.encode(report))):
                self._has_room = False
                return
        if self.cause is not None:
            self._sink = None
            sink.put_reports((Died(0, self._kernel_id, self.cause),), 0)

    async def _live(self) -> None:
        while self.cause is None:
            self._running, source = await self._queue.get()
            self.executed.append((self._running, source))
            await self._execute(self._running, source)
            self._running = None

    async def _execute(self, execution_id: ExecutionId, source: str) -> None:
        self._count += 1
        began = time.monotonic()
        status: ExecutionStatus = "ok"
        try:
            if self._interrupts_next:
                self._interrupts_next = False
                raise _Interrupted
            steps = self._script(source) if callable(self._script) else self._script.get(source, ())
            for step in steps:
                await self._do(execution_id, step)
                if isinstance(step, Die):
                    return
                if isinstance(step, Fail):
                    status = "error"
                    break
        except _Interrupted:
            status = "interrupted"
            self._report(
                Error(self._next(), execution_id, "KeyboardInterrupt", "", ("KeyboardInterrupt",))
            )
        took_ms = (time.monotonic() - began) * 1000
        self._report(Finished(self._next(), execution_id, status, self._count, took_ms))

    async def _do(self, execution_id: ExecutionId, step: Step) -> None:
        match step:
            case Say(text, stream):
                self._report(Text(self._next(), execution_id, stream, text))
            case Show(data, metadata, display_id, count):
                self._report(Display(self._next(), execution_id, data, metadata, display_id, count))
            case Update(display_id, data, metadata):
                self._report(DisplayUpdate(self._next(), execution_id, display_id, data, metadata))
            case Empty(wait):
                self._report(Clear(self._next(), execution_id, wait))
            case Fail(name, message):
                lines = ("Traceback (most recent call last):", f"{name}: {message}")
                self._report(Error(self._next(), execution_id, name, message, lines))
            case Ask(prompt, password):
                await self._ask_person(execution_id, prompt, password)
            case Hold():
                self._held = asyncio.get_running_loop().create_future()
                await self._held
            case Die(cause):
                await self.die(cause)
            case Open(comm_id, target, data):
                self._report(CommOpen(self._next(), comm_id, target, data, {}))
            case _:
                assert_never(step)

    async def _ask_person(self, execution_id: ExecutionId, prompt: str, password: bool) -> None:
        seq = self._next()
        prompt_id = PromptId(f"{self._kernel_id}-{seq}")
        waiting = asyncio.get_running_loop().create_future()
        self._prompts[prompt_id] = waiting
        self._report(InputRequest(seq, execution_id, prompt_id, prompt, password))
        value = None
        try:
            value = await waiting
        finally:
            del self._prompts[prompt_id]
            told = None if password else value
            self._report(
                InputDone(self._next(), execution_id, prompt_id, told, cancelled=value is None)
            )
        if value is None:
            raise _Interrupted
        if not password:
            self._report(Text(self._next(), execution_id, "stdout", value + "\n"))


class ScriptedProvider:
    """Implements `KernelProvider`. Kernels live until they die or `end` is called."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.kernels: dict[KernelId, ScriptedKernel] = {}

    async def start(
        self,
        kernel_id: KernelId,
        sink: ReportSink,
        *,
        interpreter: str | None,
        cwd: str,
        label: str,
        env: dict[str, str] | None = None,
    ) -> ScriptedKernel:
        kernel = self.kernels.get(kernel_id)
        if kernel is None:
            kernel = ScriptedKernel(kernel_id, self._script, label, 1000 + len(self.kernels))
            self.kernels[kernel_id] = kernel
        kernel.attach(sink, 0)
        return kernel

    async def attach(
        self, kernel_id: KernelId, sink: ReportSink, *, received: int
    ) -> ScriptedKernel | None:
        kernel = self.kernels.get(kernel_id)
        if kernel is not None:
            kernel.attach(sink, received)
        return kernel

    async def list(self) -> list[KernelInfo]:
        return [
            KernelInfo(
                kernel_id=kernel.kernel_id,
                pid=kernel.pid,
                label=kernel.label,
                python=PYTHON,
                started_at=kernel.started_at,
                alive=kernel.cause is None,
                cause=kernel.cause,
            )
            for kernel in self.kernels.values()
        ]

    async def relabel(self, kernel_id: KernelId, label: str) -> None:
        kernel = self.kernels.get(kernel_id)
        if kernel is not None:
            kernel.label = label

    async def forget(self, kernel_id: KernelId) -> None:
        kernel = self.kernels.get(kernel_id)
        if kernel is not None and kernel.cause is None:
            raise KernelError(f"kernel {kernel_id} lives; stop it first")
        self.kernels.pop(kernel_id, None)

    async def close(self) -> None:
        for kernel in self.kernels.values():
            await kernel.detach()

    def release(self) -> None:
        """Let every cell that holds go on."""
        for kernel in self.kernels.values():
            kernel.release()

    async def end(self) -> None:
        """End every kernel, as the end of the machine would."""
        for kernel in self.kernels.values():
            await kernel.die(DeathCause("unknown", "The computer was switched off."))
