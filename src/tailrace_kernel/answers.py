"""Questions about the namespace, answered beside the running cell (KER-8).

Each question is worked on by a thread of its own kind and has a time budget: when that is
over the asker is told so, and a worker that still hangs (a completion deep in a large
library, a property that blocks) is left to finish in the background. What such work prints
is not shown: no cell asked for it.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from tailrace_kernel.attribution import CURRENT, SILENT

Result = dict[str, Any]
Work = Callable[[dict[str, Any]], Result]
Answer = Callable[[Result | None, str | None], None]

BUDGET_S = 4.0  # below the five seconds that a server waits
WORKERS_MOST = 4  # hanging workers that we put up with


class Answers:
    """`kinds` maps a request's kind to its work; `quick` works when a budget is over."""

    def __init__(self, kinds: dict[str, Work], *, budget_s: float = BUDGET_S) -> None:
        self._kinds = kinds
        self._budget_s = budget_s
        self._questions: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers = 0
        self._idle = 0
        self._timer: threading.Thread | None = None
        self._open: list[_Question] = []

    def ask(self, kind: str, header: dict[str, Any], answer: Answer) -> None:
        """Have `answer` called once: with the result, or with what went wrong."""
        work = self._kinds.get(kind)
        if work is None:
            answer(None, f"a kernel knows no request {kind!r}")
            return
        question = _Question(work, header, answer, time.monotonic() + self._budget_s)
        with self._lock:
            if self._idle == 0:
                if self._workers >= WORKERS_MOST:
                    question.give(None, "the kernel is still working on earlier questions")
                    return
                self._workers += 1
                threading.Thread(target=self._work, name="tailrace-answers", daemon=True).start()
            else:
                self._idle -= 1
            self._open.append(question)
            if self._timer is None:
                self._timer = threading.Thread(
                    target=self._watch, name="tailrace-budget", daemon=True
                )
                self._timer.start()
        self._questions.put(question)

    def _work(self) -> None:
        CURRENT.set(SILENT)
        while True:
            question = self._questions.get()
            try:
                question.give(question.work(question.header), None)
            except Exception as error:
                question.give(None, f"{type(error).__name__}: {_said(error)}")
            with self._lock:
                self._idle += 1
                if question in self._open:
                    self._open.remove(question)

    def _watch(self) -> None:
        """Ends questions whose time is over, and itself when none is open."""
        while True:
            with self._lock:
                if not self._open:
                    self._timer = None
                    return
                due = self._open[0].due
            time.sleep(max(0.0, due - time.monotonic()) + 0.01)
            with self._lock:
                late = [question for question in self._open if question.due <= time.monotonic()]
                self._open = [question for question in self._open if question not in late]
            for question in late:
                question.give(None, "the kernel did not find an answer in time")


class _Question:
    def __init__(self, work: Work, header: dict[str, Any], answer: Answer, due: float) -> None:
        self.work = work
        self.header = header
        self.due = due
        self._answer = answer
        self._lock = threading.Lock()
        self._given = False

    def give(self, result: Result | None, error: str | None) -> None:
        with self._lock:
            if self._given:
                return
            self._given = True
        self._answer(result, error)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return "(its message cannot be read)"
