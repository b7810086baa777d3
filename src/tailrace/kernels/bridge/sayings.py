"""What a Jupyter kernel says on iopub and stdin, in the words of our guest (KER-6)."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from tailrace.kernels.bridge.channels import Channels, Message, parent_of
from tailrace.kernels.bridge.executions import Executions
from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.outlet import Outlet

_COMMS = {"comm_open": "comm-open", "comm_msg": "comm-message", "comm_close": "comm-close"}


class Sayings:
    """Each message as a report of the execution that it is about."""

    def __init__(self, outlet: Outlet, kernel_id: str) -> None:
        self._outlet = outlet
        self._prompt_ids = (f"{kernel_id}-{number}" for number in itertools.count(1))
        self._prompts: dict[str, tuple[str, bool]] = {}  # id → execution, and whether hidden
        self._comm_messages: dict[str, str] = {}  # Jupyter's id of a message → the page's
        self.executions: Executions
        self.channels: Channels
        self.interrupt: Callable[[], None]
        self.loop: asyncio.AbstractEventLoop

    # ── iopub ────────────────────────────────────────────────────────────────

    def on_said(self, message: Message) -> None:
        parent = parent_of(message)
        execution_id = self.executions.of(parent)
        CURRENT.set(execution_id)
        content: Message = message["content"]
        if message["header"]["msg_type"] != "status":
            self.executions.note_begun(parent)
        match message["header"]["msg_type"]:
            case "stream":
                stream = "stderr" if content.get("name") == "stderr" else "stdout"
                self._outlet.link.write(execution_id, stream, str(content.get("text", "")))
            case "display_data" | "execute_result" | "update_display_data" as kind:
                self._display(content, is_update=kind == "update_display_data")
            case "clear_output":
                self._outlet.clear(wait=bool(content.get("wait")))
            case "error":
                self._outlet.error(
                    str(content.get("ename", "")),
                    str(content.get("evalue", "")),
                    [str(line) for line in content.get("traceback") or []],
                )
            case "comm_open" | "comm_msg" | "comm_close" as kind:
                self._comm(_COMMS[kind], message)
            case "status":
                match content.get("execution_state"):
                    case "busy":
                        self.executions.note_busy(parent)
                    case "idle":
                        self._on_idle(parent)

    def _display(self, content: Message, *, is_update: bool) -> None:
        display_id = (content.get("transient") or {}).get("display_id")
        if is_update and display_id is None:
            return  # it names nothing that could be replaced
        self._outlet.display(
            content.get("data") or {},
            content.get("metadata") or {},
            display_id=display_id,
            execution_count=content.get("execution_count"),
            update=is_update,
        )

    def _comm(self, kind: str, message: Message) -> None:
        content = message["content"]
        fields = {"comm_id": content["comm_id"], "data": content.get("data") or {}}
        if kind != "comm-close":
            fields["metadata"] = message.get("metadata") or {}
        if kind == "comm-open":
            fields["target"] = content.get("target_name", "")
        self._outlet.comm(kind, fields, [bytes(buffer) for buffer in message.get("buffers") or []])

    def _on_idle(self, parent: str) -> None:
        self.executions.note_idle(parent)
        message_id = self._comm_messages.pop(parent, None)
        if message_id is not None:
            self._outlet.link.put({"kind": "comm-done", "message_id": message_id})

    def handle_comm(self, kind: str, header: dict[str, Any], buffers: list[bytes]) -> None:
        """A message from the page, on the loop."""
        content = {"comm_id": header["comm_id"], "data": header.get("data") or {}}
        if kind == "comm-open":
            content["target_name"] = header.get("target", "")
        jupyter_kind = next(theirs for theirs, ours in _COMMS.items() if ours == kind)
        sent = self.channels.tell(
            jupyter_kind, content, metadata=header.get("metadata") or {}, buffers=buffers
        )
        if header.get("message_id"):
            self._comm_messages[sent] = header["message_id"]

    # ── prompts ──────────────────────────────────────────────────────────────

    def on_asked(self, message: Message) -> None:
        """The kernel wants input."""
        if message["header"]["msg_type"] != "input_request":
            return
        execution_id = self.executions.of(parent_of(message)) or ""
        prompt_id = next(self._prompt_ids)
        content = message["content"]
        password = bool(content.get("password"))
        self._prompts[prompt_id] = (execution_id, password)
        request = {
            "kind": "input-request",
            "execution_id": execution_id,
            "prompt_id": prompt_id,
            "prompt": str(content.get("prompt", "")),
            "password": password,
        }
        self._outlet.link.put(request)

    def answer(self, prompt_id: str, value: str | None) -> None:
        """From the control thread. An answer to a prompt that is gone is too late: ignored."""
        self.loop.call_soon_threadsafe(self._answer, prompt_id, value)

    def _answer(self, prompt_id: str, value: str | None) -> None:
        if prompt_id not in self._prompts:
            return
        if value is None:
            self.interrupt()  # Jupyter has no word for a prompt that is cancelled
        else:
            self.channels.tell("input_reply", {"status": "ok", "value": value}, channel="stdin")
        self._done(prompt_id, value)

    def end_prompts(self) -> None:
        """The execution has ended: nobody waits for an answer any more."""
        for prompt_id in list(self._prompts):
            self._done(prompt_id, None)

    def _done(self, prompt_id: str, value: str | None) -> None:
        execution_id, password = self._prompts.pop(prompt_id)
        done = {
            "kind": "input-done",
            "execution_id": execution_id,
            "prompt_id": prompt_id,
            "value": None if password else value,
            "cancelled": value is None,
        }
        self._outlet.link.put(done, force=True)
