"""Finding out who asks: a cookie, a token, or a one-time code.

`Authenticator` knows the secrets; `Authentication` is the ASGI layer that looks at every
request and WebSocket, puts an `Identity` (or None) into the scope and lets it pass: what an
anonymous caller may do is the routes' business (`permissions.py`).

- A one-time code (`?code=…`) or the fixed token (`?token=…`) in the address of a page is
  exchanged at once for a cookie, and the browser is sent to the same address without it.
- Programs send `Authorization: Bearer T` or `token T`. A wrong one is an error, not an
  anonymous request, and failures are counted (SEC-11).
- A page that is hosted apart logs in by `POST /api/v1/login` and brings what it was given as
  a bearer; a browser lets it say so to a WebSocket only by a subprotocol (SEC-28). No cookie
  counts there.
- A cookie counts only where a page of ours can be asking: an unsafe request or a WebSocket
  without `Origin` is not from a browser and has to bring the token (SEC-7).
"""

import asyncio
import base64
import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tailrace.protocol.errors import AuthError, AuthThrottled, TailraceError
from tailrace.server.guards import APART
from tailrace.server.identity import EVERYTHING, IDENTITY, Identity
from tailrace.server.launch_codes import LaunchCodes
from tailrace.server.login_page import login_page
from tailrace.server.logins import LIFETIME_S, Logins, token_digest
from tailrace.server.problems import PATH, deny_websocket, error_response, status_for
from tailrace.server.tickets import Tickets

FAILURES_ALLOWED = 10
FAILURE_WINDOW_S = 60.0
_ADDRESSES_KEPT = 1024

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEMES = frozenset({"bearer", "token"})
PAGE_LOGIN = "page-"
"""What the bearer of a page hosted apart begins with; the rest is as a cookie's value."""
SUBPROTOCOL = "tailrace.bearer."
"""What a WebSocket's subprotocol with a bearer begins with; the rest is it, in base64url."""


class Throttle:
    """Counts failures by address; beyond the limit nothing is even compared for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises `AuthThrottled` while `address` has failed too often."""
        recent = self._recent(address)
        if len(recent) >= FAILURES_ALLOWED:
            wait = recent[-FAILURES_ALLOWED] + FAILURE_WINDOW_S - self._clock()
            raise AuthThrottled(retry_after_s=max(1, round(wait)))

    def failed(self, address: str) -> None:
        recent = self._recent(address)
        recent.append(self._clock())
        self._failures[address] = recent[-FAILURES_ALLOWED:]
        self._failures.move_to_end(address)
        while len(self._failures) > _ADDRESSES_KEPT:
            self._failures.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - FAILURE_WINDOW_S
        return [at for at in self._failures.get(address, ()) if at > since]


class Authenticator:
    """`monotonic` times the throttle. `token` None: there is no fixed token."""

    def __init__(
        self,
        *,
        token: str | None,
        logins: Logins,
        codes: LaunchCodes,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._token = token_digest(token).encode() if token else None
        self.logins = logins
        self._codes = codes
        self.tickets = Tickets(logins, clock)
        self._throttle = Throttle(monotonic)
        self._bearer = Identity(name="owner", may=EVERYTHING)

    def by_token(self, token: str, address: str) -> Identity:
        """Raises `AuthError` for a wrong token, `AuthThrottled` after too many of them."""
        self._throttle.check(address)
        # Digests are compared, so that neither time nor length says anything.
        digest = token_digest(token).encode()
        if self._token is None or not hmac.compare_digest(digest, self._token):
            self._throttle.failed(address)
            raise AuthError("that token is not this server's")
        return self._bearer

    def login_by_token(self, token: str, address: str) -> str:
        """A new cookie value for the right token; raises like `by_token`."""
        self.by_token(token, address)
        return self.logins.begin(with_token=True)

    def by_bearer(self, bearer: str, address: str) -> Identity:
        """By the login of a page hosted apart, or by the fixed token; raises like `by_token`.
        A login that ended is not counted as a failure: nobody guesses one."""
        if not bearer.startswith(PAGE_LOGIN):
            return self.by_token(bearer, address)
        identity = self.logins.identify(bearer.removeprefix(PAGE_LOGIN))
        if identity is None:
            raise AuthError("that login is over; log in again")
        return identity

    async def login_by_code(self, code: str) -> str:
        """A new cookie value for a good code, which is used up. Raises `AuthError`.

        Not throttled: a code has 192 random bits, and a page elsewhere that makes the
        browser ask for wrong ones must not be able to lock its owner out.
        """
        if not await asyncio.to_thread(self._codes.redeem, code):
            raise AuthError("that address was used already or is too old")
        return self.logins.begin(with_token=False)


class Authentication:
    """The ASGI layer. It comes after the guards and before the routes."""

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator) -> None:
        self.app = app
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if kind == "http" and scope["query_string"] and scope["method"] == "GET":
            exchanged = await self._exchange(scope)
            if exchanged is not None:
                await exchanged(scope, receive, send)
                return
        try:
            scope[IDENTITY] = self._identify(scope)
        except TailraceError as problem:
            if kind == "websocket":
                await deny_websocket(problem, scope, receive, send)
            else:
                await error_response(problem, scope)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _identify(self, scope: Scope) -> Identity | None:
        cookies: list[bytes] = []
        has_origin = False
        for name, value in scope["headers"]:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                # Another scheme is some proxy's own affair.
                if scheme.lower() in _SCHEMES:
                    return self.authenticator.by_bearer(token.strip(), client_address(scope))
            elif name == b"cookie" and scope.get(APART) is None:
                cookies.append(value)
            elif name == b"origin":
                has_origin = True
        for offered in scope.get("subprotocols", ()):
            if offered.startswith(SUBPROTOCOL):
                bearer = _decoded(offered.removeprefix(SUBPROTOCOL))
                return self.authenticator.by_bearer(bearer, client_address(scope))
        if b"token=" in scope["query_string"] and is_jupyters(scope.get(PATH, scope["path"])):
            token = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")
            if token is not None:
                return self.authenticator.by_bearer(token, client_address(scope))
        if not cookies:
            return None
        if not has_origin and (scope["type"] == "websocket" or scope["method"] not in _SAFE):
            return None
        session = _cookie(b"; ".join(cookies), cookie_name(scope))
        return self.authenticator.logins.identify(session) if session else None

    async def _exchange(self, scope: Scope) -> Response | None:
        """The answer to a page's address that carries a secret, or None where it has none."""
        query = scope["query_string"]
        if b"token=" not in query and b"code=" not in query:
            return None
        path = scope.get(PATH, scope["path"])
        if path.startswith("/api/") or is_jupyters(path):
            return None  # programs send a header; an address ends up in too many places
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        secrets = {name: value for name, value in pairs if name in ("token", "code")}
        if not secrets:
            return None
        try:
            if "token" in secrets:
                session = self.authenticator.login_by_token(secrets["token"], client_address(scope))
            else:
                session = await self.authenticator.login_by_code(secrets["code"])
        except TailraceError as problem:
            return login_failed(problem, scope, wanted=dict(pairs).get("next", ""))
        rest = [(name, value) for name, value in pairs if name not in secrets]
        if path == "/login":
            target = page_address(scope, dict(rest).get("next", ""))
        else:
            target = page_address(scope, path) + (f"?{urlencode(rest)}" if rest else "")
        response = RedirectResponse(target, status_code=303)
        response.headers["cache-control"] = "no-store"
        set_cookie(response, scope, session)
        return response


def login_failed(problem: TailraceError, scope: Scope, *, wanted: str = "") -> Response:
    """The login page with a sentence about what went wrong."""
    page = login_page(scope, message=str(problem), wanted=wanted, status=status_for(problem))
    if isinstance(problem, AuthThrottled):
        page.headers["retry-after"] = str(problem.retry_after_s)
    return page


def page_address(scope: Scope, wanted: str) -> str:
    """`wanted` as a path on this server, whatever it says: only its path segments are used,
    each quoted anew, below the base. So it can lead nowhere else (SEC-13)."""
    base = str(scope.get("root_path", "")) + "/"
    segments = [part for part in wanted.split("/") if part not in ("", ".", "..")]
    return base + "/".join(quote(part, safe="") for part in segments)


def cookie_name(scope: Scope) -> str:
    """One per port, since browsers do not tell ports apart; `__Host-` where that is possible:
    it wants the path "/", which below a path would show it to the neighbours."""
    server = scope.get("server")
    name = f"tailrace-{server[1] if server else 0}"
    if not _is_https(scope):
        return name
    return f"__Secure-{name}" if scope.get("root_path") else f"__Host-{name}"


def set_cookie(response: Response, scope: Scope, session: str) -> None:
    _place(response, scope, session, int(LIFETIME_S))


def delete_cookie(response: Response, scope: Scope) -> None:
    _place(response, scope, "", 0)


def client_address(scope: Scope) -> str:
    """What failures are counted by: the address, or an IPv6 one's network."""
    client = scope.get("client")
    text = client[0] if client else "?"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return str(text)
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _place(response: Response, scope: Scope, value: str, max_age_s: int) -> None:
    https = _is_https(scope)
    response.set_cookie(
        cookie_name(scope),
        value,
        max_age=max_age_s,
        path=f"{scope.get('root_path', '')}/",
        secure=https,
        httponly=True,
        samesite="strict",
    )


def is_jupyters(path: str) -> bool:
    """Whether an address belongs to Jupyter's API, whose clients bring the token in it: for a
    WebSocket a browser has no other way (SEC-31)."""
    if path.startswith("/api/v1/"):
        return False
    return path == "/api" or path.startswith(("/api/", "/files/", "/kernelspecs/"))


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return ""  # as good as any other wrong one


def _is_https(scope: Scope) -> bool:
    return scope.get("scheme") in ("https", "wss")


def _cookie(header: bytes, name: str) -> str | None:
    wanted = name.encode("latin-1")
    for part in header.split(b";"):
        key, _, value = part.strip().partition(b"=")
        if key == wanted:
            return value.decode("latin-1")
    return None
