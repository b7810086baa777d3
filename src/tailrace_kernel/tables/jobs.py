"""Work that may take longer than an answer: done on threads of its own, kept when done.

`result` waits a moment; whoever is told `None` asks again. A job that nobody has asked for
in a while is told to stop. What was found is kept, newest first, up to a number of bytes.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any

from tailrace_kernel.attribution import CURRENT, SILENT
from tailrace_kernel.tables.frame import Stop, Stopped

KEPT_BYTES = 192 << 20  # two sorted views of ten million rows
KEPT_MOST = 256
WORKERS = 2
UNWANTED_AFTER_S = 10.0  # who waits asks every second or two

Compute = Callable[[Stop], tuple[Any, int]]


class _Job:
    def __init__(self, compute: Compute) -> None:
        self.compute = compute
        self.done = threading.Event()
        self.asked = time.monotonic()
        self.value: Any = None
        self.size_bytes = 0
        self.error: Exception | None = None
        self.is_dropped = False

    def is_unwanted(self) -> bool:
        return self.is_dropped or time.monotonic() - self.asked > UNWANTED_AFTER_S


class Jobs:
    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._lock = threading.Condition()
        self._jobs: OrderedDict[Hashable, _Job] = OrderedDict()
        self._queue: deque[tuple[Hashable, _Job]] = deque()
        self._workers = 0
        self._idle = 0

    def result(self, key: Hashable, compute: Compute, wait_s: float) -> tuple[Any] | None:
        """The value of `compute`, in a tuple; None while it is being worked on. Raises what
        it raised. It is computed once for a key, and again after it was forgotten."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = _Job(compute)
                self._queue.append((key, job))
                self._begin()
            self._jobs.move_to_end(key)
            job.asked = time.monotonic()
        job.done.wait(wait_s)
        if not job.done.is_set():
            return None
        if job.error is not None:
            self.forget(lambda other: other == key)
            raise job.error
        return (job.value,)

    def forget(self, which: Callable[[Any], bool]) -> None:
        """Drop what was found, and stop what runs, for the keys that are meant."""
        with self._lock:
            for key in [key for key in self._jobs if which(key)]:
                self._jobs.pop(key).is_dropped = True

    @property
    def kept_bytes(self) -> int:
        with self._lock:
            return sum(job.size_bytes for job in self._jobs.values())

    def _begin(self) -> None:
        """Have a worker for what is queued; the lock is held."""
        if self._idle < len(self._queue) and self._workers < WORKERS:
            self._workers += 1
            threading.Thread(target=self._work, name="tailrace-tables", daemon=True).start()
        self._lock.notify()

    def _work(self) -> None:
        CURRENT.set(SILENT)
        while True:
            with self._lock:
                self._idle += 1
                while not self._queue:
                    self._lock.wait()
                self._idle -= 1
                key, job = self._queue.popleft()
            if not job.is_unwanted():
                self._run(job)
            if not job.done.is_set():
                self.forget(lambda other, job=job, key=key: self._is(other, key, job))  # type: ignore[misc]
            self._trim()

    def _is(self, other: Hashable, key: Hashable, job: _Job) -> bool:
        return other == key and self._jobs.get(key) is job

    def _run(self, job: _Job) -> None:
        try:
            job.value, job.size_bytes = job.compute(job.is_unwanted)
        except Stopped:
            return
        except Exception as error:
            job.error = error
        job.compute = _done
        job.done.set()

    def _trim(self) -> None:
        with self._lock:
            total = sum(job.size_bytes for job in self._jobs.values())
            for key, job in list(self._jobs.items())[:-1]:  # the newest is being looked at
                if total <= self._kept_bytes and len(self._jobs) <= KEPT_MOST:
                    return
                if job.done.is_set():
                    total -= job.size_bytes
                    del self._jobs[key]


def _done(_: Stop) -> tuple[Any, int]:
    raise AssertionError("a job is computed once")
