"""Jupyter's requests in our words: operations for what happens, questions for the rest.

`operation_of` says what a message asks the session to do; `reply_content` answers those that
only want to know something, or that steer the kernel.
"""

import asyncio
import secrets
import time
from typing import Any

from msgspec import to_builtins

from tailrace.jupyter.fitting import fitting
from tailrace.jupyter.messages import PROTOCOL_VERSION, Message, text_of
from tailrace.protocol import operations as op
from tailrace.protocol.asked import Asked
from tailrace.protocol.errors import KernelError, KernelUnreachable, ProtocolError
from tailrace.protocol.ids import CellId, ClientId, CommId, OperationId, is_id
from tailrace.server.jupyter.kernels import Kernels
from tailrace.server.jupyter.usage import usage_content
from tailrace.session.session import Session
from tailrace.session.tail import until_kernel_is_known

HEADER_CHARS = 256  # of one field that is kept with an execution
ARRIVES_S = 5.0  # between a kernel's first word and the moment that it can be asked
ANSWERS_S = 20.0  # Jupyter's clients wait for as long as it takes; a busy machine may need it
SUBSHELL_S = 30 * 24 * 3600.0  # its code may run as long as it wants
DEBUG_S = 35.0  # beyond the time that a kernel gives its debugger


Content = dict[str, Any]


# ── what happens ─────────────────────────────────────────────────────────────


def operation_of(
    message: Message, session: Session, operation_id: OperationId
) -> op.Operation | None:
    """None for a message that asks for nothing that would be recorded."""
    content = message.content
    match message.kind:
        case "execute_request" if not is_for_subshell(message):
            return _run(message, session)
        case "comm_open":
            return op.OpenComm(
                _comm_id(content),
                text_of(content, "target_name"),
                _map(content.get("data")),
                fitting(message.metadata),
                message.buffers,
                operation_id,
            )
        case "comm_msg":
            return op.SendComm(
                _comm_id(content),
                _map(content.get("data")),
                fitting(message.metadata),
                message.buffers,
                operation_id,
            )
        case "comm_close":
            return op.CloseComm(_comm_id(content), _map(content.get("data")), operation_id)
        case _:
            return None


def is_for_subshell(message: Message) -> bool:
    return message.kind == "execute_request" and bool(text_of(message.header, "subshell_id"))


async def in_subshell(message: Message, session: Session, operation_id: OperationId) -> Content:
    """Run code beside the cells; its `execute_reply`. Its end is told by `CommHandled`."""
    question = {
        "subshell_id": text_of(message.header, "subshell_id"),
        "execution_id": operation_id,
        "message_id": operation_id,
        "source": text_of(message.content, "code"),
        "asked": to_builtins(_asked(message)),
    }
    found = await _ask(session, "execute-in-subshell", question, timeout_s=SUBSHELL_S)
    if found["status"] == "ok":
        found |= {"user_expressions": found.pop("expressions"), "payload": []}
    return found


def _run(message: Message, session: Session) -> op.RunCode:
    asked = _asked(message)
    code = text_of(message.content, "code")
    stops = bool(message.content.get("stop_on_error", True)) and not asked.silent
    return op.RunCode(code, _cell_of(message, code, session), stops, asked)


def _asked(message: Message) -> Asked:
    content, header = message.content, message.header
    silent = bool(content.get("silent", False))
    expressions = content.get("user_expressions")
    subshell_id = text_of(header, "subshell_id")
    return Asked(
        message_id=message.message_id[:HEADER_CHARS],
        session=text_of(header, "session")[:HEADER_CHARS],
        username=text_of(header, "username")[:HEADER_CHARS],
        date=text_of(header, "date")[:HEADER_CHARS],
        subshell_id=subshell_id[:HEADER_CHARS] or None,
        silent=silent,
        store_history=not silent and bool(content.get("store_history", True)),
        allow_stdin=bool(content.get("allow_stdin", False)),
        user_expressions={str(name): str(value) for name, value in _map(expressions).items()},
    )


def _cell_of(message: Message, code: str, session: Session) -> CellId | None:
    """The notebook's cell that is run (JUP-14): the one that the client names; when it names
    one by an id that is its own, the only one with this source."""
    named = message.metadata.get("cellId")
    if not isinstance(named, str):
        return None
    cells = [cell for cell in session.room.cells() if cell.kind == "code"]
    if any(cell.cell_id == named for cell in cells):
        return CellId(named)
    alike = [cell.cell_id for cell in cells if cell.source == code]
    return alike[0] if len(alike) == 1 else None


def _comm_id(content: Content) -> CommId:
    comm_id = text_of(content, "comm_id")
    if not is_id(comm_id):
        raise ProtocolError("a comm's id must be 1 to 64 letters, digits, - or _")
    return CommId(comm_id)


def _map(value: Any) -> dict[str, Any]:
    found = fitting(value)
    return found if isinstance(found, dict) else {}


# ── what is asked ────────────────────────────────────────────────────────────


async def reply_content(message: Message, session: Session, kernels: Kernels) -> Content | None:
    """The reply; None for a request that nobody knows. Raises `TailraceError`."""
    content = message.content
    match message.kind:
        case "kernel_info_request":
            return await _kernel_info(session)
        case "complete_request":
            return await _complete(session, content)
        case "inspect_request":
            return await _inspect(session, content)
        case "is_complete_request":
            found = await _ask(session, "is-complete", {"code": text_of(content, "code")})
            indent = {"indent": found["indent"]} if found["status"] == "incomplete" else {}
            return {"status": found["status"], **indent}
        case "history_request":
            return await _history(session, content)
        case "comm_info_request":
            target = content.get("target_name")
            comms = {
                comm.comm_id: {"target_name": comm.target}
                for comm in session.state.comms.values()
                if not target or comm.target == target
            }
            return {"status": "ok", "comms": comms}
        case "create_subshell_request":
            return {"status": "ok", **await _ask(session, "create-subshell", {})}
        case "delete_subshell_request":
            question = {"subshell_id": text_of(content, "subshell_id")}
            return {"status": "ok", **await _ask(session, "delete-subshell", question)}
        case "list_subshell_request":
            return {"status": "ok", **await _ask(session, "list-subshells", {})}
        case "usage_request":
            return await usage_content(lambda: _ask(session, "usage", {}))
        case "debug_request":
            found = await _ask(session, "debug", {"message": content}, timeout_s=DEBUG_S)
            response: Content = found["message"]
            return response
        case "interrupt_request":
            await kernels.interrupt(session)
            return {"status": "ok"}
        case "shutdown_request":
            restart = bool(content.get("restart", False))
            await (kernels.restart(session) if restart else kernels.stop(session))
            return {"status": "ok", "restart": restart}
        case _:
            return None


def error_content(name: str, message: str) -> Content:
    """A reply that says why there is none."""
    return {"status": "error", "ename": name, "evalue": message, "traceback": []}


async def _kernel_info(session: Session) -> Content:
    try:
        info = await _ask(session, "kernel-info", {})
    except KernelUnreachable:
        raise
    except KernelError:  # a kernel that cannot tell
        info = {}
    features = ["kernel subshells"] if info.pop("subshells", False) else []
    features += ["debugger"] if info.pop("debugger", False) else []
    info.pop("execution_count", None)
    language = session.room.metadata().get("language_info")
    return {
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": "tailrace",
        "implementation_version": "",
        "language_info": language if isinstance(language, dict) else {"name": "python"},
        "banner": "",
        "help_links": [],
        **info,
        "debugger": "debugger" in features,
        "supported_features": features,
    }


async def _complete(session: Session, content: Content) -> Content:
    code = text_of(content, "code")
    found = await _ask(session, "complete", {"code": code, "cursor": _cursor(content, code)})
    start, end, matches = found["start"], found["end"], found["matches"]
    types = [
        {
            "start": start,
            "end": end,
            "text": match["text"],
            "type": match["kind"] or "<unknown>",
            "signature": match["signature"],
        }
        for match in matches
    ]
    return {
        "status": "ok",
        "matches": [match["text"] for match in matches],
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types},
    }


async def _inspect(session: Session, content: Content) -> Content:
    code = text_of(content, "code")
    detail = 1 if content.get("detail_level") == 1 else 0
    question = {"code": code, "cursor": _cursor(content, code), "detail": detail}
    found = await _ask(session, "inspect", question)
    return {"status": "ok", "found": found["found"], "data": found["data"], "metadata": {}}


async def _history(session: Session, content: Content) -> Content:
    question = {
        name: content[name]
        for name in ("raw", "output", "session", "start", "stop", "n", "pattern", "unique")
        if content.get(name) is not None
    }
    question["access"] = text_of(content, "hist_access_type") or "tail"
    found = await _ask(session, "history", question)
    return {"status": "ok", "history": found["history"]}


def _cursor(content: Content, code: str) -> int:
    cursor = content.get("cursor_pos")
    return cursor if isinstance(cursor, int) else len(code)


async def _ask(
    session: Session, kind: str, question: Content, *, timeout_s: float = ANSWERS_S
) -> Content:
    """Asks the kernel, once it is there."""
    if session.state.kernel.phase == "starting":
        await until_kernel_is_known(session, ClientId(f"jupyter-ask-{secrets.token_hex(4)}"))
    until = time.monotonic() + ARRIVES_S
    while not session.can_be_asked and session.state.kernel.phase == "ready":
        if time.monotonic() > until:
            break
        await asyncio.sleep(0.01)
    return await session.ask_kernel(kind, question, timeout_s=timeout_s)
