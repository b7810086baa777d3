"""The pump: the thread that moves what writers left behind.

It reads the captured descriptors, ends a gathering of text in time, and continues sends
that the socket did not take. It never waits for room in the spool: when that is full it
stops reading the pipes, so that child processes wait as our own writers do.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable

from tailrace_kernel.descriptors import CapturedDescriptors
from tailrace_kernel.link import Link

FULL_CHECK_S = 0.05


class Waker:
    """Wakes the pump from any thread or signal handler; repeated calls cost one write."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        self._awake = False

    def wake(self) -> None:
        if not self._awake:
            self._awake = True
            os.write(self._writer, b"\0")

    def clear(self) -> None:
        """Before looking for work: a wake from now on is a new one."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.reader, 64)
        self._awake = False

    def close(self) -> None:
        os.close(self.reader)
        os.close(self._writer)


class Pump(threading.Thread):
    def __init__(self, link: Link, captured: CapturedDescriptors, waker: Waker) -> None:
        super().__init__(name="tailrace-pump", daemon=True)
        self._link = link
        self._captured = captured
        self._waker = waker
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._stopping = False

    def call_soon(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the pump's thread; safe in a signal handler."""
        self._later.append((time.monotonic() + delay_s, action))
        self._waker.wake()

    def run(self) -> None:
        link = self._link
        pipes = self._captured.readers()
        while not self._stopping:
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
            self._waker.clear()
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
