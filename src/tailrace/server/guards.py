"""The outermost layer: what no request may be, whoever sends it, and what every answer says.

- The `Host` must be a name of ours, so that a foreign name that was made to point here
  (DNS rebinding) gets nothing (SEC-5).
- `Origin`, where a page could do harm (unsafe methods, the API, WebSockets), must be one of
  ours, compared whole (SEC-6); `null` never is. `Sec-Fetch-Site` is believed when it says
  that another site asks (SEC-8).
- The origins of pages that are hosted apart may ask too, and read the answers (CORS). They
  are not ours: no cookie counts there, only what the page itself brings (SEC-28).
- Below a base URL the prefix becomes `root_path`, for HTTP and WebSockets alike.
- Every answer gets the security headers it does not set itself, and a request id; nothing
  that goes wrong inside gets out but that id.

Pure ASGI, since it stands before every request. A WebSocket that may pass is handed on with
its own `receive` and `send`, so that nothing of this costs its messages anything.
"""

import ipaddress
import itertools
import logging
import secrets
import time
from collections.abc import Iterable

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailrace.protocol.errors import AuthError, HostRefused, OriginRefused
from tailrace.server.headers import page_headers
from tailrace.server.problems import (
    PATH,
    REQUEST_ID,
    deny_websocket,
    error_response,
    unexpected_response,
)
from tailrace.server.tickets import PARAMETER

access_log = logging.getLogger("tailrace.access")

ORIGINS = "tailrace.origins"
"""Key in the ASGI scope: this server's own origins as the asking browser sees it."""

APART = "tailrace.apart"
"""Key in the ASGI scope: the origin of the page hosted apart that asks; empty where one of
its images or links does, by a ticket; None for all others."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, range, x-tailrace-token"),
    (b"access-control-max-age", b"7200"),
)
_READABLE = b"content-disposition, content-length, content-range, accept-ranges, etag, retry-after"


class HostNames:
    """Which `Host` headers name this server. Ports do not matter.

    Loopback names and addresses always do; others where they are configured. A server that
    listens beyond loopback (`public`) also takes any address written in digits: rebinding
    needs a name. `0.0.0.0` and `[::]` are not addresses of anybody and are refused.
    """

    def __init__(self, allowed: Iterable[str], *, public: bool) -> None:
        self._names = {"localhost", *(name.strip("[]") for name in allowed)}
        self._public = public
        self._known: dict[bytes, bool] = {}

    def allow(self, header: bytes) -> bool:
        known = self._known.get(header)
        if known is None:
            known = self._decide(header)
            if len(self._known) < 256:  # a stranger must not make this grow
                self._known[header] = known
        return known

    def _decide(self, header: bytes) -> bool:
        name = _name_of(header)
        if name is None:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        if address.is_unspecified:
            return False
        return address.is_loopback or self._public or str(address) in self._names


class Guards:
    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: HostNames,
        origins: tuple[str, ...] = (),
        pages: tuple[str, ...] = (),
        base_url: str = "/",
    ) -> None:
        self.app = app
        self._hosts = hosts
        self._origins = origins
        self._pages = frozenset(pages)
        self._base = base_url.rstrip("/")
        self._ids = itertools.count(1)
        self._id_prefix = secrets.token_hex(4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            self._place(scope)
            problem = self._refusal(scope)
            if problem is not None:
                await deny_websocket(problem, scope, receive, send)
            else:
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        self._place(scope)
        problem = self._refusal(scope)
        extra = page_headers(scope[ORIGINS], self._base)
        if scope[APART]:
            extra = (*extra, *_readable_by(scope[APART]))
        request_id = scope[REQUEST_ID]
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                headers += [header for header in extra if header[0] not in said]
                headers.append((b"x-request-id", request_id.encode()))
                message["headers"] = headers
                if access_log.isEnabledFor(logging.INFO):
                    # The path without its query: a query may hold a secret. ascii() keeps
                    # control characters out of somebody's terminal.
                    access_log.info(
                        "%s %s %s %d %.1f ms",
                        request_id,
                        scope["method"],
                        ascii(scope[PATH])[1:-1],
                        message["status"],
                        (time.perf_counter() - began) * 1000,
                    )
            await send(message)

        if problem is not None:
            await error_response(problem, scope)(scope, receive, guarded)
            return
        if scope[APART] and scope["method"] == "OPTIONS":
            await _preflight(guarded)
            return
        if self._base and scope["path"] == self._base:
            await RedirectResponse(f"{self._base}/", 307)(scope, receive, guarded)
            return
        try:
            await self.app(scope, receive, guarded)
        except Exception as unexpected:  # the last place where one can be answered
            response = unexpected_response(unexpected, scope)
            if started:
                raise _Broken from None  # the server cuts the connection: no false end
            await response(scope, receive, guarded)

    def _place(self, scope: Scope) -> None:
        """Put the request's id, its path below the base and our origins into the scope."""
        scope[APART] = None
        scope[REQUEST_ID] = f"{self._id_prefix}-{next(self._ids)}"
        path = scope["path"]
        if self._base:
            scope["root_path"] = self._base
            if path.startswith(f"{self._base}/"):
                path = path[len(self._base) :]
        scope[PATH] = path
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        scope[ORIGINS] = (f"{scheme}://{host.decode('latin-1').lower()}", *self._origins)

    def _refusal(self, scope: Scope) -> AuthError | None:
        host = origin = site = None
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    host = b""
                    break
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if host is None or not self._hosts.allow(host):
            # Our origins are built from this header; it must not be echoed in a policy.
            scope[ORIGINS] = self._origins or ("http://localhost",)
            return HostRefused(
                "this server is not called that; name it with the setting allowed_hosts"
            )
        text = origin.decode("latin-1") if origin is not None else None
        if text in self._pages and text not in scope[ORIGINS]:
            scope[APART] = text
            return None
        is_socket = scope["type"] == "websocket"
        could_harm = is_socket or scope["method"] not in _SAFE or scope[PATH].startswith("/api/")
        if not could_harm:
            return None
        if text is not None:
            if text not in scope[ORIGINS]:
                return OriginRefused(
                    "this was asked by a page of another origin; a proxy in front of Tailrace"
                    " needs the setting allowed_origins, a page hosted apart page_origins"
                )
        elif site in (b"cross-site", b"same-site"):
            if self._pages and not is_socket and scope["method"] == "GET" and has_ticket(scope):
                scope[APART] = ""  # an image or a link; it can read nothing
                return None
            return OriginRefused("this was asked by a page of another site")
        return None


class _Broken(Exception):
    """An answer that had begun cannot be finished; its cause is in the log already."""


def has_ticket(scope: Scope) -> bool:
    query: bytes = scope["query_string"]
    return f"{PARAMETER}=".encode() in query


def _readable_by(origin: str) -> tuple[tuple[bytes, bytes], ...]:
    """What lets a page of `origin`, and of no other, read an answer."""
    return (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-expose-headers", _READABLE),
        (b"vary", b"origin"),
    )


async def _preflight(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
    await send({"type": "http.response.body", "body": b""})


def _name_of(header: bytes) -> str | None:
    """The host of a `Host` header, lower case, without port, brackets and final dot."""
    try:
        text = header.decode("ascii").lower()
    except UnicodeDecodeError:
        return None
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        if not bracket or "%" in name:
            return None
    else:
        name, colon, port = text.partition(":")
        port = colon + port
        name = name.removesuffix(".")
    if port and not (port[0] == ":" and port[1:].isdigit()):
        return None
    return name or None
