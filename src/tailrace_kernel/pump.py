"""The pump: the thread that moves what writers left behind.

It reads the captured descriptors, ends a gathering of text in time, and continues sends
that the socket did not take. It never waits for room in the spool: when that is full it
stops reading the pipes, so that child processes wait as our own writers do.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tailrace_kernel.link import Link

FULL_CHECK_S = 0.05


class Pipes(Protocol):
    """The captured descriptors' other ends."""

    def readers(self) -> list[int]: ...


class Waker:
    """Wakes the pump from any thread or signal handler; repeated calls cost one write."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        self._awake = False
        self._closed = False

    def wake(self) -> None:
        if not self._awake and not self._closed:
            self._awake = True
            os.write(self._writer, b"\0")

    def clear(self) -> bytes:
        """Before looking for work: a wake from now on is a new one. Gives the numbers of
        the signals that came (see `take_signals`) and other marks, in order."""
        seen = b""
        with contextlib.suppress(BlockingIOError):
            seen = os.read(self.reader, 512)
        self._awake = False
        return seen.replace(b"\0", b"")

    def mark(self, mark: bytes) -> None:
        """Write `mark` among the signals' numbers."""
        if not self._closed:
            with contextlib.suppress(BlockingIOError):
                os.write(self._writer, mark)

    def take_signals(self) -> None:
        """Have each signal's number written here as it comes. In the main thread."""
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def close(self) -> None:
        """In a forked child: its numbers may soon be those of other files."""
        self._closed = True
        os.close(self.reader)
        os.close(self._writer)


class Pump(threading.Thread):
    def __init__(self, link: Link, captured: Pipes, waker: Waker) -> None:
        super().__init__(name="tailrace-pump", daemon=True)
        self._link = link
        self._captured = captured
        self._waker = waker
        self._later: list[tuple[float, Callable[[], None]]] = []
        self.on_marks: Callable[[bytes], None] | None = None

    def call_soon(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the pump's thread; safe in a signal handler."""
        self._later.append((time.monotonic() + delay_s, action))
        self._waker.wake()

    def run(self) -> None:
        link = self._link
        pipes = self._captured.readers()
        while True:
            poller = select.poll()
            poller.register(self._waker.reader, select.POLLIN)
            may_read = link.may_read
            if may_read:
                for pipe in pipes:
                    poller.register(pipe, select.POLLIN)
            blocked = link.descriptor()
            if blocked is not None:
                poller.register(blocked, select.POLLOUT)
            events = dict(poller.poll(self._timeout_ms(may_read)))
            marks = self._waker.clear()
            if marks and self.on_marks is not None:
                self.on_marks(marks)
            self._run_due()
            link.on_pump(
                readable=any(pipe in events for pipe in pipes),
                writable=blocked is not None and blocked in events,
            )

    def _timeout_ms(self, may_read: bool) -> float | None:
        times = [due for due, _ in self._later]
        deadline = self._link.deadline
        if deadline is not None:
            times.append(deadline)
        if not may_read:
            times.append(time.monotonic() + FULL_CHECK_S)
        if not times:
            return None
        return max(0.0, (min(times) - time.monotonic()) * 1000)

    def _run_due(self) -> None:
        now = time.monotonic()
        for entry in [entry for entry in self._later if entry[0] <= now]:
            self._later.remove(entry)
            entry[1]()
