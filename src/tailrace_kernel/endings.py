"""How the process ends: cleanly, by its own hand, with its host, or as a fork's child.

A guest that ends itself sends what it can and writes the frames that nobody acknowledged
to `left.frames` (KER-18), so that the last lines before `os._exit(3)` are not lost. A
signal from outside or a crash in C leaves no time for that: then what had reached the
socket, and `fault.txt`, is what there is.
"""

import atexit
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from tailrace_kernel.interrupts import PUT_OFF_S, CallSoon, is_critical
from tailrace_kernel.link import Link

HANDLED = b"\xfe"  # of SIGTERM; see `Persistence`
CLEAN_EXIT_S = 3.0  # what a user's atexit functions may take before we end without them
HARMLESS = {
    getattr(signal, name)
    for name in (
        "SIGINT",
        "SIGCHLD",
        "SIGCONT",
        "SIGWINCH",
        "SIGURG",
        "SIGALRM",
        "SIGUSR1",
        "SIGUSR2",
    )
    if hasattr(signal, name)
}

_exit_at_once = os._exit
_kill = os.kill


class Endings:
    """`mark_handled` writes `HANDLED` among the signals' numbers."""

    def __init__(
        self, folder: str, link: Link, call_soon: CallSoon, mark_handled: Callable[[], None]
    ) -> None:
        self._call_soon = call_soon
        self._mark_handled = mark_handled
        self._on_sigterm: Callable[[int, Any], None] | None = None
        self._folder = folder
        self._link = link
        self._pid = os.getpid()
        self._fault_file: Any = None
        self._in_child: list[Callable[[], None]] = []

    def install(self) -> None:
        self._fault_file = open(  # noqa: SIM115  (open as long as the process lives)
            os.path.join(self._folder, "fault.txt"), "w", encoding="utf-8"
        )
        faulthandler.enable(self._fault_file)
        self.in_child(lambda: faulthandler.enable(2))
        for name in ("_exit", "abort", "execv", "execve"):
            self._deliver_before(os, name)
        for module, name, number_at in (
            (os, "kill", 1),
            (os, "killpg", 1),
            (signal, "raise_signal", 0),
        ):
            if hasattr(module, name):
                self._deliver_before_signal(module, name, number_at)

    def take_sigterm(self) -> None:
        """Deliver before ending by SIGTERM. Children keep its default action."""

        def on_sigterm(number: int, frame: Any) -> None:
            self._mark_handled()
            if is_critical(frame):
                self._call_soon(PUT_OFF_S, lambda: _kill(self._pid, signal.SIGTERM))
                return
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self.deliver()
            _kill(self._pid, signal.SIGTERM)

        def restore() -> None:
            if self.takes_sigterm():
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _block_sigterm(False)

        self._on_sigterm = on_sigterm
        signal.signal(signal.SIGTERM, on_sigterm)
        if sys.platform != "win32":
            # One that comes before the child has its own handler must not be lost.
            os.register_at_fork(
                before=lambda: _block_sigterm(True),
                after_in_parent=lambda: _block_sigterm(False),
            )
            self.in_child(restore)

    def takes_sigterm(self) -> bool:
        """Whether a SIGTERM is ours: a cell may have put its own handler there."""
        handler = self._on_sigterm
        return handler is not None and signal.getsignal(signal.SIGTERM) is handler

    def in_child(self, action: Callable[[], None]) -> None:
        """Run `action` in each child made by `os.fork`, before its own code."""
        self._in_child.append(action)

    def watch_forks(self) -> None:
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._became_child)

    def _became_child(self) -> None:
        for action in self._in_child:
            action()

    def _deliver_before(self, module: Any, name: str) -> None:
        original = getattr(module, name, None)
        if original is None:
            return

        def delivering(*arguments: Any, **named: Any) -> Any:
            self.deliver()
            return original(*arguments, **named)

        delivering.__name__ = name
        delivering.__doc__ = original.__doc__
        setattr(module, name, delivering)

    def _deliver_before_signal(self, module: Any, name: str, number_at: int) -> None:
        original = getattr(module, name)

        def delivering(*arguments: Any) -> Any:
            number = arguments[number_at] if len(arguments) > number_at else 0
            target = arguments[0] if number_at else self._pid
            ours = target in (self._pid, 0, -self._pid)
            if ours and number != 0 and number not in HARMLESS:
                self.deliver()
            return original(*arguments)

        delivering.__name__ = name
        delivering.__doc__ = original.__doc__
        setattr(module, name, delivering)

    def deliver(self) -> None:
        """Send what can be sent; keep on disk what was not acknowledged."""
        if os.getpid() != self._pid:
            sys.stdout.flush()
            sys.stderr.flush()
            return
        frames = self._link.deliver()
        path = os.path.join(self._folder, "left.frames")
        try:
            with open(path + ".new", "wb") as file:
                file.writelines(frames)
            os.replace(path + ".new", path)
        except OSError as error:
            # Nobody is left to tell but the host's own log, which descriptor 2 was before us.
            print(f"{len(frames)} frames could not be kept: {error}", file=sys.__stderr__)

    def end_soon(self) -> None:
        """End within `CLEAN_EXIT_S`, whatever the main thread does."""
        late = threading.Timer(CLEAN_EXIT_S, self._end_now, (0,))
        late.daemon = True
        late.start()

    def end(self, status: int) -> NoReturn:
        """Run what was registered for the exit, deliver, and go."""
        self.end_soon()
        atexit._run_exitfuncs()
        self._end_now(status)

    def _end_now(self, status: int) -> NoReturn:
        self.deliver()
        _exit_at_once(status)

    def end_with_children(self) -> NoReturn:
        """The host is gone, and with it whoever would bury us and our children (KER-10)."""
        self.deliver()
        if sys.platform != "win32":
            for pid in descendants(self._pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    continue  # it was quicker
            if os.getpgrp() == self._pid:
                os.killpg(self._pid, signal.SIGKILL)
        _exit_at_once(1)


def _block_sigterm(is_blocked: bool) -> None:
    if sys.platform != "win32":
        how = signal.SIG_BLOCK if is_blocked else signal.SIG_UNBLOCK
        signal.pthread_sigmask(how, (signal.SIGTERM,))


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, as far as /proc tells (on Linux)."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as file:
                    children = [int(child) for child in file.read().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found
