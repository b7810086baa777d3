"""A small Jupyter client: one kernel socket, spoken to message by message."""

import time
import uuid
from contextlib import ExitStack, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tailrace.jupyter.messages import V1, Message, decoded, encoded
from tests.e2e.conftest import TOKEN

PATIENCE_S = 60.0


class Client:
    """Connects as Jupyter's front ends do: with the token and the session id in the address."""

    def __init__(
        self,
        base: str,
        kernel_id: str,
        *,
        session_id: str | None = None,
        is_v1: bool = False,
        token: str = TOKEN,
    ) -> None:
        self.session_id = session_id or uuid.uuid4().hex
        self.is_v1 = is_v1
        self._address = (
            f"{base.replace('http', 'ws', 1)}/api/kernels/{kernel_id}/channels"
            f"?session_id={self.session_id}&token={token}"
        )
        self.heard: list[Message] = []
        self._open = ExitStack()
        self.socket: ClientConnection

    def __enter__(self) -> "Client":
        offered = [Subprotocol(V1)] if self.is_v1 else None
        opening = connect(
            self._address, subprotocols=offered, max_size=None, max_queue=None, open_timeout=60
        )
        self.socket = self._open.enter_context(opening)
        assert self.socket.subprotocol == (V1 if self.is_v1 else None)
        return self

    def __exit__(self, *_: object) -> None:
        """What had come before the end was heard, read or not."""
        self._open.close()
        with suppress(ConnectionClosed):
            while True:
                self.receive()

    def send(
        self,
        kind: str,
        content: dict[str, Any],
        *,
        channel: str = "shell",
        message_id: str | None = None,
        parent: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: tuple[bytes, ...] = (),
        **header: Any,
    ) -> str:
        """Returns the message's id."""
        message_id = message_id or uuid.uuid4().hex
        whole = {
            "msg_id": message_id,
            "msg_type": kind,
            "session": self.session_id,
            "username": "ada",
            "date": "2026-11-21T10:00:00.000000Z",
            "version": "5.3",
            **header,
        }
        message = Message(channel, whole, parent or {}, metadata or {}, content, buffers)
        self.socket.send(encoded(message, is_v1=self.is_v1))
        return message_id

    def execute(self, code: str, *, cell_id: str | None = None, **content: Any) -> str:
        metadata = {} if cell_id is None else {"cellId": cell_id}
        asked = {"code": code, "allow_stdin": True, **content}
        return self.send("execute_request", asked, metadata=metadata)

    def receive(self, timeout_s: float = PATIENCE_S) -> Message:
        message = decoded(self.socket.recv(timeout_s), is_v1=self.is_v1)
        self.heard.append(message)
        return message

    def until(self, kind: str, parent: str | None = None, **content: Any) -> Message:
        """The next message of this kind, of this request, that says this."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = self.receive(max(0.1, deadline - time.monotonic()))
            if (
                message.kind == kind
                and parent in (None, message.parent_header.get("msg_id"))
                and content.items() <= message.content.items()
            ):
                return message
        raise AssertionError(f"no {kind} in time: {[each.kind for each in self.heard]}")

    def found(self, kind: str, parent: str, **content: Any) -> Message:
        """As `until`, but it may have come already, beside an answer."""
        for message in self.of(parent):
            if message.kind == kind and content.items() <= message.content.items():
                return message
        return self.until(kind, parent, **content)

    def of(self, parent: str, *, channel: str | None = None) -> list[Message]:
        """What was heard of a request, so far."""
        return [
            message
            for message in self.heard
            if message.parent_header.get("msg_id") == parent and channel in (None, message.channel)
        ]

    def ask(self, kind: str, content: dict[str, Any], **given: Any) -> dict[str, Any]:
        """A request's reply, once it is idle again."""
        message_id = self.send(kind, content, **given)
        self.until("status", message_id, execution_state="idle")
        replies = [m for m in self.of(message_id) if m.kind == kind.replace("_request", "_reply")]
        assert len(replies) == 1, [each.kind for each in self.of(message_id)]
        return replies[0].content

    def run(self, code: str, **given: Any) -> list[Message]:
        """All messages of an execution, from busy to idle."""
        message_id = self.execute(code, **given)
        self.until("status", message_id, execution_state="idle")
        return self.of(message_id)
