"""SIGINT becomes KeyboardInterrupt in the cell, and nowhere else.

An idle guest is never hurt by one. A cell that awaits is cancelled through its task. While
the main thread is inside our own bookkeeping (functions marked `critical`) the interrupt is
put off by a millisecond, so that no frame is ever half numbered; functions marked
`interruptible` (waiting for room, for input) let it through even there.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_CRITICAL: set[CodeType] = set()
_INTERRUPTIBLE: set[CodeType] = set()
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


class Interrupts:
    """The guest's SIGINT handler. `redeliver` asks another thread to send it again soon."""

    def __init__(self, redeliver: Callable[[], None]) -> None:
        self._redeliver = redeliver
        self._cell: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._armed = False
        self.hit = False  # an interrupt reached the cell that runs

    def install(self) -> None:
        """Take SIGINT (again: a cell may have put its own handler there)."""
        if signal.getsignal(signal.SIGINT) != self._on_signal:
            signal.signal(signal.SIGINT, self._on_signal)

    @contextlib.contextmanager
    def reach(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Within this block interrupts reach `task`, whose code is the cell."""
        self._cell, self._loop = task, task.get_loop()
        self.hit = False
        self._armed = True
        try:
            yield
        finally:
            self._armed = False
            self._cell = None

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        if is_critical(frame):
            self._redeliver()
            return
        self.hit = True
        if self._is_waiting(frame):
            self.cancel_cell()
            return
        raise KeyboardInterrupt

    def cancel_cell(self) -> None:
        """End a cell that awaits, as an interrupt does."""
        self.hit = True
        if self._cell is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cell.cancel)

    def _is_waiting(self, frame: FrameType | None) -> bool:
        """The event loop itself was interrupted: nobody's code runs."""
        if self._loop is None or asyncio.current_task(self._loop) is not None:
            return False
        module = frame.f_globals.get("__name__", "") if frame is not None else ""
        return module in ("selectors", "asyncio.base_events", "asyncio.selector_events")


def send_again() -> None:
    """Deliver SIGINT to the main thread, out of a system call too where that is possible."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
