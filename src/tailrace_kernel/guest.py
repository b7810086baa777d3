"""The guest's parts, joined in one place."""

import asyncio
import signal
import socket
import sys
from typing import NoReturn

from tailrace_kernel.answers import Answers
from tailrace_kernel.attribution import attribute_threads
from tailrace_kernel.canvases import keep_canvases_whole
from tailrace_kernel.cell_signals import put_off_handlers
from tailrace_kernel.comms import Comms
from tailrace_kernel.control import Control, announce, listen
from tailrace_kernel.debugger import Debugger
from tailrace_kernel.descriptors import CapturedDescriptors
from tailrace_kernel.endings import HANDLED as TERM_HANDLED
from tailrace_kernel.endings import Endings
from tailrace_kernel.execute import Executions
from tailrace_kernel.inspection import Inspection
from tailrace_kernel.interrupts import HANDLED, Interrupts
from tailrace_kernel.jupyter_answers import JupyterAnswers
from tailrace_kernel.link import Link
from tailrace_kernel.opencv import Windows
from tailrace_kernel.orders import Orders
from tailrace_kernel.outlet import Outlet
from tailrace_kernel.output_widgets import OutputWidgets
from tailrace_kernel.persistence import Persistence
from tailrace_kernel.plotly_figures import keep_figures_whole
from tailrace_kernel.prompts import Prompts
from tailrace_kernel.pump import Pump, Waker
from tailrace_kernel.readiness import shell_for
from tailrace_kernel.shell import Kernel, ZMQInteractiveShell
from tailrace_kernel.startup import start_up
from tailrace_kernel.streams import TextStream
from tailrace_kernel.subshells import KINDS, Subshells
from tailrace_kernel.tables.tables import Tables
from tailrace_kernel.usage import usage
from tailrace_kernel.variables import Variables

DEBUG_S = 30.0  # the debugger starts a process, and may import a lot


class Guest:
    def __init__(
        self,
        folder: str,
        kernel_id: str,
        *,
        listener: socket.socket | None,
        secret: str | None,
        liveness_fd: int | None,
        plain: bool = False,
    ) -> None:
        self._waker = Waker()
        self._captured = CapturedDescriptors(polled=plain)
        self._interrupts = Interrupts(
            call_soon=lambda delay_s, action: self._pump.call_soon(delay_s, action),
            mark_handled=lambda: self._waker.mark(HANDLED),
        )
        self._link = Link(self._captured, self._interrupts, self._waker.wake)
        self._outlet = Outlet(self._link)
        look = self._captured.has_waiting if self._captured.polled else None
        self._pump = Pump(self._link, self._captured, self._waker, look=look)
        self._endings = Endings(
            folder,
            self._link,
            self._pump.call_soon,
            mark_handled=lambda: self._waker.mark(TERM_HANDLED),
        )
        self._streams = (TextStream("stdout", self._link), TextStream("stderr", self._link))
        sys.stdout, sys.stderr = self._streams
        self._listener = listener or listen(folder, loopback=secret is not None)
        announce(folder, self._listener)
        attribute_threads()

        for number, handled, is_ours in (
            (signal.SIGINT, HANDLED, self._interrupts.is_installed),
            (signal.SIGTERM, TERM_HANDLED, self._endings.takes_sigterm),
        ):
            again = Persistence(number, handled, is_ours, self._pump.call_soon)
            self._pump.on_marks.append(again.read)
        self._prompts = Prompts(self._outlet, kernel_id)
        self._prompts.install()
        self._comms = Comms(self._outlet)
        self._comms.install()
        OutputWidgets(self._outlet).install()
        self._windows = Windows(self._outlet, kernel_id)
        self._windows.install()
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._shell = self._new_shell(kernel_id)
        self._executions = Executions(
            self._shell, self._outlet, self._captured, self._interrupts, self._loop
        )
        variables = Variables(self._shell)
        inspection = Inspection(self._shell)
        jupyter = JupyterAnswers(self._shell)
        self._executions.before_cell += [variables.remember]
        tables = Tables(folder)
        tables.install(self._shell)
        self._executions.after_cell += [
            self._windows.settle,
            tables.settle,
            keep_figures_whole(self._loop),
            keep_canvases_whole(self._loop),
        ]
        debugger = Debugger(
            self._shell,
            self._executions.call,
            lambda event: self._link.put({"kind": "debug-event", "message": event}),
        )
        # These have workers of their own: a long sort, or a step into a large library, must
        # not hold up a completion.
        about_tables = Answers({"table": tables.answer})
        debugging = Answers({"debug": debugger.answer}, budget_s=DEBUG_S)
        answers = Answers(
            {
                "complete": inspection.complete,
                "inspect": inspection.inspect,
                "is-complete": inspection.is_complete,
                "variables": variables.table,
                "usage": usage,
                "kernel-info": jupyter.kernel_info,
                "history": jupyter.history,
            }
        )
        askers: dict[str, Answers | Subshells] = {"table": about_tables, "debug": debugging}
        askers |= dict.fromkeys(KINDS, Subshells(self._executions, self._outlet))
        self._control = Control(
            kernel_id,
            self._listener,
            secret,
            link=self._link,
            executions=self._executions,
            prompts=self._prompts,
            endings=self._endings,
            handle_comm=self._comms.handle,
            ask=lambda kind, *question: askers.get(kind, answers).ask(kind, *question),
            running=lambda: self._outlet.running,
            liveness_fd=None if plain else liveness_fd,
        )
        self._orders: Orders | None = None
        if plain and liveness_fd is not None:
            self._orders = Orders(liveness_fd, self._endings)

    def run(self) -> NoReturn:
        self._endings.install()
        put_off_handlers(self._interrupts, self._pump.call_soon)
        self._endings.take_sigterm()
        self._endings.in_child(self._become_child)
        self._endings.watch_forks()
        self._interrupts.install()
        self._waker.take_signals()
        self._pump.start()
        self._control.start()
        if self._orders is not None:
            self._orders.start()
        start_up(self._shell)
        self._executions.serve()
        self._endings.end(0)

    def _new_shell(self, kernel_id: str) -> ZMQInteractiveShell:
        shell = shell_for(self._outlet, self._interrupts)
        shell.kernel = Kernel(shell, self._comms, kernel_id)
        return shell

    def _become_child(self) -> None:
        """A process forked by a cell: it prints into the captured descriptors, and that is
        all it may do to its parent's link."""
        self._outlet.is_child = True
        signal.set_wakeup_fd(-1)
        for stream in self._streams:
            stream.become_child()
        self._link.forget()
        self._captured.close()
        self._control.close()
        if self._orders is not None:
            self._orders.close()
        self._waker.close()
        self._windows.forget()
