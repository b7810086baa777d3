"""Records as the messages that a Jupyter kernel would have sent for them (JUP-12 to JUP-18).

One `Translation` per Jupyter client. It is given the records in order and says what goes to
that client: on `iopub` everything that happens in the kernel, whoever asked for it; on
`shell` and `stdin` only what answers the client itself. What a message needs beyond its
record (who asked, what the pager showed, the last error) is remembered here.

Pure: the parents' headers and all times come from the records.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from tailrace.jupyter.messages import PROTOCOL_VERSION, Header
from tailrace.jupyter.times import iso_time
from tailrace.protocol import events as ev
from tailrace.protocol.asked import Asked
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

EXECUTIONS_MOST = 1_000  # of which late output still finds its parent
NEXT_INPUT = "application/vnd.tailrace.next-input+json"


class Outgoing(Struct, frozen=True):
    """A message but for its own header."""

    channel: str
    kind: str
    parent: Header
    content: dict[str, Any]
    metadata: dict[str, Any] = {}
    buffers: tuple[bytes, ...] = ()


class _Known(Struct):
    """An execution: whose it is, and what its reply will say."""

    parent: Header
    source: str
    is_mine: bool
    silent: bool = False
    is_stored: bool = True
    began: str | None = None
    error: dict[str, Any] | None = None
    payload: list[dict[str, Any]] = field(default_factory=list)
    asking: tuple[str, str] | None = None
    """The id and the text of what it asks this client, until that is answered."""
    echo: ev.TextAppended | None = None


class Translation:
    """`actor` is how records name this client. `count` is that of the newest execution."""

    def __init__(self, actor: str, state: SessionState, count: int = 0) -> None:
        self._actor = actor
        self._count = count
        self._known: OrderedDict[ExecutionId, _Known] = OrderedDict()
        self._running: ExecutionId | None = state.running
        self._comm_messages: dict[str, Header] = {}
        self._handling: dict[str, Header] = {}  # of those, what the kernel has, the oldest first
        # Also those that have ended: their end may be news to a client that was away.
        for execution in state.executions.values():
            self._know(
                execution.execution_id,
                execution.actor,
                execution.source or "",
                execution.asked or None,
                execution.queued_at or 0.0,
            )

    @property
    def count(self) -> int:
        return self._count

    @property
    def running(self) -> Header | None:
        """The header of the request that runs now, if any."""
        known = self._known.get(self._running) if self._running is not None else None
        return known.parent if known is not None else None

    def expect(self, message_id: str, header: Header) -> None:
        """The client has sent a comm's message, whose handling will be told."""
        self._comm_messages[message_id] = header

    def adopt(self, execution_id: ExecutionId, header: Header) -> None:
        """What comes of this execution answers `header`; the session's queue has none such."""
        self._known[execution_id] = _Known(header, "", is_mine=True)

    def forget(self, message_id: str) -> None:
        self._comm_messages.pop(message_id, None)

    def messages(self, record: Record) -> Iterator[Outgoing]:
        """What `record` is in Jupyter's words."""
        event = record.event
        match event:
            case ev.ExecutionQueued():
                self._know(
                    event.execution_id,
                    record.actor,
                    event.source,
                    event.asked or None,
                    record.at,
                )
            case ev.ExecutionStarted():
                yield from self._started(event.execution_id, record.at)
            case ev.ExecutionFinished():
                yield from self._finished(event)
            case ev.TextAppended():
                yield from self._text(event)
            case ev.DisplayAppended():
                yield from self._display(event)
            case ev.DisplayUpdated(display_id=display_id, data=data, metadata=metadata):
                content = {
                    "data": data,
                    "metadata": metadata,
                    "transient": {"display_id": display_id},
                }
                yield Outgoing("iopub", "update_display_data", self._cause, content)
            case ev.ErrorAppended():
                yield from self._error(event)
            case ev.OutputsCleared(execution_id=execution_id, wait=wait):
                yield Outgoing("iopub", "clear_output", self._parent(execution_id), {"wait": wait})
            case ev.InputRequested():
                yield from self._asks(event)
            case ev.InputAnswered():
                self._answered(event)
            case ev.CommOpened() | ev.CommMessaged() | ev.CommClosed():
                yield from self._comm(event)
            case ev.CommHandled(message_id=message_id):
                header = self._comm_messages.pop(message_id, None)
                self._handling.pop(message_id, None)
                if header is not None:
                    yield status("idle", header)
                    if self.running is not None:
                        yield status("busy", self.running)
            case ev.DebuggerReported(message=message):
                yield Outgoing("iopub", "debug_event", self.running or {}, message)
            case _:
                yield from self._life(event)

    # ── executions ───────────────────────────────────────────────────────────

    def _know(
        self, execution_id: ExecutionId, actor: str, source: str, asked: Asked | None, at: float
    ) -> None:
        if execution_id in self._known:
            self._known[execution_id].source = source
            return
        self._known[execution_id] = _Known(
            parent_of(execution_id, actor, asked, at),
            source,
            is_mine=asked is not None and actor == self._actor,
            silent=asked is not None and asked.silent,
            is_stored=asked is None or (asked.store_history and not asked.silent),
        )
        if len(self._known) > EXECUTIONS_MOST:
            self._known.popitem(last=False)

    def _started(self, execution_id: ExecutionId, at: float) -> Iterator[Outgoing]:
        self._running = execution_id
        known = self._known.get(execution_id)
        if known is None:
            return
        known.began = iso_time(at)
        yield status("busy", known.parent)
        if not known.silent:
            number = self._count + 1 if known.is_stored else self._count
            content = {"code": known.source, "execution_count": number}
            yield Outgoing("iopub", "execute_input", known.parent, content)

    def _finished(self, event: ev.ExecutionFinished) -> Iterator[Outgoing]:
        known = self._known.get(event.execution_id)
        if self._running == event.execution_id:
            self._running = None
        if event.execution_count is not None:
            self._count = event.execution_count
        if known is None:
            return
        yield from self._released(known)
        if known.began is None and not known.is_mine:
            return  # nobody was told that it began
        if known.began is None:
            yield status("busy", known.parent)
        if known.is_mine:
            content = self._reply(known, event)
            metadata = {
                "started": known.began,
                "dependencies_met": True,
                "engine": "tailrace",
                "status": content["status"],
            }
            yield Outgoing("shell", "execute_reply", known.parent, content, metadata)
        yield status("idle", known.parent)

    def _reply(self, known: _Known, event: ev.ExecutionFinished) -> dict[str, Any]:
        if event.status in ("aborted", "cancelled"):
            return {"status": "aborted"}
        common: dict[str, Any] = {"execution_count": event.execution_count or self._count}
        if event.status == "ok":
            expressions = event.expressions or {}
            return {
                "status": "ok",
                **common,
                "user_expressions": expressions,
                "payload": known.payload,
            }
        error = known.error or {
            "ename": "DeadKernelError" if event.status == "died" else "KeyboardInterrupt",
            "evalue": "the kernel ended" if event.status == "died" else "",
            "traceback": [],
        }
        return {"status": "error", **common, **error, "user_expressions": {}, "payload": []}

    # ── what it shows ────────────────────────────────────────────────────────

    def _text(self, event: ev.TextAppended) -> Iterator[Outgoing]:
        known = self._known.get(event.execution_id)
        if known is not None:
            yield from self._released(known)
            _, question = known.asking or ("", None)
            is_echo = question is not None and event.text.startswith(question)
            if is_echo and event.stream == "stdout" and event.text.endswith("\n"):
                # The question and its answer, for those who were not asked: the answer's own
                # record comes next, and says whether this was it.
                known.echo = event
                return
        yield self._stream(event)

    def _stream(self, event: ev.TextAppended) -> Outgoing:
        content = {"name": event.stream, "text": event.text}
        return Outgoing("iopub", "stream", self._parent(event.execution_id), content)

    def _released(self, known: _Known) -> Iterator[Outgoing]:
        """Text that was held back and turned out to be no answer's echo."""
        if known.echo is not None:
            held, known.echo = known.echo, None
            yield self._stream(held)

    def _display(self, event: ev.DisplayAppended) -> Iterator[Outgoing]:
        known = self._known.get(event.execution_id)
        if known is not None and known.is_mine:
            payload = _payload_of(event)
            if payload is not None:
                known.payload.append(payload)
                return
        content: dict[str, Any] = {"data": event.data, "metadata": event.metadata}
        content["transient"] = {} if event.display_id is None else {"display_id": event.display_id}
        kind = "display_data"
        if event.execution_count is not None:
            kind = "execute_result"
            content["execution_count"] = event.execution_count
        yield Outgoing("iopub", kind, self._parent(event.execution_id), content)

    def _error(self, event: ev.ErrorAppended) -> Iterator[Outgoing]:
        content = {
            "ename": event.name,
            "evalue": event.message,
            "traceback": list(event.traceback),
        }
        known = self._known.get(event.execution_id)
        if known is not None:
            known.error = content
        yield Outgoing("iopub", "error", self._parent(event.execution_id), content)

    # ── prompts ──────────────────────────────────────────────────────────────

    def _asks(self, event: ev.InputRequested) -> Iterator[Outgoing]:
        known = self._known.get(event.execution_id)
        if known is not None and known.is_mine:
            known.asking = (event.prompt_id, event.prompt)
            content = {"prompt": event.prompt, "password": event.password}
            metadata = {"tailrace": {"prompt_id": event.prompt_id}}
            yield Outgoing("stdin", "input_request", known.parent, content, metadata)

    def _answered(self, event: ev.InputAnswered) -> None:
        for known in self._known.values():
            if known.asking is not None and known.asking[0] == event.prompt_id:
                known.echo = known.asking = None

    # ── comms and the kernel ─────────────────────────────────────────────────

    def _comm(self, event: ev.CommOpened | ev.CommMessaged | ev.CommClosed) -> Iterator[Outgoing]:
        if not event.from_kernel:
            message_id = event.message_id or ""
            header = self._comm_messages.get(message_id)
            if header is not None:
                self._handling[message_id] = header
                yield status("busy", header)
            return
        parent = self._parent_of_comm(event)
        content: dict[str, Any] = {"comm_id": event.comm_id, "data": event.data}
        match event:
            case ev.CommOpened(target=target):
                content |= {"target_name": target, "target_module": None}
                kind = "comm_open"
            case ev.CommMessaged():
                kind = "comm_msg"
            case ev.CommClosed():
                yield Outgoing("iopub", "comm_close", parent, content)
                return
        yield Outgoing("iopub", kind, parent, content, event.metadata, event.buffers)

    def _life(self, event: ev.Event) -> Iterator[Outgoing]:
        match event:
            case ev.KernelStopped(reason="restarted"):
                pass  # Jupyter's "restarting" says that one died and is started by itself
            case ev.KernelStopped() | ev.KernelDied():
                yield status("dead", {})
            case ev.KernelRequested():
                yield status("starting", {})
                self._count = 0
            case ev.KernelStarted():
                yield status("idle", {})
            case _:
                pass

    @property
    def _cause(self) -> Header:
        """What the kernel is busy with: a cell, else a comm's message of this client."""
        return self.running or next(iter(self._handling.values()), {})

    def _parent_of_comm(self, event: ev.CommOpened | ev.CommMessaged | ev.CommClosed) -> Header:
        """By an echo's parent ipywidgets knows whether it may pass over it (WID-6)."""
        ours = {} if isinstance(event, ev.CommClosed) else event.metadata.get("tailrace")
        answered = ours.get("answers") if isinstance(ours, dict) else None
        return self._handling.get(str(answered)) or self._cause

    def _parent(self, execution_id: ExecutionId) -> Header:
        """Of what an execution shows. What a comm's handler prints belongs to the execution
        that made the comm; who sent the message looks for it under that."""
        if self._running is None and self._handling:
            return self._cause
        known = self._known.get(execution_id)
        if known is not None:
            return known.parent
        return parent_of(execution_id, "", None, 0.0)


def status(state: str, parent: Header) -> Outgoing:
    return Outgoing("iopub", "status", parent, {"execution_state": state})


def parent_of(execution_id: ExecutionId, actor: str, asked: Asked | None, at: float) -> Header:
    """The header of the request that an execution answers. One that no Jupyter client asked
    for has its own id as the message's."""
    header: Header = {
        "msg_id": execution_id,
        "msg_type": "execute_request",
        "session": actor.partition(":")[2] or "tailrace",
        "username": "tailrace",
        "date": iso_time(at),
        "version": PROTOCOL_VERSION,
    }
    if asked is not None:
        header |= {"msg_id": asked.message_id, "session": asked.session}
        header |= {"username": asked.username, "date": asked.date or header["date"]}
        if asked.subshell_id is not None:
            header["subshell_id"] = asked.subshell_id
    return header


def _payload_of(event: ev.DisplayAppended) -> dict[str, Any] | None:
    """What Jupyter sends in the reply and not as a display: pages, text for the next cell."""
    following = event.data.get(NEXT_INPUT)
    if isinstance(following, dict):
        return {"source": "set_next_input", **following}
    ours = event.metadata.get("tailrace")
    if isinstance(ours, dict) and ours.get("pager"):
        return {"source": "page", "data": event.data, "start": ours.get("start") or 0}
    return None
