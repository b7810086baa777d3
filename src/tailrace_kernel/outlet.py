"""Reports in the words of KER-6, each with the execution it belongs to.

Between the shell's hooks and the link: adds the execution's id, and knows what a forked
child may do (print, nothing else).
"""

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tailrace_kernel.attribution import CURRENT, SILENT, Into
from tailrace_kernel.link import Link
from tailrace_kernel.wire import join_buffers

ASKED_MOST = 1_000  # executions whose asker is remembered: their threads may go on for long

InnerDisplays = Callable[[str, dict[str, Any], dict[str, Any]], bool]


class Outlet:
    def __init__(self, link: Link) -> None:
        self.link = link
        self.running: str | None = None
        self.newest: str | None = None  # the execution that runs or ran last
        self.is_child = False
        self.error_shown = False
        self._asked: OrderedDict[str, dict[str, Any]] = OrderedDict()
        # Told of each update of a display: true where it stood in widgets alone.
        self.inner_displays: InnerDisplays = lambda display_id, data, metadata: False

    def remember(self, execution_id: str, asked: dict[str, Any]) -> None:
        """What a Jupyter client said with its request for this execution."""
        if asked:
            self._asked[execution_id] = asked
            if len(self._asked) > ASKED_MOST:
                self._asked.popitem(last=False)

    def asked_of(self, execution_id: str | None) -> dict[str, Any]:
        """Empty where no Jupyter client asked for it."""
        return self._asked.get(execution_id or "", {})

    def execution_now(self) -> str | None:
        """Whom the calling thread or task works for."""
        execution_id = CURRENT.get()
        if isinstance(execution_id, Into):
            execution_id = execution_id.execution_id
        return self.newest if execution_id is None else execution_id

    def place_now(self) -> str | None:
        """Where the output of the calling thread or task goes: as `execution_now`, or a widget."""
        place = CURRENT.get()
        return self.newest if place is None else place

    def display(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        *,
        display_id: str | None = None,
        execution_count: int | None = None,
        update: bool = False,
    ) -> None:
        execution_id = self.place_now()
        if execution_id == SILENT:
            return
        if isinstance(execution_id, Into) and not self.is_child:
            target = execution_id.target
            self.link.put_made(lambda: target.display(data, metadata, display_id, update))
            return
        if update and display_id is not None and self.inner_displays(display_id, data, metadata):
            return
        if self.is_child or execution_id is None:
            # A child has no link; before the first cell there is nothing to show it under.
            print(data.get("text/plain", ""))
            return
        report: dict[str, Any] = {
            "kind": "display-update" if update else "display",
            "execution_id": execution_id,
            "data": data,
            "metadata": metadata,
        }
        if display_id is not None:
            report["display_id"] = str(display_id)
        if update:
            self.link.put_update(str(display_id), report)
            return
        if execution_count is not None:
            report["execution_count"] = execution_count
        if display_id is not None:
            self.link.settle_update(str(display_id))
        self.link.put(report)

    def clear(self, *, wait: bool) -> None:
        execution_id = self.place_now()
        if isinstance(execution_id, Into):
            target = execution_id.target
            if not self.is_child:
                self.link.put_made(lambda: target.clear(wait))
        elif execution_id and not self.is_child:
            self.link.put({"kind": "clear", "execution_id": execution_id, "wait": bool(wait)})

    def error(self, name: str, message: str, traceback: list[str]) -> None:
        execution_id = self.place_now()
        if execution_id == SILENT:
            return
        if isinstance(execution_id, Into) and not self.is_child:
            target = execution_id.target
            self.link.put_made(lambda: target.error(name, message, traceback))
            return
        if execution_id == self.running:
            self.error_shown = True
        if self.is_child or execution_id is None:
            print("\n".join(traceback), file=sys.stderr)
            return
        self.link.put(
            {
                "kind": "error",
                "execution_id": execution_id,
                "name": name,
                "message": message,
                "traceback": traceback,
            }
        )

    def comm(self, kind: str, fields: dict[str, Any], buffers: list[bytes]) -> None:
        """`kind` is `comm-open`, `comm-message` or `comm-close`."""
        if self.is_child:
            return
        sizes, payload = join_buffers(buffers)
        self.link.put({"kind": kind, **fields, "buffer_sizes": sizes}, payload)
