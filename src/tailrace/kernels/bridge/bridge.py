"""One Jupyter kernel with its bridge: started, served, ended together.

The kernel runs in a session of its own, as `jupyter_client` starts it, and carries the
kernel's mark in its environment, so that the host finds it whatever becomes of this process.
When it ends, the bridge ends the same way (signal or exit code), after everything that the
kernel said has left: the host then tells the true cause.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import zmq
from jupyter_client.manager import AsyncKernelManager

from tailrace.kernels.bridge.channels import Channels
from tailrace.kernels.bridge.executions import Executions
from tailrace.kernels.bridge.questions import Questions
from tailrace.kernels.bridge.sayings import Sayings
from tailrace.protocol.errors import KernelError
from tailrace_kernel.control import Answer, Control, announce, listen
from tailrace_kernel.endings import Endings
from tailrace_kernel.interrupts import Interrupts
from tailrace_kernel.link import Link
from tailrace_kernel.outlet import Outlet
from tailrace_kernel.pump import Pump, Waker

READY_S = 60.0  # Julia compiles, R loads
LEAVE_S = 2.0  # between the request to shut down and the end by force
LAST_WORDS_S = 0.3  # for what a dead kernel had already sent
LOOK_S = 0.25  # whether it lives, where the system cannot tell by itself
LONGEST_FOLDER = 90  # a unix socket's path may have about 100 bytes


class _NoDescriptors:
    """A kernel of another language has no descriptors of ours: it says all in messages."""

    polled = False

    def read_waiting(self) -> list[tuple[str, str]]:
        return []

    def readers(self) -> list[int]:
        return []


class Bridge:
    def __init__(
        self,
        kernelspec: str,
        folder: Path,
        kernel_id: str,
        *,
        listener: socket.socket | None,
        secret: str | None,
        liveness_fd: int | None,
    ) -> None:
        self._kernelspec = kernelspec
        self._folder = folder
        self._kernel_id = kernel_id
        self._listener = listener or listen(str(folder), loopback=secret is not None)
        self._secret = secret
        self._liveness_fd = liveness_fd
        waker = Waker()
        nothing = _NoDescriptors()
        interrupts = Interrupts(lambda delay_s, action: None, lambda: None)
        self._link = Link(nothing, interrupts, waker.wake)
        self._pump = Pump(self._link, nothing, waker)
        self._endings = Endings(str(folder), self._link, self._pump.call_soon, lambda: None)
        self._outlet = Outlet(self._link)
        self._sayings = Sayings(self._outlet, kernel_id)
        self._manager = AsyncKernelManager(kernel_name=kernelspec)
        self._manager.connection_file = str(folder / "connection.json")
        if _speaks_ipc(self._manager) and len(str(folder)) < LONGEST_FOLDER:
            self._manager.transport = "ipc"
            self._manager.ip = str(folder / "ch")
        self._manager.shutdown_wait_time = LEAVE_S
        self._interrupting: asyncio.Future[None] | None = None

    async def run(self) -> NoReturn:
        """Serve until the kernel ends or is asked to. Raises what keeps it from starting."""
        loop = asyncio.get_running_loop()
        about, client = await self._start()
        channels = Channels(client, self._sayings.on_said, self._sayings.on_asked)
        executions = Executions(
            channels, self._outlet, loop, self._sayings.end_prompts, self._interrupt
        )
        sayings = self._sayings
        sayings.executions, sayings.channels, sayings.loop = executions, channels, loop
        sayings.interrupt = self._interrupt
        questions = Questions(channels, about)

        def ask(kind: str, header: dict[str, Any], answer: Answer) -> None:
            asyncio.run_coroutine_threadsafe(_answered(questions, kind, header, answer), loop)

        language = about.get("language_info") or {}
        control = Control(
            self._kernel_id,
            self._listener,
            self._secret,
            link=self._link,
            executions=executions,
            prompts=sayings,
            endings=self._endings,
            handle_comm=sayings.handle_comm,
            ask=ask,
            running=lambda: self._outlet.running,
            liveness_fd=self._liveness_fd,
            about={
                "python": self._kernelspec,
                "version": f"{language.get('name', '')} {language.get('version', '')}".strip(),
            },
        )
        if sys.platform != "win32":
            loop.add_signal_handler(signal.SIGINT, self._on_interrupt, executions)
            loop.add_signal_handler(signal.SIGTERM, executions.stop)
        announce(str(self._folder), self._listener)
        self._pump.start()
        control.start()
        listening = loop.create_task(channels.listen())
        serving = loop.create_task(executions.serve())
        ended = loop.create_task(self._until_dead())
        stopped = loop.create_task(executions.until_stopped())
        await asyncio.wait(
            (listening, serving, ended, stopped), return_when=asyncio.FIRST_COMPLETED
        )
        if ended.done():
            await asyncio.sleep(LAST_WORDS_S)
            self._end_as(ended.result())
        await self._manager.shutdown_kernel(now=not stopped.done())
        if not stopped.done():  # a fault of ours: say it where the host looks
            for task in (listening, serving):
                if task.done() and (fault := task.exception()) is not None:
                    raise fault
        self._endings.end(0)

    async def _start(self) -> tuple[dict[str, Any], Any]:
        """The kernel's own account of itself, and the client of its channels."""
        environ = dict(os.environ)
        try:
            await self._manager.start_kernel(env=environ, cwd=os.getcwd())
            client = self._manager.client()
            # A thousand messages waiting, ZeroMQ's own measure, and it would drop the next.
            client.context.setsockopt(zmq.RCVHWM, 0)
            client.start_channels()
            await client.wait_for_ready(timeout=READY_S)
            reply = await client.kernel_info(reply=True, timeout=READY_S)
        except Exception as error:
            with contextlib.suppress(Exception):  # the first failure is what must be told
                await self._manager.shutdown_kernel(now=True)
            sys.exit(f"the kernel {self._kernelspec!r} did not start: {error}")
        return reply["content"], client

    # ── interrupts ───────────────────────────────────────────────────────────

    def _on_interrupt(self, executions: Executions) -> None:
        if executions.note_interrupt():
            self._interrupt()

    def _interrupt(self) -> None:
        self._interrupting = asyncio.ensure_future(self._manager.interrupt_kernel())

    # ── the end ──────────────────────────────────────────────────────────────

    async def _until_dead(self) -> int:
        """Wait for the kernel's end; its exit code, negative for a signal."""
        provisioner = self._manager.provisioner
        assert provisioner is not None
        waiter = _death_of(getattr(provisioner, "pid", None))
        while (code := await provisioner.poll()) is None:
            if waiter is None:
                await asyncio.sleep(LOOK_S)
            else:
                await waiter
                waiter = None
        return int(code)

    def _end_as(self, code: int) -> NoReturn:
        self._endings.deliver()
        with contextlib.suppress(OSError):
            os.unlink(self._manager.connection_file)
        if code < 0 and sys.platform != "win32":
            if -code != signal.SIGKILL:
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code & 0xFF)


def _speaks_ipc(manager: AsyncKernelManager) -> bool:
    """Whether the kernel is known to take unix sockets, which only this user can open: those
    made with Python's `ipykernel` do. Others get TCP on this machine with signed messages."""
    spec = manager.kernel_spec
    program = Path(spec.argv[0]).name if spec is not None and spec.argv else ""
    return sys.platform != "win32" and program.startswith("python")


def _death_of(pid: int | None) -> "asyncio.Future[None] | None":
    """Done when the process has ended; None where the system cannot tell."""
    if pid is None or not hasattr(os, "pidfd_open"):
        return None
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    future: asyncio.Future[None] = loop.create_future()

    def on_death() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        future.set_result(None)

    loop.add_reader(descriptor, on_death)
    return future


async def _answered(
    questions: Questions, kind: str, header: dict[str, Any], answer: Answer
) -> None:
    try:
        answer(await questions.answer(kind, header), None)
    except KernelError as error:
        answer(None, str(error))
    except (KeyError, TypeError, ValueError) as error:
        answer(None, f"the question cannot be read: {error!r}")
