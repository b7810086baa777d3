"""Who may do what: every route says which permission it needs, or the server does not start.

A route or WebSocket is registered by `Routes`, which takes its permission and enforces it
before the endpoint, or even the body, is looked at. `undeclared` walks a finished
application and names whatever came in by another way; `create_app` refuses to return one
with such a route (SEC-1).

    public   anybody who may reach the server: health, the login page, built assets
    read     see notebooks, files and outputs
    run      execute, interrupt, answer a prompt, manage kernels
    edit     change notebooks and files
    admin    the server itself

Here one person owns the server and may do everything; the names are what several people
will be told apart by.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Literal, get_args

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from msgspec import Struct
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from tailrace.protocol.errors import AuthError, AuthForbidden, ForgeryRefused, TailraceError
from tailrace.server.bodies import limit_body
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.problems import answer_problem, deny_websocket

Permission = Literal["public", "read", "run", "edit", "admin"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

JSON_LIMIT_BYTES = 1 << 20
LOGGED_OUT = 4401  # the close code that tells a page to ask for a login

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Endpoint = Callable[..., Awaitable[Any]]


class _Declaration(Struct, frozen=True):
    methods: tuple[str, ...]  # empty for a WebSocket
    path: str
    permission: Permission
    body_limit_bytes: int
    takes_ticket: bool
    endpoint: Endpoint


class DeclaredRoute(APIRoute):
    """An HTTP route that knows its permission and the largest body it reads."""

    permission: Permission
    body_limit_bytes: int
    takes_ticket: bool

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.takes_ticket and scope.get(IDENTITY) is None and scope["method"] == "GET":
            scope[IDENTITY] = scope["app"].state.authenticator.tickets.identify(
                scope["query_string"]
            )
            if scope[IDENTITY] is not None:
                send = _shown_elsewhere(send)
        problem = refusal(self.permission, scope)
        if problem is not None:
            await answer_problem(problem, scope, receive, send)
            return
        if scope["method"] in SAFE_METHODS:
            await super().handle(scope, receive, send)
            return
        try:
            limited = limit_body(scope, receive, self.body_limit_bytes)
        except TailraceError as too_large:
            await answer_problem(too_large, scope, receive, send)
            return
        await super().handle(scope, limited, send)


class DeclaredWebSocketRoute(APIWebSocketRoute):
    """A WebSocket that knows its permission; who lacks it is answered 401 or 403 before
    the socket is accepted."""

    permission: Permission

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = refusal(self.permission, scope)
        if problem is not None:
            await deny_websocket(problem, scope, receive, send)
            return
        identity: Identity | None = scope.get(IDENTITY)
        if identity is None or identity.is_bearer:
            await super().handle(scope, receive, send)
            return
        try:
            await self._while_logged_in(identity, scope, receive, send)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _while_logged_in(
        self, identity: Identity, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A socket does not outlive the login it was opened with (SEC-22)."""
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(super().handle(scope, receive, send))
            ended = tasks.create_task(identity.ended.wait())
            await asyncio.wait((serving, ended), return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            if not serving.done():
                serving.cancel()
                await asyncio.wait((serving,))
                await send({"type": "websocket.close", "code": LOGGED_OUT})


class Routes:
    """Routes being collected, each with its permission, then installed in an application."""

    def __init__(self) -> None:
        self._declared: list[_Declaration] = []

    def http(
        self,
        methods: str | Sequence[str],
        path: str,
        *,
        permission: Permission,
        body_limit_bytes: int = JSON_LIMIT_BYTES,
        takes_ticket: bool = False,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register an endpoint: `@routes.http("GET", "/api/v1/me", permission="read")`.

        `takes_ticket`: an image or a link of a page hosted apart may ask it (SEC-29)."""
        names = (methods,) if isinstance(methods, str) else tuple(methods)

        def register(endpoint: Endpoint) -> Endpoint:
            self._declared.append(
                _Declaration(names, path, permission, body_limit_bytes, takes_ticket, endpoint)
            )
            return endpoint

        return register

    def websocket(self, path: str, *, permission: Permission) -> Callable[[Endpoint], Endpoint]:
        def register(endpoint: Endpoint) -> Endpoint:
            self._declared.append(_Declaration((), path, permission, 0, False, endpoint))
            return endpoint

        return register

    def install(self, app: FastAPI) -> None:
        """Add them to `app`, in the order in which they were registered."""
        for declared in self._declared:
            app.router.routes.append(_route(declared))


def refusal(permission: Permission, scope: Scope) -> AuthError | None:
    """Why this request may not pass, or None. Unsafe methods with a cookie need the page's
    anti-forgery token too (SEC-12); a bearer token cannot be forged by another site."""
    if permission == "public":
        return None
    identity: Identity | None = scope.get(IDENTITY)
    if identity is None:
        return AuthError("log in first: open the address that `tailrace url` prints")
    if permission not in identity.may:
        return AuthForbidden(f"this needs the permission {permission!r}, which you do not have")
    unsafe = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
    if unsafe and not identity.is_bearer and not identity.proves(_forgery_token(scope)):
        return ForgeryRefused("the anti-forgery token is missing or old; reload the page")
    return None


def undeclared(app: FastAPI) -> list[str]:
    """Every route, WebSocket, mount and sub-application of `app` without a permission."""
    return [
        f"{type(route).__name__} {where}" for route, where in walk(app.routes) if not _says(route)
    ]


def walk(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[BaseRoute, str]]:
    """All routes, with those inside mounts and included routers, and where they are."""
    for route in routes:
        where = prefix + str(getattr(route, "path", ""))
        yield route, where
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner:
            yield from walk(inner, where)


def _says(route: BaseRoute) -> bool:
    declared = isinstance(route, DeclaredRoute | DeclaredWebSocketRoute)
    return declared and getattr(route, "permission", None) in PERMISSIONS


def _route(declared: _Declaration) -> BaseRoute:
    if not declared.methods:
        socket = DeclaredWebSocketRoute(declared.path, declared.endpoint)
        socket.permission = declared.permission
        return socket
    route = DeclaredRoute(
        declared.path,
        declared.endpoint,
        methods=list(declared.methods),
        response_model=None,
        include_in_schema=False,
    )
    route.permission = declared.permission
    route.body_limit_bytes = declared.body_limit_bytes
    route.takes_ticket = declared.takes_ticket
    return route


def _shown_elsewhere(send: Send) -> Send:
    """`send`, which lets the answer be an image of a page of another origin."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [h for h in message["headers"] if h[0] != b"cross-origin-resource-policy"]
            message["headers"] = [*kept, (b"cross-origin-resource-policy", b"cross-origin")]
        await send(message)

    return marked


def _forgery_token(scope: Scope) -> str:
    """Ours, or the one that Jupyter's clients send back from the cookie `_xsrf` (SEC-32)."""
    for name, value in scope["headers"]:
        if name in (b"x-tailrace-token", b"x-xsrftoken"):
            return str(value, "latin-1")
    return ""
