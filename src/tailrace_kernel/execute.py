"""The main thread: one cell after the other in IPython, on one event loop for ever.

Cells run on the loop, as in Jupyter: top-level `await` works, tasks live on between cells.
Each cell gets a task of its own in one lasting context, so that context variables set in a
cell are there in the next. After a cell comes the barrier, then `finished` (KER-7).
"""

import asyncio
import contextvars
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.async_helpers import _asyncio_runner, _pseudo_sync_runner
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult

from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.descriptors import CapturedDescriptors
from tailrace_kernel.displays import bundle
from tailrace_kernel.interrupts import Interrupts, runs_loop
from tailrace_kernel.outlet import Outlet
from tailrace_kernel.persistence import send_again
from tailrace_kernel.shell import ZMQInteractiveShell, message_of

Asked = dict[str, Any]
"""What a Jupyter client wants beyond the source; empty where nobody asked so."""

KNOWN_IDS = 10_000  # executions remembered, so that one handed over twice runs once


class Executions:
    """Runs what the control thread hands over; `submit`, `call` and `stop` are its side."""

    def __init__(
        self,
        shell: ZMQInteractiveShell,
        outlet: Outlet,
        captured: CapturedDescriptors,
        interrupts: Interrupts,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.before_cell: list[Callable[[], None]] = []
        self.after_cell: list[Callable[[], None]] = []
        self._shell = shell
        self._outlet = outlet
        self._captured = captured
        self._interrupts = interrupts
        self._loop = loop
        self._stopping = False
        self._known: dict[str, None] = {}
        self._unfinished: set[str] = set()
        self._queue: asyncio.Queue[tuple[str, str, str, Asked] | None] = asyncio.Queue()
        self._context = contextvars.copy_context()
        self._streams = (sys.stdout, sys.stderr)

    # ── from other threads ───────────────────────────────────────────────────

    @property
    def known(self) -> list[str]:
        return list(self._known)

    def submit(
        self, execution_id: str, cell_id: str, source: str, asked: Asked | None = None
    ) -> None:
        """Queue one execution; an id that is known already is ignored (KER-8)."""
        if execution_id in self._known:
            return
        self._known[execution_id] = None
        if len(self._known) > KNOWN_IDS:
            del self._known[next(iter(self._known))]
        self._unfinished.add(execution_id)
        item = (execution_id, cell_id, source, asked or {})
        self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    def interrupt(self, execution_id: str) -> None:
        """The server interrupted this execution, by a signal that may have come too early."""
        if execution_id in self._unfinished:
            self._interrupts.claim(execution_id)

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run `function` in the main thread, between cells or while one awaits."""
        self._loop.call_soon_threadsafe(function, *arguments, context=contextvars.copy_context())

    def stop(self) -> None:
        """End the loop: interrupt the cell that runs, start no other."""
        self._stopping = True
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
        send_again(signal.SIGINT)

    # ── the main thread ──────────────────────────────────────────────────────

    @runs_loop
    def serve(self) -> None:
        """Run executions until told to stop, or until a cell says `exit`."""
        serving = self._loop.create_task(self._serve())
        while True:
            try:
                self._loop.run_until_complete(serving)
                return
            except KeyboardInterrupt:
                # It hit a background task or a callback while the cell awaited.
                self._interrupts.cancel_cell()
            except SystemExit:
                # A background task called sys.exit(): that ends the task, not the kernel.
                print("a background task called sys.exit()", file=sys.stderr)

    async def _serve(self) -> None:
        while not (self._shell.exit_now or self._stopping):
            item = await self._queue.get()
            if item is None or self._stopping:
                return
            await self._execute(*item)

    async def _execute(self, execution_id: str, cell_id: str, source: str, asked: Asked) -> None:
        outlet = self._outlet
        outlet.link.begin(execution_id)
        outlet.running = outlet.newest = execution_id
        outlet.error_shown = False
        outlet.remember(execution_id, asked)
        for action in self.before_cell:
            action()
        self._interrupts.install()
        self._context.run(CURRENT.set, execution_id)
        started = time.perf_counter()
        running = self._cell(execution_id, source, cell_id, asked)
        task = self._loop.create_task(running, context=self._context)
        await asyncio.wait([task])
        took_ms = (time.perf_counter() - started) * 1000
        status, count = self._outcome(task)
        finished: dict[str, Any] = {
            "kind": "finished",
            "execution_id": execution_id,
            "status": status,
            "execution_count": count if _is_counted(asked) else None,
            "took_ms": round(took_ms, 3),
        }
        if asked and status == "ok":
            finished["expressions"] = self._values(asked)
        for action in self.after_cell:
            action()
        self._restore_streams()
        self._captured.flush_c()
        self._captured.repair()
        outlet.running = None
        self._unfinished.discard(execution_id)
        outlet.link.finish(finished)

    async def run_beside(self, source: str, asked: Asked) -> dict[str, Any]:
        """Run `source` in another thread than the main one; what a reply says of it."""
        result = await self._run(source, "", asked)
        error = result.error_before_exec or result.error_in_exec
        count = result.execution_count if _is_counted(asked) else None
        if error is None:
            values = self._shell.user_expressions(asked.get("user_expressions") or {})
            return {"status": "ok", "execution_count": count, "expressions": values}
        return {
            "status": "error",
            "execution_count": count,
            "ename": type(error).__name__,
            "evalue": message_of(error),
            "traceback": traceback.format_exception(error),
        }

    def _values(self, asked: Asked) -> dict[str, Any]:
        """Of the `user_expressions`, in Jupyter's form."""
        wanted = asked.get("user_expressions") or {}
        values: dict[str, Any] = self._context.run(self._shell.user_expressions, wanted)
        for value in values.values():
            if "data" in value:
                value["data"] = bundle(value["data"])
        return values

    async def _cell(
        self, execution_id: str, source: str, cell_id: str, asked: Asked
    ) -> ExecutionResult:
        shell = self._shell
        task = asyncio.current_task(self._loop)
        assert task is not None
        result: Any = None
        with self._interrupts.reach(task, execution_id):
            try:
                result = await self._run(source, cell_id, asked)
            finally:
                shell.events.trigger("post_execute")
                shell.events.trigger("post_run_cell", result)
        return result  # type: ignore[no-any-return]

    async def _run(self, source: str, cell_id: str, asked: Asked) -> ExecutionResult:
        """`shell.run_cell`, but what awaits does so on our loop, which runs already."""
        shell = self._shell
        failed = None
        try:
            transformed = shell.transform_cell(source)
        except Exception:
            transformed, failed = source, sys.exc_info()
        options: dict[str, Any] = {
            "transformed_cell": transformed,
            "preprocessing_exc_tuple": failed,
        }
        running = shell.run_cell_async(
            source,
            store_history=_is_counted(asked),
            silent=bool(asked.get("silent")),
            cell_id=cell_id,
            **options,
        )
        try:
            if not shell.should_run_async(source, **options):
                runner = shell.trio_runner or _pseudo_sync_runner
            elif shell.loop_runner is _asyncio_runner:
                return await running
            else:
                runner = shell.loop_runner
            return runner(running)  # type: ignore[no-any-return]
        except BaseException as error:
            # IPython shows what a cell raises; this came from the machinery around it.
            running.close()
            result = ExecutionResult(ExecutionInfo(source, True, False, True, cell_id))
            result.error_in_exec = error
            shell.showtraceback()
            return result

    def _outcome(self, task: "asyncio.Task[ExecutionResult]") -> tuple[str, int | None]:
        """The status and count for `finished`; shows an error nobody has shown."""
        escaped = KeyboardInterrupt() if task.cancelled() else task.exception()
        if escaped is not None:
            self._show(escaped)
            return "interrupted" if isinstance(escaped, KeyboardInterrupt) else "error", None
        result = task.result()
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return "ok", result.execution_count
        if isinstance(error, KeyboardInterrupt) or (
            self._interrupts.hit and isinstance(error, asyncio.CancelledError)
        ):
            return "interrupted", result.execution_count
        return "error", result.execution_count

    def _show(self, error: BaseException) -> None:
        if not self._outlet.error_shown:
            self._shell.show_plain_error(error)

    def _restore_streams(self) -> None:
        """A cell may replace `sys.stdout`; one that it left unusable is put right again."""
        for name, ours in zip(("stdout", "stderr"), self._streams, strict=True):
            stream = getattr(sys, name)
            if stream is None or not hasattr(stream, "write") or getattr(stream, "closed", False):
                setattr(sys, name, ours)


def _is_counted(asked: Asked) -> bool:
    """Whether the execution takes a number, and a place in the history."""
    return not asked.get("silent") and bool(asked.get("store_history", True))
