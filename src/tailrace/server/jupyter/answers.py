"""Answers as Jupyter Server gives them: plain JSON, and errors as `{message, reason}`.

`JupyterRoutes` registers endpoints that return plain values; what goes wrong below becomes
the status that Jupyter's clients know (JUP-20, JUP-21). A browser with our cookie is told
the anti-forgery token in the cookie `_xsrf`, as Jupyter does it (SEC-32).
"""

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tailrace.protocol import errors
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.permissions import JSON_LIMIT_BYTES, Permission, Routes
from tailrace.server.problems import status_for

XSRF = "_xsrf"

_STATUS: dict[type[errors.TailraceError], int] = {
    errors.PathOutside: 404,
    errors.KernelError: 500,
    errors.KernelMissing: 404,
    errors.NotANotebook: 400,
}
"""Where Jupyter's status differs from ours."""

Endpoint = Callable[..., Awaitable[Any]]


class Unfit(errors.RequestError):
    """A request that Jupyter Server refuses too; `reason` is its own short word for it, and
    `short` the sentence that its front end shows as a title."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        reason: str | None = None,
        short: str | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.short = short
        super().__init__(message)


class JupyterRoutes(Routes):
    """Routes whose endpoints return a `Response` or a value for JSON."""

    def json(
        self,
        method: str,
        path: str,
        *,
        permission: Permission,
        body_limit_bytes: int = JSON_LIMIT_BYTES,
    ) -> Callable[[Endpoint], Endpoint]:
        def register(endpoint: Endpoint) -> Endpoint:
            methods: str | Sequence[str] = ("GET", "HEAD") if method == "GET" else method
            return self.http(
                methods, path, permission=permission, body_limit_bytes=body_limit_bytes
            )(_answering(endpoint))

        return register


def json_answer(value: Any, status: int = 200, *, location: str | None = None) -> Response:
    headers = {"cache-control": "no-store"}
    if location is not None:
        headers["location"] = location
    return Response(
        msgspec.json.encode(value), status, headers=headers, media_type="application/json"
    )


def problem_answer(problem: errors.TailraceError) -> Response:
    """`code` is ours, besides what Jupyter's clients look for."""
    reason = problem.reason if isinstance(problem, Unfit) else None
    content = {"message": str(problem), "reason": reason, "code": problem.code}
    if isinstance(problem, Unfit) and problem.short is not None:
        content["short_message"] = problem.short
    return json_answer(content, jupyter_status(problem))


def jupyter_status(problem: errors.TailraceError) -> int:
    if isinstance(problem, Unfit):
        return problem.status
    for kind in type(problem).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return status_for(problem)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent; empty where nothing was. Whatever its type is called: no form of
    another site gets here (SEC-32)."""
    data = await request.body()
    if not data.strip():
        return {}
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise Unfit("Invalid JSON in body of request") from None
    if not isinstance(found, dict):
        raise Unfit("Invalid JSON in body of request: it must be an object")
    return found


def base_of(request: Request) -> str:
    """The path that the API stands below, with a final slash."""
    return f"{request.scope.get('root_path', '')}/"


def _must_be_unicode(request: Request) -> None:
    """Before this, other bytes have become question marks, and would name another file."""
    try:
        unquote_to_bytes(request.scope.get("raw_path") or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise Unfit("Invalid unicode in path") from None


def _answering(endpoint: Endpoint) -> Endpoint:
    @functools.wraps(endpoint)
    async def answering(request: Request, **given: Any) -> Response:
        try:
            _must_be_unicode(request)
            result = await endpoint(request, **given)
        except errors.TailraceError as problem:
            result = problem_answer(problem)
        response = result if isinstance(result, Response) else json_answer(result)
        identity: Identity | None = request.scope.get(IDENTITY)
        if request.method == "GET" and identity is not None and identity.anti_forgery:
            response.set_cookie(
                XSRF, identity.anti_forgery, path=base_of(request), samesite="strict"
            )
        return response

    return answering
