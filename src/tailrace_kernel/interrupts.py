"""SIGINT becomes KeyboardInterrupt in the cell, and nowhere else.

An idle guest is never hurt by one. A cell that awaits is cancelled through its task. While
the main thread is inside our own bookkeeping (functions marked `critical`) the interrupt is
put off until that is done, so that no frame is ever half numbered; functions marked
`interruptible` (waiting for room, for input) let it through even there.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, TypeVar

from tailrace_kernel.persistence import send_again

F = TypeVar("F", bound=Callable[..., Any])
CallSoon = Callable[[float, Callable[[], None]], None]

_CRITICAL: set[CodeType] = set()
_INTERRUPTIBLE: set[CodeType] = set()
_LOOP_RUNNERS: set[CodeType] = set()
HANDLED = b"\xff"  # see `Persistence`
PUT_OFF_S = 0.001
CLAIMED_AFTER_S = 0.02  # the signal, sent first, has arrived by then where it can at all
DEPTH_SEARCHED = 40  # our own calls are shallow; a recursing cell's stack is not searched


def critical(function: F) -> F:
    """The main thread is not interrupted while it is in `function` or what it calls."""
    _CRITICAL.add(function.__code__)
    return function


def interruptible(function: F) -> F:
    """Inside a `critical` function, this one may be interrupted: it changes nothing."""
    _INTERRUPTIBLE.add(function.__code__)
    return function


def is_critical(frame: FrameType | None) -> bool:
    for _ in range(DEPTH_SEARCHED):
        if frame is None or frame.f_code in _INTERRUPTIBLE:
            return False
        if frame.f_code in _CRITICAL:
            return True
        frame = frame.f_back
    return False


def runs_loop(function: F) -> F:
    """`function` runs the guest's event loop: what is called from it but the loop is ours."""
    _LOOP_RUNNERS.add(function.__code__)
    return function


def _is_loop_itself(frame: FrameType | None) -> bool:
    """Whether our event loop was interrupted, not code that runs on it.

    Raised there, KeyboardInterrupt could lose a step of a task for good. A loop that a
    cell runs in turn has the cell's frames below it, and is interrupted as code is.
    """
    while frame is not None:
        if frame.f_code in _LOOP_RUNNERS:
            return True
        module = frame.f_globals.get("__name__", "")
        if module != "selectors" and module.partition(".")[0] != "asyncio":
            return False
        frame = frame.f_back
    return False


class Interrupts:
    """The guest's SIGINT handler.

    `call_soon` runs a function on the pump's thread after a delay, `mark_handled` writes
    `HANDLED` (see `Persistence`).
    """

    def __init__(self, call_soon: CallSoon, mark_handled: Callable[[], None]) -> None:
        self._call_soon = call_soon
        self._mark_handled = mark_handled
        self._cell: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main = threading.get_ident()
        self._armed = False
        self._is_repeat = False
        self.hit = False  # an interrupt reached the cell that runs
        self._reached: str | None = None  # the execution that interrupts reach now
        self._claimed: str | None = None  # the execution that one was asked for by name
        self._meant: str | None = None  # for whom a signal of our own was sent
        self.pending = False  # something came while the main thread was in critical code
        self._owed: list[Callable[[], None]] = []
        self._is_owed = False

    def install(self) -> None:
        """Take SIGINT (again: a cell may have put its own handler there)."""
        if not self.is_installed():
            signal.signal(signal.SIGINT, self._on_signal)

    def is_installed(self) -> bool:
        return signal.getsignal(signal.SIGINT) == self._on_signal

    @contextlib.contextmanager
    def reach(self, task: asyncio.Task[Any], execution_id: str) -> Iterator[None]:
        """Within this block interrupts reach `task`, whose code is the cell."""
        self._cell, self._loop = task, task.get_loop()
        self.hit = self._is_owed = False
        self._armed = True
        self._reached = execution_id
        try:
            if self._claimed == execution_id:
                self._send_claimed(execution_id)
            yield
        finally:
            self._armed = self._is_owed = False
            self._cell = self._reached = None

    def claim(self, execution_id: str) -> None:
        """The server interrupted this execution, which has not ended; from any thread.

        It sent a signal before it said so. Where that came too early, before the cell could
        be reached, it is sent again.
        """
        if self._reached == execution_id and self.hit:
            return
        self._claimed = execution_id
        self._call_soon(CLAIMED_AFTER_S, lambda: self._look_for_claimed(execution_id))

    def _look_for_claimed(self, execution_id: str) -> None:
        # A handler that the cell put there has been called.
        is_due = self._claimed == execution_id and not self.hit and not self._is_owed
        if is_due and self._reached == execution_id and self.is_installed():
            self._send_claimed(execution_id)

    def _send_claimed(self, execution_id: str) -> None:
        self._claimed, self._meant = None, execution_id
        send_again(signal.SIGINT)

    def put_off(self, action: Callable[[], None]) -> None:
        """Run `action` at the end of the critical code that the main thread is in."""
        self._owed.append(action)
        self.pending = True

    def raise_pending(self) -> None:
        """At the end of critical code: do what was put off. May raise anything."""
        if threading.get_ident() != self._main:
            return
        while self._owed:
            self._owed.pop(0)()
        self.pending = False

    def _raise_owed(self) -> None:
        if self._is_owed and self._armed:
            self._is_owed = False
            self.hit = True
            raise KeyboardInterrupt

    def cancel_cell(self) -> None:
        """End a cell that awaits, as an interrupt does."""
        self.hit = True
        if self._cell is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cell.cancel)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self._mark_handled()
        is_repeat, self._is_repeat = self._is_repeat, False
        meant, self._meant = self._meant, None
        if not self._armed or (is_repeat and not self._is_owed):
            return
        if meant is not None and meant != self._reached:  # that one has ended
            return
        if is_critical(frame):
            if not self._is_owed:
                self._is_owed = True
                self.put_off(self._raise_owed)
            self._call_soon(PUT_OFF_S, self._repeat)
            return
        self._is_owed = False
        self.hit = True
        if _is_loop_itself(frame):
            self.cancel_cell()
            return
        raise KeyboardInterrupt

    def _repeat(self) -> None:
        """Where critical code takes long, or ends without `raise_pending`."""
        if self._is_owed:
            self._is_repeat = True
            send_again(signal.SIGINT)


def interrupt_all() -> None:
    """Interrupt this process, and its children where the system has groups of processes."""
    if sys.platform != "win32":
        os.killpg(os.getpgrp(), signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
