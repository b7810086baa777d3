"""Comms: two-way channels between a widget in the kernel and one in the page.

Our classes stand in for those of the `comm` package once it is imported, so that
ipywidgets, bokeh and the like find them. Messages from the page are handled in the main
thread, between cells and while a cell awaits; what their handlers write belongs to the
execution that opened the comm.

When a message that came with a `message_id` has been handled, `comm-done` says so (JUP-3):
until then a page holds back what it would send next. A widget's echo of such a message
carries the id as `metadata.tailrace.answers` (WID-6).
"""

import logging
import threading
from types import ModuleType
from typing import Any

from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.later import when_imported
from tailrace_kernel.outlet import Outlet

Message = dict[str, Any]

log = logging.getLogger("tailrace_kernel.comms")


class Comms:
    """What the guest knows of comms. The package's own manager holds them."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._manager: Any = None
        self._opened_by: dict[str, str | None] = {}
        self._handling: tuple[int, str] | None = None  # the thread, and the message's id

    @property
    def manager(self) -> Any:
        """`comm`'s manager; imports the package. None where the user does not have it."""
        if self._manager is None:
            try:
                import comm  # noqa: F401  (its import runs `_stand_in`)
            except ImportError:
                return None
        return self._manager

    def install(self) -> None:
        when_imported("comm", self._stand_in)
        # Importing these puts ipykernel's own classes in place of ours; they need a ZMQ kernel.
        when_imported("ipykernel.ipkernel", self._stand_in_again)
        when_imported("ipykernel.comm", self._stand_in_again)

    def _stand_in(self, module: ModuleType) -> None:
        comms = self

        class Comm(module.base_comm.BaseComm):  # type: ignore[name-defined, misc]
            def publish_msg(
                self,
                msg_type: str,
                data: dict[str, Any] | None = None,
                metadata: dict[str, Any] | None = None,
                buffers: list[Any] | None = None,
                **keys: Any,
            ) -> None:
                comms.publish(self, msg_type, data, metadata, buffers)

        self._manager = module.base_comm.CommManager()
        self._create = Comm
        self._put_in_place(module)

    def _put_in_place(self, module: Any) -> None:
        module.create_comm = self._create
        module.get_comm_manager = lambda: self._manager

    def _stand_in_again(self, _: ModuleType) -> None:
        import comm

        self._put_in_place(comm)

    def publish(
        self,
        comm: Any,
        msg_type: str,
        data: dict[str, Any] | None,
        metadata: dict[str, Any] | None,
        buffers: list[Any] | None,
    ) -> None:
        fields: dict[str, Any] = {"comm_id": comm.comm_id, "data": data or {}}
        if msg_type != "comm_close":
            fields["metadata"] = metadata or {}
        if msg_type == "comm_open":
            self._opened_by[comm.comm_id] = self._outlet.place_now()
            fields["target"] = comm.target_name
        elif msg_type == "comm_close":
            self._opened_by.pop(comm.comm_id, None)
        elif self._handling is not None and (data or {}).get("method") == "echo_update":
            thread, message_id = self._handling
            if thread == threading.get_ident():
                fields["metadata"] = {**fields["metadata"], "tailrace": {"answers": message_id}}
        kind = {"comm_open": "comm-open", "comm_close": "comm-close"}.get(msg_type, "comm-message")
        raw = [bytes(memoryview(buffer).cast("B")) for buffer in buffers or []]
        self._outlet.comm(kind, fields, raw)

    def handle(self, kind: str, header: Message, buffers: list[bytes]) -> None:
        """A message from the page, in the main thread."""
        comm_id = header["comm_id"]
        message = {
            "header": {"msg_type": kind.replace("-message", "-msg").replace("-", "_")},
            "parent_header": {},
            "metadata": header.get("metadata") or {},
            "buffers": [memoryview(buffer) for buffer in buffers],
            "content": {
                "comm_id": comm_id,
                "data": header.get("data") or {},
                "target_name": header.get("target", ""),
            },
        }
        opened_by = self._opened_by.get(comm_id) or self._outlet.newest
        CURRENT.set(opened_by)
        message_id = header.get("message_id")
        try:
            self._handling = (threading.get_ident(), message_id) if message_id else None
            self._pass_on(kind, comm_id, message, opened_by)
        finally:
            self._handling = None
            if message_id:
                self._outlet.link.put({"kind": "comm-done", "message_id": message_id})

    def _pass_on(self, kind: str, comm_id: str, message: Message, opened_by: str | None) -> None:
        manager = self.manager
        if manager is None:
            log.debug("a message for comm %s, without the package `comm`", comm_id)
        elif kind == "comm-open":
            if comm_id in manager.comms:
                return  # sent twice by a server that came back
            self._opened_by[comm_id] = opened_by
            manager.comm_open(None, None, message)
        elif comm_id not in manager.comms:
            log.debug("a message for comm %s, which is not open", comm_id)
        elif kind == "comm-close":
            manager.comm_close(None, None, message)
            self._opened_by.pop(comm_id, None)
        else:
            manager.comm_msg(None, None, message)
