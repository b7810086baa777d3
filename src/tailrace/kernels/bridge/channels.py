"""The four channels to one Jupyter kernel: requests with their answers, and what it says.

Jupyter's messaging protocol 5.x (https://jupyter-client.readthedocs.io/en/stable/messaging.html)
over `jupyter_client`. Everything here runs on one event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from tailrace.protocol.errors import KernelError

Message = dict[str, Any]

log_ = logging.getLogger("tailrace.bridge")


class Channels:
    """`on_said` gets each message of iopub, `on_asked` each request for input."""

    def __init__(
        self,
        client: AsyncKernelClient,
        on_said: Callable[[Message], None],
        on_asked: Callable[[Message], None],
    ) -> None:
        self._client = client
        self._on_said = on_said
        self._on_asked = on_asked
        self._waiting: dict[str, asyncio.Future[Message]] = {}

    async def listen(self) -> None:
        """Pass on whatever comes, until cancelled."""
        client = self._client
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(client.iopub_channel, self._on_said))
            tasks.create_task(self._read(client.stdin_channel, self._on_asked))
            tasks.create_task(self._read(client.shell_channel, self._on_reply))
            tasks.create_task(self._read(client.control_channel, self._on_reply))

    async def _read(self, channel: Any, act: Callable[[Message], None]) -> None:
        while True:
            try:
                message = await channel.get_msg()
            except ValueError as error:
                log_.warning("the kernel said something that cannot be read: %s", error)
                continue
            act(message)

    def _on_reply(self, message: Message) -> None:
        waiting = self._waiting.pop(parent_of(message), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def tell(
        self,
        kind: str,
        content: Message,
        *,
        channel: str = "shell",
        metadata: Message | None = None,
        buffers: Sequence[bytes] = (),
    ) -> str:
        """Send a message; its id."""
        session = self._client.session
        message = session.msg(kind, content, metadata=metadata or {})
        socket = getattr(self._client, f"{channel}_channel").socket
        session.send(socket, message, buffers=list(buffers))
        message_id: str = message["header"]["msg_id"]
        return message_id

    def ask(
        self, kind: str, content: Message, *, metadata: Message | None = None
    ) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its id and the reply's message to come."""
        message_id = self.tell(kind, content, metadata=metadata)
        future = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = future
        return message_id, future

    async def answer(self, kind: str, content: Message, *, within_s: float) -> Message:
        """The content of the reply to a request. Raises `KernelError` when it takes longer,
        as it does while the kernel is busy."""
        message_id, future = self.ask(kind, content)
        try:
            async with asyncio.timeout(within_s):
                reply = await future
        except TimeoutError:
            self._waiting.pop(message_id, None)
            raise KernelError("the kernel is busy; ask again when the cell has ended") from None
        found: Message = reply["content"]
        if found.get("status") in ("error", "abort", "aborted"):
            raise KernelError(f"{found.get('ename', 'error')}: {found.get('evalue', '')}")
        return found


def parent_of(message: Message) -> str:
    """The id of the message that this one is about; empty when it is about none."""
    return str((message.get("parent_header") or {}).get("msg_id") or "")
