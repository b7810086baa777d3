"""A notebook's conversation by server-sent events and posts, where WebSockets are blocked."""

from typing import Annotated

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from tailrace.protocol.errors import FileMissing, MediaTypeRefused, RequestError
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.conversation import ENCODINGS
from tailrace.server.event_stream import EventStream, EventStreams
from tailrace.server.identity import IDENTITY
from tailrace.server.permissions import Routes

# As much as one WebSocket message may have, and its brackets.
POST_LIMIT_BYTES = (12 << 20) + 64
MEDIA_TYPES = {"msgpack": "application/msgpack", "json": "application/json"}

routes = Routes()


@routes.http("GET", "/api/v1/notebooks/{notebook_id}/stream", permission="read")
async def stream(
    request: Request,
    notebook_id: str,
    protocol: Annotated[str, Query(max_length=100)] = "tailrace.v1.json",
) -> Response:
    """All that the server says. What the client says is posted below the stream's id."""
    if not is_id(notebook_id):
        raise FileMissing("there is no such notebook")
    if protocol not in ENCODINGS:
        raise RequestError(f"protocol is one of {', '.join(ENCODINGS)}")
    return EventStream(
        _streams(request),
        request.app.state.application.directory,
        NotebookId(notebook_id),
        encoding=ENCODINGS[protocol],
        identity=request.scope[IDENTITY],
    )


@routes.http(
    "POST",
    "/api/v1/notebooks/{notebook_id}/stream/{stream_id}",
    permission="read",
    body_limit_bytes=POST_LIMIT_BYTES,
)
async def post_frames(request: Request, notebook_id: str, stream_id: str) -> Response:
    """An array of frames, in the stream's encoding. Answered when all of them were taken."""
    wire = _streams(request).find(stream_id, request.scope[IDENTITY])
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPES[wire.encoding]:
        raise MediaTypeRefused(f"this stream takes {MEDIA_TYPES[wire.encoding]}")
    decode = msgspec.msgpack.decode if wire.encoding == "msgpack" else msgspec.json.decode
    try:
        frames = decode(await request.body(), type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise RequestError(f"send an array of frames: {problem}") from problem
    if wire.encoding == "msgpack":
        await wire.post([bytes(frame) for frame in frames])
    else:
        await wire.post([bytes(frame).decode() for frame in frames])
    return Response(status_code=204)


def _streams(request: Request) -> EventStreams:
    streams: EventStreams = request.app.state.event_streams
    return streams
