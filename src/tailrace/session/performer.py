"""Carries out effects on kernels; every outcome returns through the mailbox.

Effects are safe to perform twice, and safe to lose: a guest that attaches says what it
knows, and the core then names what is missing.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from tailrace.core import effects as ef
from tailrace.kernels.kernel import Kernel, KernelProvider
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import KernelError, TailraceError
from tailrace.protocol.ids import KernelId
from tailrace.protocol.reports import Died
from tailrace.session.mailbox import KernelSink, Mailbox, Reported

ACKNOWLEDGE_S = 0.25  # nobody waits for it: until then the guest keeps what it said
ACKNOWLEDGE_BYTES = 4 << 20  # of the 64 MB that it keeps at most; then it is told at once

log_ = logging.getLogger("tailrace.session")


_KernelEffect = (
    ef.StartExecution | ef.SendInput | ef.OpenKernelComm | ef.SendKernelComm | ef.CloseKernelComm
)


class KernelPerformer:
    """`save` and `settle` belong to the checkpoint; `label` is how the host lists kernels;
    `met` is told of each kernel that is attached, before anything is run there."""

    def __init__(
        self,
        mailbox: Mailbox,
        provider: KernelProvider,
        tasks: asyncio.TaskGroup,
        *,
        cwd: str,
        label: str,
        save: Callable[[], None],
        settle: Callable[[str], None],
        met: Callable[[Kernel], Coroutine[Any, Any, None]],
        env: dict[str, str] | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._provider = provider
        self._tasks = tasks
        self._cwd = cwd
        self._label = label
        self._save = save
        self._settle = settle
        self._met = met
        self._env = env
        self._kernels: dict[KernelId, Kernel] = {}
        self._current: Kernel | None = None
        self._stopping: dict[KernelId, asyncio.Event] = {}
        self._expected: KernelId | None = None
        self._starting: set[KernelId] = set()
        self._unwanted: dict[KernelId, bool] = {}  # stopped while they started; kill them?
        self._has_let_go = False
        # A kernel reports that it is attached before `start` returns it: what follows from
        # that report waits here.
        self._is_arriving = False
        self._waiting: list[_KernelEffect] = []
        self._received = 0
        self._unacknowledged = 0  # bytes
        self._acknowledging: asyncio.TimerHandle | None = None

    @property
    def kernel(self) -> Kernel | None:
        """The kernel that executions go to, once it is attached."""
        return self._current

    def perform(self, effect: ef.Effect) -> None:
        match effect:
            case ef.StartKernelProcess(kernel_id, interpreter):
                self._current = None
                self._expect(kernel_id)
                self._starting.add(kernel_id)
                self._spawn(self._start(kernel_id, interpreter))
            case ef.StopKernelProcess(kernel_id, kill):
                self._stopping.setdefault(kernel_id, asyncio.Event())
                self._spawn(self._stop(kernel_id, kill))
            case ef.SendInterrupt(kernel_id):
                self._spawn(self._interrupt(kernel_id))
            case ef.WriteCheckpoint():
                self._save()
            case ef.SettleConflict(choice):
                self._settle(choice)
            case _:
                if self._current is not None:
                    _send(self._current, effect)
                elif self._is_arriving:
                    self._waiting.append(effect)

    def acknowledge(self, received: int, size_bytes: int) -> None:
        """Tell the guest what is in the log, a while later for all of that time: each word
        to it costs the user's code a switch of threads."""
        self._received = received
        self._unacknowledged += size_bytes
        if self._unacknowledged >= ACKNOWLEDGE_BYTES:
            self._acknowledge()
        elif self._acknowledging is None:
            loop = asyncio.get_running_loop()
            self._acknowledging = loop.call_later(ACKNOWLEDGE_S, self._acknowledge)

    def _acknowledge(self) -> None:
        if self._acknowledging is not None:
            self._acknowledging.cancel()
            self._acknowledging = None
        self._unacknowledged = 0
        if self._current is not None:
            self._current.acknowledge(self._received)

    def bury(self, kernel_id: KernelId) -> None:
        """The kernel's end is in the log: the host need not remember it any more."""
        self._spawn(self._forget(kernel_id))

    async def _forget(self, kernel_id: KernelId) -> None:
        ended = self._stopping.get(kernel_id)
        if ended is not None:
            await ended.wait()
        try:
            await self._provider.forget(kernel_id)
        except KernelError as error:
            log_.warning("kernel %s stays listed as dead: %s", kernel_id, error)

    async def end_strays(self, wanted: KernelId | None) -> None:
        """End kernels of this notebook that its log does not name: a server that died had
        just been told to stop them."""
        try:
            for kernel in await self._provider.list():
                if kernel.label == self._label and kernel.alive and kernel.kernel_id != wanted:
                    sink = KernelSink(self._mailbox, kernel.kernel_id)
                    stray = await self._provider.attach(kernel.kernel_id, sink, received=0)
                    if stray is not None:
                        await stray.stop(kill=True)
        except KernelError as error:
            log_.warning("kernels of %s could not be listed: %s", self._label, error)

    def resume(self) -> None:
        if self._current is not None:
            self._current.resume()

    async def attach(self, kernel_id: KernelId, received: int) -> bool:
        """Find the kernel of an earlier server again. False when nobody knows of it."""
        sink = KernelSink(self._mailbox, kernel_id)
        self._expect(kernel_id)
        try:
            kernel = await self._provider.attach(kernel_id, sink, received=received)
        except KernelError as error:
            self._give_up(kernel_id)
            self._report_death(kernel_id, "unknown", str(error))
            return True
        if kernel is None:
            self._give_up(kernel_id)
            return False
        await self._adopt(kernel)
        return True

    def report_lost(self, kernel_id: KernelId) -> None:
        """Nobody knows of this kernel any more."""
        self._report_death(
            kernel_id,
            "unknown",
            "The kernel is gone: the computer or its kernel host was restarted.",
        )

    async def detach(self) -> None:
        """Let go of every kernel; they run on. One that still starts is let go when it has."""
        self._has_let_go = True
        if self._acknowledging is not None:
            self._acknowledge()
        for kernel in tuple(self._kernels.values()):
            await kernel.detach()
        self._kernels.clear()
        self._current = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(work)

    def _expect(self, kernel_id: KernelId) -> None:
        self._expected = kernel_id
        self._is_arriving = True
        self._waiting.clear()
        self._received = 0

    def _give_up(self, kernel_id: KernelId) -> None:
        """This kernel will not come; another may have been asked for meanwhile."""
        if self._expected == kernel_id:
            self._is_arriving = False
            self._waiting.clear()

    async def _adopt(self, kernel: Kernel) -> None:
        if kernel.kernel_id in self._unwanted:
            self._kernels[kernel.kernel_id] = kernel
            await self._stop(kernel.kernel_id, self._unwanted.pop(kernel.kernel_id))
            return
        if self._has_let_go:
            await kernel.detach()
            return
        self._kernels[kernel.kernel_id] = kernel
        if self._expected != kernel.kernel_id:
            return
        await self._met(kernel)
        if self._expected != kernel.kernel_id or kernel.kernel_id not in self._kernels:
            return  # stopped or let go of meanwhile
        self._is_arriving = False
        self._current = kernel
        for effect in self._waiting:
            _send(kernel, effect)
        self._waiting.clear()
        if self._received:
            kernel.acknowledge(self._received)

    async def _start(self, kernel_id: KernelId, interpreter: str | None) -> None:
        sink = KernelSink(self._mailbox, kernel_id)
        try:
            kernel = await self._provider.start(
                kernel_id,
                sink,
                interpreter=interpreter,
                cwd=self._cwd,
                label=self._label,
                env=self._env,
            )
        except (TailraceError, OSError) as error:
            self._starting.discard(kernel_id)
            self._unwanted.pop(kernel_id, None)
            self._give_up(kernel_id)
            self._has_stopped(kernel_id)
            said = str(error)
            if isinstance(error, OSError):
                said = f"The kernel could not start: {error}"
            self._report_death(kernel_id, "failed-to-start", said)
            return
        self._starting.discard(kernel_id)
        await self._adopt(kernel)

    async def _stop(self, kernel_id: KernelId, kill: bool) -> None:
        kernel = self._kernels.pop(kernel_id, None)
        if kernel is None:
            if kernel_id in self._starting:
                self._unwanted[kernel_id] = kill
            else:
                self._has_stopped(kernel_id)
            return
        if self._current is kernel:
            self._current = None
        try:
            await kernel.stop(kill=kill)
        except (TailraceError, OSError, TimeoutError) as error:
            log_.warning("kernel %s was not stopped: %s", kernel_id, error)
        finally:
            self._has_stopped(kernel_id)

    def _has_stopped(self, kernel_id: KernelId) -> None:
        ended = self._stopping.pop(kernel_id, None)
        if ended is not None:
            ended.set()

    async def _interrupt(self, kernel_id: KernelId) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is not None:
            try:
                await kernel.interrupt()
            except (TailraceError, OSError, TimeoutError) as error:
                log_.warning("kernel %s was not interrupted: %s", kernel_id, error)

    def _report_death(self, kernel_id: KernelId, reason: Any, message: str) -> None:
        died = Died(0, kernel_id, DeathCause(reason, message))
        self._mailbox.put(Reported(kernel_id, died, 0))


def _send(kernel: Kernel, effect: _KernelEffect) -> None:
    match effect:
        case ef.StartExecution(execution_id, cell_id, source, asked):
            kernel.execute(execution_id, cell_id, source, asked or None)
        case ef.SendInput(prompt_id, value):
            kernel.answer(prompt_id, value)
        case ef.OpenKernelComm(comm_id, target, data, metadata, buffers, message_id):
            waited_for = message_id or None
            kernel.send_comm("comm-open", comm_id, data, metadata, buffers, target, waited_for)
        case ef.SendKernelComm(comm_id, data, metadata, buffers, message_id):
            waited_for = message_id or None
            kernel.send_comm("comm-message", comm_id, data, metadata, buffers, "", waited_for)
        case ef.CloseKernelComm(comm_id, data, message_id):
            kernel.send_comm("comm-close", comm_id, data, {}, (), "", message_id or None)
        case _:
            assert_never(effect)
