"""Jupyter's subshells: code that runs beside the main thread's, in a thread of its own.

Each has a thread, a queue and an event loop; the namespace is shared with the cells. What its
code prints belongs to its execution, as that of any thread does. An interrupt reaches only
the main thread.
"""

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable
from typing import Any

from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.execute import Executions
from tailrace_kernel.outlet import Outlet
from tailrace_kernel.shell import message_of

Header = dict[str, Any]
Answer = Callable[[dict[str, Any] | None, str | None], None]

SUBSHELLS_MOST = 64
KINDS = frozenset({"create-subshell", "delete-subshell", "list-subshells", "execute-in-subshell"})


class Subshells:
    def __init__(self, executions: Executions, outlet: Outlet) -> None:
        self._executions = executions
        self._outlet = outlet
        self._lock = threading.Lock()
        self._subshells: dict[str, _Subshell] = {}

    def ask(self, kind: str, header: Header, answer: Answer) -> None:
        """From the control thread; never waits. Code is answered when it has ended."""
        with self._lock:
            if kind == "create-subshell":
                if len(self._subshells) >= SUBSHELLS_MOST:
                    answer(None, f"a kernel has at most {SUBSHELLS_MOST} subshells")
                    return
                subshell_id = uuid.uuid4().hex
                self._subshells[subshell_id] = _Subshell(self._run)
                answer({"subshell_id": subshell_id}, None)
            elif kind == "list-subshells":
                answer({"subshell_id": list(self._subshells)}, None)
            else:
                subshell = self._subshells.get(str(header.get("subshell_id")))
                if subshell is None:
                    answer(None, f"no subshell is called {header.get('subshell_id')!r}")
                elif kind == "delete-subshell":
                    del self._subshells[str(header["subshell_id"])]
                    subshell.end()
                    answer({}, None)
                else:
                    subshell.put(header, answer)

    async def _run(self, header: Header) -> dict[str, Any]:
        """In the subshell's thread."""
        execution_id, asked = header["execution_id"], header.get("asked") or {}
        CURRENT.set(execution_id)
        self._outlet.remember(execution_id, asked)
        try:
            return await self._executions.run_beside(header["source"], asked)
        finally:
            # Behind everything that it printed.
            self._outlet.link.put({"kind": "comm-done", "message_id": header["message_id"]})


class _Subshell:
    def __init__(self, run: Callable[[Header], Any]) -> None:
        self._run = run
        self._waiting: queue.SimpleQueue[tuple[Header, Answer] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="subshell", daemon=True).start()

    def put(self, header: Header, answer: Answer) -> None:
        self._waiting.put((header, answer))

    def end(self) -> None:
        """When what waits has run."""
        self._waiting.put(None)

    def _serve(self) -> None:
        with asyncio.Runner() as runner:
            while (item := self._waiting.get()) is not None:
                header, answer = item
                try:
                    answer(runner.run(self._run(header)), None)
                except BaseException as error:
                    answer(None, message_of(error) or type(error).__name__)
