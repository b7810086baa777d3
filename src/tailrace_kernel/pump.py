"""The pump: the thread that moves what writers left behind.

It reads the captured descriptors, ends a gathering of text in time, and continues sends
that the socket did not take. It never waits for room in the spool: when that is full it
stops reading the pipes, so that child processes wait as our own writers do.
"""

import contextlib
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tailrace_kernel.link import Link

FULL_CHECK_S = 0.05
LOOK_S = 0.01  # between looks at the descriptors, where nothing tells of them,
IDLE_LOOK_S = 0.05  # and when nothing was found there for
IDLE_AFTER_S = 1.0


class Pipes(Protocol):
    """The captured descriptors' other ends."""

    def readers(self) -> list[int]: ...


class Waker:
    """Wakes the pump from any thread or signal handler; repeated calls cost one write."""

    def __init__(self) -> None:
        # Sockets: on Windows nothing else can be waited for, or written by a signal.
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        self._awake = False
        self._closed = False

    def wake(self) -> None:
        if not self._awake and not self._closed:
            self._awake = True
            self._writer.send(b"\0")

    def clear(self) -> bytes:
        """Before looking for work: a wake from now on is a new one. Gives the numbers of
        the signals that came (see `take_signals`) and other marks, in order."""
        seen = b""
        with contextlib.suppress(BlockingIOError):
            seen = self.reader.recv(512)
        self._awake = False
        return seen.replace(b"\0", b"")

    def mark(self, mark: bytes) -> None:
        """Write `mark` among the signals' numbers."""
        if not self._closed:
            with contextlib.suppress(BlockingIOError):
                self._writer.send(mark)

    def take_signals(self) -> None:
        """Have each signal's number written here as it comes. In the main thread."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """In a forked child: its numbers may soon be those of other files."""
        self._closed = True
        self.reader.close()
        self._writer.close()


class Pump(threading.Thread):
    """`look`: whether the pipes hold something; where nothing else tells (Windows)."""

    def __init__(
        self,
        link: Link,
        captured: Pipes,
        waker: Waker,
        *,
        look: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(name="tailrace-pump", daemon=True)
        self._link = link
        self._captured = captured
        self._waker = waker
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._look = look
        self._found_at = 0.0
        self.on_marks: list[Callable[[bytes], None]] = []

    def call_soon(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the pump's thread; safe in a signal handler."""
        self._later.append((time.monotonic() + delay_s, action))
        self._waker.wake()

    def run(self) -> None:
        link, look = self._link, self._look
        pipes = tuple(self._captured.readers()) if look is None else ()
        waker = self._waker.reader.fileno()
        while True:
            may_read = link.may_read
            blocked = link.descriptor()
            ready, can_write = _ready(
                (waker, *pipes) if may_read else (waker,), blocked, self._timeout_s(may_read)
            )
            marks = self._waker.clear()
            if marks:
                for read in self.on_marks:
                    read(marks)
            self._run_due()
            readable = any(pipe in ready for pipe in pipes)
            if look is not None:
                readable = may_read and look()
            if readable:
                self._found_at = time.monotonic()
            link.on_pump(readable=readable, writable=can_write)

    def _timeout_s(self, may_read: bool) -> float | None:
        now = time.monotonic()
        times = [due for due, _ in self._later]
        deadline = self._link.deadline
        if deadline is not None:
            times.append(deadline)
        if not may_read:
            times.append(now + FULL_CHECK_S)
        elif self._look is not None:
            is_idle = now - self._found_at > IDLE_AFTER_S
            times.append(now + (IDLE_LOOK_S if is_idle else LOOK_S))
        if not times:
            return None
        return max(0.0, min(times) - now)

    def _run_due(self) -> None:
        now = time.monotonic()
        for entry in [entry for entry in self._later if entry[0] <= now]:
            self._later.remove(entry)
            entry[1]()


if sys.platform == "win32":

    def _ready(
        readers: tuple[int, ...], writer: int | None, timeout_s: float | None
    ) -> tuple[set[int], bool]:
        """Which of `readers` have something, and whether `writer` takes more."""
        writers = [] if writer is None else [writer]
        readable, writable, _ = select.select(list(readers), writers, [], timeout_s)
        return set(readable), bool(writable)
else:

    def _ready(
        readers: tuple[int, ...], writer: int | None, timeout_s: float | None
    ) -> tuple[set[int], bool]:
        """Which of `readers` have something, and whether `writer` takes more."""
        poller = select.poll()
        for reader in readers:
            poller.register(reader, select.POLLIN)
        if writer is not None:
            poller.register(writer, select.POLLOUT)
        events = dict(poller.poll(None if timeout_s is None else timeout_s * 1000))
        return {each for each in events if each != writer}, writer in events
