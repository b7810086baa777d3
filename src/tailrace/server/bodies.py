"""Reading a request's body: counted while it comes, decoded into a type at the door."""

from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from tailrace.protocol.errors import BodyTooLarge, MediaTypeRefused, RequestError

Value = TypeVar("Value")


def limit_body(scope: Scope, receive: Receive, limit_bytes: int) -> Receive:
    """`receive`, which raises `BodyTooLarge` at the byte that is too much.

    Raises it at once when the request announces more than that.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit_bytes):
            raise BodyTooLarge(limit_bytes=limit_bytes)
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        return message

    return counted


async def json_body(request: Request, kind: type[Value]) -> Value:
    """The body as `kind`. Only `application/json` is taken: a form of another site could
    send the same bytes as `text/plain` without asking first (SEC-14)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeRefused("send JSON, with the header Content-Type: application/json")
    body = await request.body()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as problem:
        raise RequestError(f"the JSON does not fit: {problem}") from None
    except RecursionError:
        raise RequestError("the JSON is nested too deep") from None
