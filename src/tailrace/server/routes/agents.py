"""`/mcp`: agents over HTTP, by the streamable transport of the Model Context Protocol.

One POST is one message. A request is answered with JSON, or with a stream of events once
there is progress to tell of; a client that goes away ends the call, not what it ran.
Nothing is kept for a client: the session id that older ones are given holds the name that
they gave themselves, for the log (MCP-3).

Agents are programs: they bring the token in the header `Authorization`; a browser's cookie
does not count here (MCP-10).
"""

import asyncio
import re
import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tailrace.mcp.endpoint import Endpoint
from tailrace.mcp.messages import (
    HANDSHAKE_VERSIONS,
    INVALID_REQUEST,
    META_CLIENT,
    MODERN_VERSIONS,
    PARSE_ERROR,
    SESSION_HEADER,
    UNSUPPORTED_VERSION,
    VERSION_HEADER,
    Message,
    RpcError,
    check_modern,
    error_message,
    is_modern,
    is_request,
    meta_of,
    status_of,
)
from tailrace.protocol.errors import AuthForbidden
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.permissions import Routes
from tailrace.settings import AgentsMay

BODY_BYTES = 8 << 20
CLOSING = -32000  # of the codes that are a server's own
QUIET_S = 15.0  # then an empty line says that the connection lives
NAME_CHARS = 40
SEEN_MAY: dict[AgentsMay, frozenset[str]] = {
    "run": frozenset({"read", "edit", "run"}),
    "edit": frozenset({"read", "edit"}),
    "read": frozenset({"read"}),
    "nothing": frozenset(),
}
_SESSION = re.compile(r"\A([A-Za-z0-9_-]{1,40})\.[A-Za-z0-9_-]{22}\Z")
_JSON = "application/json"
_EVENTS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


class Agents:
    """The calls that are under way. `may` is what agents may do here at most."""

    def __init__(self, endpoint: Endpoint, may: AgentsMay) -> None:
        self.endpoint = endpoint
        self.may = SEEN_MAY[may]
        self._calls: dict[tuple[str, str], asyncio.Task[Message]] = {}
        self._all: set[asyncio.Task[Message]] = set()
        self.is_closing = False

    def begin(self, call: asyncio.Task[Message], session_id: str, message: Message) -> None:
        key = (session_id, str(message["id"]))
        if session_id:
            self._calls[key] = call
        self._all.add(call)

        def forget(_: object) -> None:
            self._all.discard(call)
            if self._calls.get(key) is call:
                del self._calls[key]

        call.add_done_callback(forget)

    def cancel(self, session_id: str, request_id: object) -> None:
        call = self._calls.get((session_id, str(request_id)))
        if call is not None:
            call.cancel()

    def close(self) -> None:
        """The server ends: calls that wait would hold it up."""
        self.is_closing = True
        for call in self._all:
            call.cancel()


def agent_routes(agents: Agents) -> Routes:
    routes = Routes()

    @routes.http("POST", "/mcp", permission="read", body_limit_bytes=BODY_BYTES)
    async def message(request: Request) -> Response:
        identity: Identity = request.scope[IDENTITY]
        if "authorization" not in request.headers:
            raise AuthForbidden("agents bring the token in the header Authorization")
        may = agents.may & identity.may
        if request.query_params.get("read_only", "0") not in ("0", "false", ""):
            may &= SEEN_MAY["read"]
        if not may:
            raise AuthForbidden("agents may do nothing here (setting agents)")
        return await _answered(agents, request, may)

    @routes.http("GET", "/mcp", permission="read")
    async def listen(request: Request) -> Response:
        """There is nothing that would be said without having been asked for."""
        return Response(status_code=405, headers={"allow": "POST, DELETE"})

    @routes.http("DELETE", "/mcp", permission="read")
    async def leave(request: Request) -> Response:
        return Response(status_code=204)

    return routes


async def _answered(agents: Agents, request: Request, may: frozenset[str]) -> Response:
    headers = request.headers
    modern = headers.get(VERSION_HEADER) in MODERN_VERSIONS
    message_id: Any = None
    try:
        try:
            message = msgspec.json.decode(await request.body())
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RpcError(PARSE_ERROR, f"that is no JSON: {problem}") from problem
        asks = is_request(message)
        modern = is_modern(message, headers)
        message_id = message.get("id")
        if modern and asks:
            check_modern(message, headers)
        else:
            _check_version(headers.get(VERSION_HEADER))
    except RpcError as problem:
        status = 400 if problem.code in (PARSE_ERROR, INVALID_REQUEST) else None
        return _json(error_message(message_id, problem), modern=True, status=status)
    session_id = headers.get(SESSION_HEADER, "")
    if not asks:
        if message.get("method") == "notifications/cancelled":
            agents.cancel(session_id, message.get("params", {}).get("requestId"))
        return Response(status_code=202)
    extra: dict[str, str] = {}
    agent = _agent(message, session_id)
    if message["method"] == "initialize" and not modern:
        agent = named(message.get("params", {}).get("clientInfo"))
        extra[SESSION_HEADER] = f"{agent}.{secrets.token_urlsafe(16)}"
    return _Answer(agents, message, agent, may, session_id, modern=modern, headers=extra)


def _check_version(version: str | None) -> None:
    if version is not None and version not in (*HANDSHAKE_VERSIONS, *MODERN_VERSIONS):
        supported = [*HANDSHAKE_VERSIONS, *MODERN_VERSIONS]
        raise RpcError(
            UNSUPPORTED_VERSION,
            "this revision is not spoken here",
            {"supported": supported, "requested": version},
        )


def named(client: Any) -> str:
    """The name that a program gave itself, as it can stand in the log."""
    name = client.get("name") if isinstance(client, dict) else None
    words = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") if isinstance(name, str) else ""
    return words[:NAME_CHARS] or "agent"


def _agent(message: Message, session_id: str) -> str:
    client = meta_of(message).get(META_CLIENT)
    if client is not None:
        return named(client)
    known = _SESSION.match(session_id)
    return known[1] if known is not None else "agent"


def _json(answer: Message, *, modern: bool, status: int | None = None) -> Response:
    return Response(
        msgspec.json.encode(answer),
        status or status_of(answer, modern=modern),
        media_type=_JSON,
        headers={"cache-control": "no-store"},
    )


class _Answer(Response):
    """The answer to one request: JSON where it comes at once, else a stream of events. Ends
    the call when the client goes."""

    def __init__(
        self,
        agents: Agents,
        message: Message,
        agent: str,
        may: frozenset[str],
        session_id: str,
        *,
        modern: bool,
        headers: dict[str, str],
    ) -> None:
        super().__init__(headers=headers)
        self._agents = agents
        self._message = message
        self._agent = agent
        self._may = may
        self._session_id = session_id
        self._modern = modern
        self._extra = headers
        self._news: asyncio.Queue[Message] = asyncio.Queue(maxsize=64)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(
                self._agents.endpoint.answer(
                    self._message,
                    agent=self._agent,
                    may=self._may,
                    modern=self._modern,
                    send=self._news.put,
                )
            )
            self._agents.begin(call, self._session_id, self._message)
            gone = tasks.create_task(_until_gone(receive))
            saying = tasks.create_task(self._say(call, scope, receive, send))
            await asyncio.wait((saying, gone), return_when=asyncio.FIRST_COMPLETED)
            for task in (call, gone, saying):
                task.cancel()

    async def _say(
        self, call: asyncio.Task[Message], scope: Scope, receive: Receive, send: Send
    ) -> None:
        first = await self._next(call)
        if first is None and call.done():
            answer = self._answer_of(call)
            if answer is None:
                await Response(status_code=202)(scope, receive, send)
                return
            plain = _json(answer, modern=self._modern)
            plain.headers.update(self._extra)
            await plain(scope, receive, send)
            return
        headers = [(k.encode(), v.encode()) for k, v in {**_EVENTS, **self._extra}.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        news = first
        while True:
            if news is not None:
                await _event(send, news)
            elif call.done():
                break
            else:
                await _more(send, b": waiting\n\n")
            news = await self._next(call)
        answer = self._answer_of(call)
        if answer is not None:
            await _event(send, answer)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _answer_of(self, call: asyncio.Task[Message]) -> Message | None:
        """None: the client has cancelled it and wants no answer."""
        if not call.cancelled():
            return call.result()
        if not self._agents.is_closing:
            return None
        ends = "the notebook server ends; what runs may go on. Ask again when it is back"
        return error_message(self._message["id"], RpcError(CLOSING, ends))

    async def _next(self, call: asyncio.Task[Message]) -> Message | None:
        """What is to be told before the answer; None: the answer is there, or nothing came
        for a while."""
        if self._news.empty() and not call.done():
            news = asyncio.ensure_future(self._news.get())
            await asyncio.wait((call, news), timeout=QUIET_S, return_when=asyncio.FIRST_COMPLETED)
            if news.done():
                return news.result()
            news.cancel()
        return None if self._news.empty() else self._news.get_nowait()


async def _event(send: Send, message: Message) -> None:
    await _more(send, b"event: message\ndata: " + msgspec.json.encode(message) + b"\n\n")


async def _more(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
