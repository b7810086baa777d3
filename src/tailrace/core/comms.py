"""Comms, and what somebody who joins late needs of them. Rules CMM-1 to CMM-5.

A widget's comm is opened with its whole state; every `update` message replaces some keys
of it, and some of its binary buffers. A late joiner gets the sum.
"""

from typing import Any

from msgspec.structs import replace

from tailrace.core.effects import (
    CloseKernelComm,
    Effect,
    OpenKernelComm,
    SendKernelComm,
)
from tailrace.core.inputs import Decision
from tailrace.core.turn import refused
from tailrace.protocol.events import CommClosed, CommMessaged, CommOpened
from tailrace.protocol.operations import CloseComm, OpenComm, SendComm
from tailrace.protocol.reports import CommClose, CommMessage, CommOpen
from tailrace.protocol.state import Comm, SessionState

CommEvent = CommOpened | CommMessaged | CommClosed

# ── decide ───────────────────────────────────────────────────────────────────


def asked(state: SessionState, operation: OpenComm | SendComm | CloseComm) -> Decision:
    if state.kernel.phase != "ready":
        return refused("kernel.none", "No kernel is running: run a cell or start one first.")
    known = operation.comm_id in state.comms
    match operation:
        case OpenComm():
            if known:
                return refused("comm.exists", "A comm of this id is open already.")
            return Decision(
                events=(
                    CommOpened(
                        comm_id=operation.comm_id,
                        target=operation.target,
                        data=operation.data,
                        metadata=operation.metadata,
                        buffers=operation.buffers,
                        from_kernel=False,
                        message_id=operation.message_id,
                    ),
                )
            )
        case SendComm() if known:
            return Decision(
                events=(
                    CommMessaged(
                        comm_id=operation.comm_id,
                        data=operation.data,
                        metadata=operation.metadata,
                        buffers=operation.buffers,
                        from_kernel=False,
                        message_id=operation.message_id,
                    ),
                )
            )
        case CloseComm() if known:
            return Decision(
                events=(
                    CommClosed(
                        comm_id=operation.comm_id,
                        data=operation.data,
                        from_kernel=False,
                        message_id=operation.message_id,
                    ),
                )
            )
    return refused(
        "comm.unknown", "This widget is no longer connected: run its cell again to get a new one."
    )


def fact_of(report: CommOpen | CommMessage | CommClose) -> CommEvent:
    match report:
        case CommOpen():
            return CommOpened(
                comm_id=report.comm_id,
                target=report.target,
                data=report.data,
                metadata=report.metadata,
                buffers=report.buffers,
                from_kernel=True,
            )
        case CommMessage():
            return CommMessaged(
                comm_id=report.comm_id,
                data=report.data,
                metadata=report.metadata,
                buffers=report.buffers,
                from_kernel=True,
            )
        case CommClose():
            return CommClosed(comm_id=report.comm_id, data=report.data, from_kernel=True)


# ── evolve ───────────────────────────────────────────────────────────────────


def changed(state: SessionState, event: CommEvent) -> SessionState:
    comms = dict(state.comms)
    match event:
        case CommOpened():
            comms[event.comm_id] = Comm(
                comm_id=event.comm_id,
                target=event.target,
                data=event.data,
                metadata=event.metadata,
                buffers=event.buffers,
            )
        case CommMessaged():
            comm = comms.get(event.comm_id)
            method = event.data.get("method")
            if comm is not None and method in ("update", "echo_update"):
                comms[event.comm_id] = _merged(comm, event)
            elif comm is not None and method == "append-output":
                comms[event.comm_id] = _with_output(comm, event.data)
            else:
                return state
        case CommClosed():
            comms.pop(event.comm_id, None)
    return replace(state, comms=comms)


def _merged(comm: Comm, event: CommMessaged) -> Comm:
    """The comm with the keys of an update's state, and their buffers, replaced."""
    news = _object(event.data.get("state"))
    paths: list[Any] = []
    buffers: list[bytes] = []
    for path, buffer in zip(_list(comm.data.get("buffer_paths")), comm.buffers, strict=False):
        if not (isinstance(path, list) and path and path[0] in news):
            paths.append(path)
            buffers.append(buffer)
    for path, buffer in zip(_list(event.data.get("buffer_paths")), event.buffers, strict=False):
        paths.append(path)
        buffers.append(buffer)
    data = {**comm.data, "state": {**_object(comm.data.get("state")), **news}}
    if paths or "buffer_paths" in comm.data:
        data["buffer_paths"] = paths
    return replace(comm, data=data, buffers=tuple(buffers))


def _with_output(comm: Comm, news: dict[str, Any]) -> Comm:
    """An Output widget's comm with what was added to its `outputs` (WID-11)."""
    state = _object(comm.data.get("state"))
    outputs = [] if news.get("clear") is True else list(_list(state.get("outputs")))
    output, name, text = news.get("output"), news.get("name"), news.get("text")
    if isinstance(output, dict):
        outputs.append(output)
    elif isinstance(name, str) and isinstance(text, str):
        last = _object(outputs[-1]) if outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            before = last.get("text")
            before = before if isinstance(before, str) else ""
            if news.get("replaces_line") is True:
                before = before[: before.rfind("\n") + 1]
            outputs[-1] = {**last, "text": before + text}
        else:
            outputs.append({"output_type": "stream", "name": name, "text": text})
    return replace(comm, data={**comm.data, "state": {**state, "outputs": outputs}})


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# ── effects ──────────────────────────────────────────────────────────────────


def performed(event: CommEvent) -> tuple[Effect, ...]:
    if event.from_kernel:
        return ()
    match event:
        case CommOpened():
            return (
                OpenKernelComm(
                    event.comm_id,
                    event.target,
                    event.data,
                    event.metadata,
                    event.buffers,
                    event.message_id,
                ),
            )
        case CommMessaged():
            return (
                SendKernelComm(
                    event.comm_id, event.data, event.metadata, event.buffers, event.message_id
                ),
            )
        case CommClosed():
            return (CloseKernelComm(event.comm_id, event.data, event.message_id),)
