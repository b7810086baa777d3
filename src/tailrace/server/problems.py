"""Errors as answers: a status, a stable code, a sentence; never a traceback or a path of ours.

`status_for` is the only place that turns an error of `protocol/errors.py` into a status
(an open conversation's close codes are `conversation.py`'s). An error without a name of ours is
logged with the request's id, and the asker is told that id and nothing else (SEC-17).
"""

import errno
import json
import logging
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tailrace.protocol import errors

logger = logging.getLogger("tailrace.server")

REQUEST_ID = "tailrace.request_id"
PATH = "tailrace.path"
"""Keys in the ASGI scope, set by the guards: the request's id; its path below the base."""

_STATUS: dict[type[errors.TailraceError], int] = {
    errors.TailraceError: 500,
    errors.ProtocolError: 400,
    errors.VersionMismatch: 426,
    errors.LogGap: 410,
    errors.LogFenced: 409,
    errors.LogFull: 507,
    errors.BlobMissing: 404,
    errors.BlobFull: 507,
    errors.InterpreterUnusable: 422,
    errors.KernelStartFailed: 502,
    errors.KernelUnreachable: 504,
    errors.KernelMissing: 404,
    errors.TableGone: 410,
    errors.TableRefused: 422,
    errors.FileError: 400,
    errors.PathOutside: 403,
    errors.FileMissing: 404,
    errors.FileNotWritable: 403,
    errors.FileTaken: 409,
    errors.FileInUse: 409,
    errors.FileChanged: 409,
    errors.FileWouldBeEmptied: 409,
    errors.DiskFull: 507,
    errors.NotText: 422,
    errors.NotANotebook: 422,
    errors.AuthError: 401,
    errors.AuthForbidden: 403,
    errors.AuthThrottled: 429,
    errors.HostRefused: 403,
    errors.OriginRefused: 403,
    errors.ForgeryRefused: 403,
    errors.RequestError: 400,
    errors.BodyTooLarge: 413,
    errors.MediaTypeRefused: 415,
    errors.StreamGone: 410,
    errors.ToolFailed: 502,
    errors.BrowserMissing: 501,
    errors.ServerClosing: 503,
}


def status_for(error: errors.TailraceError) -> int:
    """The HTTP status of the nearest class that has one."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def problem_response(status: int, code: str, message: str, **more: Any) -> Response:
    body = json.dumps({"code": code, "message": message, **more}).encode()
    headers = {"cache-control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if "retry_after_s" in more:
        headers["retry-after"] = str(more["retry_after_s"])
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def error_response(error: errors.TailraceError, scope: Scope) -> Response:
    """The answer to `error`; a page that needs a login is sent to the login page instead."""
    if type(error) is errors.AuthError and _is_page(scope):
        return _to_login(scope)
    more: dict[str, Any] = {}
    if isinstance(error, errors.AuthThrottled):
        more["retry_after_s"] = error.retry_after_s
    return problem_response(status_for(error), error.code, _without_root(str(error), scope), **more)


async def answer_problem(
    error: errors.TailraceError, scope: Scope, receive: Receive, send: Send
) -> None:
    await error_response(error, scope)(scope, receive, send)


async def deny_websocket(
    error: errors.TailraceError, scope: Scope, receive: Receive, send: Send
) -> None:
    """Refuse a WebSocket before it is accepted, with a body where the server can send one."""
    await receive()  # websocket.connect
    if "websocket.http.response" in scope.get("extensions", {}):
        response = error_response(error, scope)
        await send(
            {
                "type": "websocket.http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await send({"type": "websocket.http.response.body", "body": response.body})
        return
    await send({"type": "websocket.close", "code": 1008, "reason": error.code})


def unexpected_response(problem: BaseException, scope: Scope) -> Response:
    """Log what nobody foresaw, tell only where to look for it."""
    request_id = scope.get(REQUEST_ID, "-")
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        logger.error("request %s: no space left", request_id)
        return problem_response(
            507, "storage.full", "the disk is full; make some space and try again"
        )
    logger.error("request %s failed", request_id, exc_info=problem)
    return problem_response(
        500,
        "internal",
        f"something went wrong in the server; its log has the cause under {request_id}",
        request_id=request_id,
    )


def install_problems(app: FastAPI, root: Path) -> None:
    """Give `app` our answers instead of FastAPI's. `root` never shows in one."""

    async def named(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, errors.TailraceError)
        return error_response(problem, request.scope)

    async def http(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        codes = {404: "request.not-found", 405: "request.method"}
        code = codes.get(problem.status_code, "request.malformed")
        response = problem_response(problem.status_code, code, str(problem.detail))
        response.headers.update(problem.headers or {})
        return response

    async def malformed(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError)
        # Where and what, but not the value: it may be a secret.
        found = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
            for entry in problem.errors()
        )
        return problem_response(400, "request.malformed", found)

    app.state.root = root
    app.add_exception_handler(errors.TailraceError, named)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, malformed)


def _is_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    path = str(scope.get(PATH, scope["path"]))
    return not path.startswith("/api/") and "text/html" in HTTPConnection(scope).headers.get(
        "accept", ""
    )


def _to_login(scope: Scope) -> Response:
    from urllib.parse import quote

    base = str(scope.get("root_path", "")) + "/"
    path = str(scope.get(PATH, scope["path"])).lstrip("/")
    wanted = f"?next={quote(path, safe='/')}" if path else ""
    return RedirectResponse(f"{base}login{wanted}", status_code=303)


def _without_root(message: str, scope: Scope) -> str:
    root = getattr(getattr(scope.get("app"), "state", None), "root", None)
    if root is None or str(root) == root.anchor:
        return message
    return message.replace(f"{root}/", "").replace(str(root), "the folder")
