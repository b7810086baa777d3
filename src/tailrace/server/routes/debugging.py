"""The kernel's debugger, as the page speaks to it (KER-51): the debug adapter protocol by HTTP.

What the debugger says unasked comes to every client by the log, as `DebuggerReported`.
"""

import asyncio
import time
from typing import Annotated, Any

from fastapi import Request
from msgspec import Meta, Struct, field
from starlette.responses import Response

from tailrace.protocol.errors import FileMissing
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.bodies import json_body
from tailrace.server.permissions import Routes
from tailrace.server.routes.notebooks import json_response
from tailrace.session.directory import Directory

LIMIT_BYTES = 8 << 20  # `dumpCell` has a cell's whole text
ARRIVES_S = 5.0  # between a kernel's first word and the moment that it can be asked
ANSWER_S = 35.0  # beyond the time that a kernel gives its debugger
CHANGED = "tailraceChanged"  # the event that tells the other pages
_CHANGES = frozenset({"attach", "disconnect", "setBreakpoints", "setExceptionBreakpoints"})

routes = Routes()


class _Asked(Struct, frozen=True):
    command: Annotated[str, Meta(max_length=64)]
    arguments: dict[str, Any] = field(default_factory=dict)


@routes.http(
    "POST",
    "/api/v1/notebooks/{notebook_id}/debug",
    permission="run",
    body_limit_bytes=LIMIT_BYTES,
)
async def debug(request: Request, notebook_id: str) -> Response:
    """One request of the debug adapter protocol; the answer is its response."""
    asked = await json_body(request, _Asked)
    if not is_id(notebook_id):
        raise FileMissing("there is no such notebook")
    directory: Directory = request.app.state.application.directory
    session = await directory.session(NotebookId(notebook_id))
    message = {
        "seq": 0,
        "type": "request",
        "command": asked.command,
        "arguments": asked.arguments,
    }
    until = time.monotonic() + ARRIVES_S
    while not session.can_be_asked and session.state.kernel.phase == "ready":
        if time.monotonic() > until:
            break
        await asyncio.sleep(0.01)
    answer = await session.ask_kernel("debug", {"message": message}, timeout_s=ANSWER_S)
    response: dict[str, Any] = answer["message"]
    if response.get("success") and asked.command in _CHANGES:
        session.tell_of_debugger({"seq": 0, "type": "event", "event": CHANGED})
    return json_response(response)
