"""A message in, its answer out: the server's side of the protocol, without a transport.

Nothing is kept between messages but which executions an operation began: every call names
its notebook, so that two agents, or one after a break, never mean different ones (MCP-2).
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

from tailrace.mcp import editing, kernels, reading, running
from tailrace.mcp.hygiene import UNTRUSTED
from tailrace.mcp.messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    Message,
    RpcError,
    completed,
    discovered,
    error_message,
    initialized,
    notification,
    progress_token,
    result_message,
)
from tailrace.mcp.reading import notebook_data, notebook_words
from tailrace.mcp.tools import Call, Memory, Served, Tool
from tailrace.protocol.errors import TailraceError

TOOLS: dict[str, Tool] = {
    tool.name: tool for tool in (*reading.TOOLS, *editing.TOOLS, *running.TOOLS, *kernels.TOOLS)
}
SCHEME = "tailrace://notebook/"

INSTRUCTIONS = (
    "Notebooks that people have open at the same time. Read a notebook before you change it;"
    " cells are named by ids, and an edit names the version of the source that you read, so"
    " that nobody's typing is overwritten. Do not write .ipynb files yourself: edits made here"
    " are seen at once and are merged. Runs go on when a call ends; outputs stream into the"
    " notebook and everything you do is recorded under your name. " + UNTRUSTED
)

Send = Callable[[Message], Awaitable[None]]

log_ = logging.getLogger("tailrace.mcp")


class Endpoint:
    def __init__(self, served: Served) -> None:
        self._served = served
        self._memory = Memory()

    async def answer(
        self, request: Message, *, agent: str, may: frozenset[str], modern: bool, send: Send
    ) -> Message:
        """The answer to a request; notifications about it go to `send` before."""
        request_id, method = request["id"], request["method"]
        token = progress_token(request)
        said = 0

        async def tell(words: str) -> None:
            nonlocal said
            if token is not None:
                said += 1
                params = {"progressToken": token, "progress": said, "message": words}
                await send(notification("notifications/progress", params))

        call = Call(self._served, agent, may, tell, self._memory)
        try:
            result = await self._result(call, method, request.get("params", {}), modern)
        except RpcError as problem:
            return error_message(request_id, problem)
        except Exception:
            log_.exception("an agent's %s failed", method)
            unforeseen = "something nobody foresaw; the server's log has it"
            return error_message(request_id, RpcError(INTERNAL_ERROR, unforeseen))
        return result_message(request_id, completed(method, result, modern=modern))

    async def _result(self, call: Call, method: str, params: Message, modern: bool) -> Message:
        match method:
            case "initialize" if not modern:
                return initialized(params, INSTRUCTIONS)
            case "ping" if not modern:
                return {}
            case "server/discover" if modern:
                return discovered(INSTRUCTIONS)
            case "tools/list":
                # What this agent may not do it need not think about.
                tools = [tool for tool in TOOLS.values() if tool.permission in call.may]
                return {"tools": [tool.described() for tool in tools]}
            case "tools/call":
                name = params.get("name")
                tool = TOOLS.get(name) if isinstance(name, str) else None
                if tool is None:
                    raise RpcError(INVALID_PARAMS, f"there is no tool {name!r}")
                return await tool.called(call, params.get("arguments") or {})
            case "resources/list":
                return {"resources": await _resources(call)}
            case "resources/templates/list":
                return {"resourceTemplates": [_TEMPLATE]}
            case "resources/read":
                return {"contents": [await _resource(call, params.get("uri"))]}
            case _:
                raise RpcError(METHOD_NOT_FOUND, f"{method} is not spoken here")


# ── resources ────────────────────────────────────────────────────────────────

_TEMPLATE: Message = {
    "uriTemplate": SCHEME + "{+path}",
    "name": "notebook",
    "title": "A notebook as it is now",
    "description": f"Its cells with ids, versions, sources and short outputs. {UNTRUSTED}",
    "mimeType": "text/markdown",
}


async def _resources(call: Call) -> list[Message]:
    call.require("read")
    answer = await reading.list_notebooks(call, reading.ListNotebooks())
    assert isinstance(answer.data, reading.Notebooks)
    return [
        {
            "uri": SCHEME + quote(entry.path),
            "name": entry.path,
            "mimeType": "text/markdown",
        }
        for entry in answer.data.notebooks
    ]


async def _resource(call: Call, uri: Any) -> Message:
    if not isinstance(uri, str) or not uri.startswith(SCHEME):
        raise RpcError(RESOURCE_NOT_FOUND, f"there is no resource {uri!r}", {"uri": uri})
    try:
        call.require("read")
        session = await call.session(unquote(uri.removeprefix(SCHEME)))
    except TailraceError as problem:
        raise RpcError(RESOURCE_NOT_FOUND, str(problem), {"uri": uri}) from problem
    data = await notebook_data(session, 0, outputs=True)
    return {"uri": uri, "mimeType": "text/markdown", "text": notebook_words(data)}
