"""Which execution a thread or a task works for.

Output belongs to the execution that started the thread or asyncio task that wrote it,
also after that cell has finished (KER-9). A context variable carries the execution's id:
tasks copy it by themselves, threads and pools are taught to here.

A context without an execution (C threads, callbacks made before the first cell) is
attributed when its text is gathered: to the execution that runs, else to the last one.
"""

import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

CURRENT: ContextVar[str | None] = ContextVar("tailrace_execution", default=None)

# The execution of work that no cell asked for (completions, variables): what it prints
# would land in a cell that has nothing to do with it, so it is not shown.
SILENT = ""


class Into(str):
    """The id of an execution whose output goes into a widget (`output_widgets.py`) and not
    under its cell. It differs from the execution's own id, so that text for the one and the
    other is kept apart."""

    execution_id: str | None
    target: Any

    def __new__(cls, execution_id: str | None, target: Any, name: str) -> "Into":
        made = super().__new__(cls, f"{execution_id or ''}\0{name}")
        made.execution_id = execution_id
        made.target = target
        return made


def attribute_threads() -> None:
    """From now on threads and pool tasks belong to the execution that started them."""
    _inherit_in_threads()
    _inherit_in_pools()


def _inherit_in_threads() -> None:
    thread: Any = threading.Thread
    start, bootstrap = thread.start, thread._bootstrap_inner

    @functools.wraps(start)
    def start_attributed(self: Any) -> None:
        self._tailrace_execution = CURRENT.get()
        start(self)

    @functools.wraps(bootstrap)
    def bootstrap_attributed(self: Any) -> None:
        execution_id = getattr(self, "_tailrace_execution", None)
        CURRENT.set(execution_id)
        context = getattr(self, "_context", None)  # Python 3.14 runs `run` in a context
        if isinstance(context, contextvars.Context) and context.get(CURRENT) != execution_id:
            context.run(CURRENT.set, execution_id)
        bootstrap(self)

    thread.start = start_attributed
    thread._bootstrap_inner = bootstrap_attributed


def _inherit_in_pools() -> None:
    pool: Any = ThreadPoolExecutor
    submit = pool.submit

    @functools.wraps(submit)
    def submit_attributed(
        self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        return submit(self, _Attributed(fn, CURRENT.get()), *args, **kwargs)  # type: ignore[no-any-return]

    pool.submit = submit_attributed


class _Attributed:
    """A pool's task, run for the execution that submitted it on whatever thread."""

    __slots__ = ("_execution_id", "_function")

    def __init__(self, function: Callable[..., Any], execution_id: str | None) -> None:
        self._function = function
        self._execution_id = execution_id

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = CURRENT.set(self._execution_id)
        try:
            return self._function(*args, **kwargs)
        finally:
            CURRENT.reset(token)
