"""One kernel socket of one Jupyter client: its requests in, the session's records out.

What is run goes into the session's mailbox like anybody's; what happens comes from the log,
translated (`jupyter/translation.py`), at the pace at which the client reads: nothing is kept
for a slow one. Questions (`requests.py`) are answered beside, each between busy and idle.
"""

import asyncio
import contextlib
import hashlib
import logging
import secrets
import time
from typing import Any

from msgspec.structs import replace
from starlette.websockets import WebSocket, WebSocketDisconnect

from tailrace.jupyter.messages import (
    PROTOCOL_VERSION,
    V1,
    Header,
    Message,
    decoded,
    encoded,
    text_of,
)
from tailrace.jupyter.times import iso_time
from tailrace.jupyter.translation import Outgoing, status
from tailrace.protocol import events as ev
from tailrace.protocol.errors import BlobError, ProtocolError, TailraceError
from tailrace.protocol.ids import ExecutionId, OperationId, PromptId
from tailrace.protocol.operations import AnswerInput, Operation
from tailrace.protocol.records import Record
from tailrace.server.jupyter import requests
from tailrace.server.jupyter.kernels import Kernels
from tailrace.server.jupyter.seats import Seat, Seats
from tailrace.session.notebook_file import blob_of
from tailrace.session.session import Session
from tailrace.session.shrink import encoded_value
from tailrace.session.tail import Tail

QUESTIONS_AT_ONCE = 8
PROMPTS_MOST = 100

CLOSE_NORMAL = 1000
CLOSE_MALFORMED = 1007
CLOSE_RESTART = 1012
"""JupyterLab comes back after anything but 1000 and 1001."""

log_ = logging.getLogger("tailrace.server")


class Channels:
    """`serve` returns when the socket is over."""

    def __init__(
        self, websocket: WebSocket, session: Session, kernels: Kernels, seats: Seats
    ) -> None:
        self._websocket = websocket
        self._session = session
        self._kernels = kernels
        self._seats = seats
        self._sending = asyncio.Lock()
        self._is_v1 = V1 in websocket.scope.get("subprotocols", ())
        self._kernel_session = kernels.kernel_id(session)
        self._questions: set[asyncio.Task[None]] = set()
        self._seat: Seat

    async def serve(self) -> None:
        await self._websocket.accept(subprotocol=V1 if self._is_v1 else None)
        session_id = self._websocket.query_params.get("session_id") or secrets.token_hex(16)
        self._seat, leave = await self._seats.take(self._session, session_id)
        code = CLOSE_NORMAL
        try:
            code = await self._converse(leave)
        except WebSocketDisconnect:
            return
        except ProtocolError as problem:
            log_.info("a Jupyter client is cut off: %s", problem)
            code = CLOSE_MALFORMED
        finally:
            self._seats.give_back(self._session, self._seat, leave)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(code)

    async def _converse(self, leave: asyncio.Event) -> int:
        """Returns the close code."""
        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read(tasks))
                writer = tasks.create_task(self._write())
                taken = tasks.create_task(leave.wait())
                await asyncio.wait((reader, writer, taken), return_when=asyncio.FIRST_COMPLETED)
                has_ended = writer.done()
                for task in (reader, writer, taken, *self._questions):
                    task.cancel()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        lives_on = self._session.state.kernel.phase != "none"
        return CLOSE_RESTART if has_ended and lives_on else CLOSE_NORMAL

    # ── in ───────────────────────────────────────────────────────────────────

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        free = asyncio.Semaphore(QUESTIONS_AT_ONCE)
        while True:
            given = await self._websocket.receive()
            if given["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(given.get("code", CLOSE_NORMAL))
            data = given.get("bytes")
            message = decoded(
                data if data is not None else given.get("text") or "", is_v1=self._is_v1
            )
            if not message.message_id or not message.kind:
                raise ProtocolError("a message needs msg_id and msg_type in its header")
            operation = requests.operation_of(message, self._session, self._operation_id(message))
            if operation is not None:
                self._submit(message, operation, tasks)
            elif requests.is_for_subshell(message):
                self._keep(tasks.create_task(self._run_beside(message)))
            elif message.kind == "input_reply":
                self._take_answer(message)
            else:
                await free.acquire()
                self._keep(tasks.create_task(self._answer(message)), free)

    def _keep(self, task: asyncio.Task[None], free: asyncio.Semaphore | None = None) -> None:
        self._questions.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            self._questions.discard(done)
            if free is not None:
                free.release()

        task.add_done_callback(forget)

    def _operation_id(self, message: Message) -> OperationId:
        """The same for a message that is sent again: it is done once."""
        named = f"{self._seat.client_id}\0{message.message_id}"
        digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
        return OperationId(f"jupyter-{digest[:40]}")

    def _submit(self, message: Message, operation: Operation, tasks: asyncio.TaskGroup) -> None:
        operation_id = self._operation_id(message)
        if message.kind.startswith("comm_"):
            self._seat.translation.expect(operation_id, message.header)
        answer = self._session.submit(operation_id, operation, self._seat.actor)

        async def refused() -> None:
            refusal = (await answer).refusal
            if refusal is None:
                return
            self._seat.translation.forget(operation_id)
            error = requests.error_content(refusal.code, refusal.message)
            reply = [(message.kind.replace("_request", "_reply"), error)]
            await self._say_between(message, [] if message.kind.startswith("comm_") else reply)

        self._keep(tasks.create_task(refused()))

    def _take_answer(self, message: Message) -> None:
        """To the prompt that the message names, else to the newest of this client."""
        prompts = self._seat.prompts
        prompt_id = prompts.pop(text_of(message.parent_header, "msg_id"), None)
        if prompt_id is None:
            waiting = [each for each in prompts.values() if each in self._session.state.prompts]
            if not waiting:
                return  # it was answered elsewhere, or its cell has ended
            prompt_id = waiting[-1]
        value = message.content.get("value")
        self._session.submit(
            self._operation_id(message),
            AnswerInput(prompt_id, value if isinstance(value, str) else ""),
            self._seat.actor,
        )

    async def _run_beside(self, message: Message) -> None:
        """In a subshell: what it prints and its end come from the log, as for any code."""
        operation_id = self._operation_id(message)
        seat = self._seat
        seat.translation.expect(operation_id, message.header)
        seat.translation.adopt(ExecutionId(operation_id), message.header)
        await self._say_between(message, [], begins=True)
        try:
            content = await requests.in_subshell(message, self._session, operation_id)
        except TailraceError as problem:
            seat.translation.forget(operation_id)
            error = requests.error_content(type(problem).__name__, str(problem))
            await self._say_between(message, [("execute_reply", error)])
            return
        if content.get("execution_count") is None:
            content["execution_count"] = seat.translation.count
        async with self._sending:
            reply = Outgoing("shell", "execute_reply", message.header, content)
            await self._send(secrets.token_hex(16), time.time(), reply)

    async def _answer(self, message: Message) -> None:
        await self._say_between(message, [], begins=True)
        try:
            content = await requests.reply_content(message, self._session, self._kernels)
        except TailraceError as problem:
            content = requests.error_content(type(problem).__name__, str(problem))
        if content is None:
            log_.info("a Jupyter client asks for %s, which is unknown", ascii(message.kind))
            await self._say_between(message, [])
            return
        kind = message.kind.replace("_request", "_reply")
        await self._say_between(message, [(kind, content)])

    async def _say_between(
        self,
        message: Message,
        replies: list[tuple[str, dict[str, Any]]],
        *,
        begins: bool = False,
    ) -> None:
        """Busy, where it `begins`; else the replies, then idle; and busy again with what runs
        meanwhile, so that nobody takes the kernel for idle."""
        outgoing: list[Outgoing] = []
        if begins:
            outgoing.append(status("busy", message.header))
        else:
            for kind, content in replies:
                channel = message.channel if message.channel == "control" else "shell"
                outgoing.append(Outgoing(channel, kind, message.header, content))
            outgoing.append(status("idle", message.header))
            running = self._seat.translation.running
            if running is not None:
                outgoing.append(status("busy", running))
        async with self._sending:
            for each in outgoing:
                await self._send(secrets.token_hex(16), time.time(), each)

    # ── out ──────────────────────────────────────────────────────────────────

    async def _write(self) -> None:
        """Everything from the log that this client has not been given, as it comes."""
        seat, session = self._seat, self._session
        await self._send_unsent()
        tail = Tail(session, seat.client_id, seat.after)
        epoch = session.log.epoch
        try:
            while records := await tail.records():
                for record in records:
                    whole = await self._whole(record)
                    for number, outgoing in enumerate(seat.translation.messages(whole)):
                        name = f"{epoch}-{record.sequence}-{number}"
                        seat.unsent.append((name, record.at, outgoing))
                    seat.after = record.sequence
                    await self._send_unsent()
                self._seats.note(session)
        finally:
            tail.leave()

    async def _send_unsent(self) -> None:
        unsent = self._seat.unsent
        while unsent:
            name, at, outgoing = unsent[0]
            if outgoing.kind == "input_request":
                self._seat.prompts[name] = PromptId(outgoing.metadata["tailrace"]["prompt_id"])
                if len(self._seat.prompts) > PROMPTS_MOST:
                    self._seat.prompts.popitem(last=False)
            async with self._sending:
                await self._send(name, at, outgoing)
            unsent.popleft()
        self._seat.sent = self._seat.after

    async def _send(self, message_id: str, at: float, outgoing: Outgoing) -> None:
        header: Header = {
            "msg_id": message_id,
            "msg_type": outgoing.kind,
            "session": self._kernel_session,
            "username": "tailrace",
            "date": iso_time(at),
            "version": PROTOCOL_VERSION,
        }
        message = Message(
            outgoing.channel,
            header,
            outgoing.parent,
            outgoing.metadata,
            outgoing.content,
            outgoing.buffers,
        )
        data = encoded(message, is_v1=self._is_v1)
        kind = "text" if isinstance(data, str) else "bytes"
        try:
            await self._websocket.send({"type": "websocket.send", kind: data})
        except RuntimeError as gone:  # it was closed between two messages
            raise WebSocketDisconnect from gone

    async def _whole(self, record: Record) -> Record:
        """With the large values that stand elsewhere."""
        event = record.event
        if not isinstance(event, ev.DisplayAppended | ev.DisplayUpdated):
            return record
        whole: dict[str, Any] = {}
        for mime, value in event.data.items():
            reference = blob_of(value)
            if reference is None:
                whole[mime] = value
                continue
            try:
                data = await self._session.blobs.get(reference.hash)
            except BlobError as problem:
                log_.warning("a value is gone that a Jupyter client missed: %s", problem)
                continue
            whole[mime] = encoded_value(data, reference.encoding)
        return replace(record, event=replace(event, data=whole))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one cause in a task group's bundle: what ends a connection ends it once."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
