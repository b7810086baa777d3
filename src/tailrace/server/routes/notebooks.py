"""Notebooks over HTTP: find one, its socket, and the pages of its outputs and blobs."""

import asyncio
import contextlib
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import Query, Request, WebSocket
from msgspec import Struct
from starlette.responses import FileResponse, Response, StreamingResponse

from tailrace.core.outputs import next_item_line
from tailrace.exports.exported import exported, form_called
from tailrace.protocol.errors import BlobMissing, FileMissing, RequestError
from tailrace.protocol.ids import BlobHash, ExecutionId, NotebookId, is_id
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.permissions import Routes
from tailrace.server.websocket import converse
from tailrace.session import transcript
from tailrace.session.directory import Directory
from tailrace.session.search import search
from tailrace.session.session import Session

routes = Routes()

SANDBOX = {
    # What a notebook made must never run as a page of ours.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
IMMUTABLE = {**SANDBOX, "Cache-Control": "private, max-age=31536000, immutable"}
_printing = asyncio.Semaphore(1)  # a browser takes some hundred megabytes
LAST_LINE = 2**53  # the largest number that every client can say
INLINE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class _Wanted(Struct):
    """`notebook_id` is what a client knew the notebook by: it is followed where it went."""

    path: str
    notebook_id: str | None = None


def _directory(connection: Request | WebSocket) -> Directory:
    directory: Directory = connection.app.state.application.directory
    return directory


def json_response(value: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@routes.http("POST", "/api/v1/notebooks", permission="read")
async def open_notebook(request: Request) -> Response:
    """Name the notebook at a path; its session is opened, which starts and writes nothing."""
    try:
        wanted = msgspec.json.decode(await request.body(), type=_Wanted)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise RequestError(f'send {{"path": "folder/name.ipynb"}}: {problem}') from problem
    directory = _directory(request)
    known = wanted.notebook_id
    place = await directory.find(
        wanted.path, NotebookId(known) if known is not None and is_id(known) else None
    )
    return json_response(
        {"notebook_id": place.notebook_id, "path": place.name, "name": place.file.name}
    )


@routes.websocket("/api/v1/notebooks/{notebook_id}/socket", permission="read")
async def notebook_socket(websocket: WebSocket, notebook_id: str) -> None:
    await converse(websocket, _directory(websocket), NotebookId(notebook_id))


@routes.http(
    "GET", "/api/v1/notebooks/{notebook_id}/executions/{execution_id}/lines", permission="read"
)
async def output_lines(
    request: Request,
    notebook_id: str,
    execution_id: str,
    start: Annotated[int, Query(alias="from", ge=0, le=LAST_LINE)] = 0,
    count: Annotated[int, Query(ge=1, le=transcript.PAGE_LINES)] = 1_000,
) -> Response:
    session = await _session(request, notebook_id, execution_id)
    page = await transcript.lines(
        session.topics, ExecutionId(execution_id), start=start, count=count
    )
    execution = session.state.executions.get(ExecutionId(execution_id))
    total = next_item_line(execution.outputs) if execution is not None else page.end
    return json_response(
        {"from": start, "lines": page.end - start, "total_lines": total, "items": page.items}
    )


@routes.http(
    "GET", "/api/v1/notebooks/{notebook_id}/executions/{execution_id}/search", permission="read"
)
async def search_output(
    request: Request,
    notebook_id: str,
    execution_id: str,
    query: Annotated[str, Query(min_length=1, max_length=1_000)],
    start: Annotated[int, Query(alias="from", ge=0, le=LAST_LINE)] = 0,
) -> Response:
    session = await _session(request, notebook_id, execution_id)
    return json_response(
        await search(session.topics, ExecutionId(execution_id), query, start=start)
    )


@routes.http(
    "GET",
    "/api/v1/notebooks/{notebook_id}/executions/{execution_id}/text",
    permission="read",
    takes_ticket=True,
)
async def output_text(request: Request, notebook_id: str, execution_id: str) -> Response:
    session = await _session(request, notebook_id, execution_id)
    return StreamingResponse(
        transcript.text_of(session.topics, ExecutionId(execution_id)),
        media_type="text/plain; charset=utf-8",
        headers={
            **SANDBOX,
            "Content-Disposition": 'attachment; filename="output.txt"',
            "Cache-Control": "no-store",
        },
    )


@routes.http(
    "GET",
    "/api/v1/notebooks/{notebook_id}/blobs/{blob_hash}",
    permission="read",
    takes_ticket=True,
)
async def blob(request: Request, notebook_id: str, blob_hash: str, type: str = "") -> Response:
    """The bytes of a large value. `type` asks for one of the raster image types, all else is
    served as bytes to be saved."""
    session = await _directory(request).session(NotebookId(notebook_id))
    if not is_id(blob_hash):
        raise FileMissing("there is no such value")
    is_shown = type in INLINE_IMAGES
    media_type = type if is_shown else "application/octet-stream"
    headers = IMMUTABLE if is_shown else {**IMMUTABLE, "Content-Disposition": "attachment"}
    path = await session.blobs.open_path(BlobHash(blob_hash))
    if path is not None:
        return FileResponse(path, media_type=media_type, headers=headers)
    try:
        # Of a notebook that was only opened: it is not on the disk yet.
        data = await session.blobs.get(BlobHash(blob_hash))
    except BlobMissing as problem:
        raise FileMissing("there is no such value") from problem
    return Response(data, media_type=media_type, headers=headers)


@routes.http("GET", "/api/v1/notebooks/{notebook_id}/export", permission="read", takes_ticket=True)
async def export(request: Request, notebook_id: str, to: str) -> Response:
    """The notebook as it is now, saved or not, in another form (FMT-14)."""
    form = form_called(to)
    if not is_id(notebook_id):
        raise FileMissing("there is no such notebook")
    session = await _directory(request).session(NotebookId(notebook_id))
    notebook = await session.checkpointing.notebook()
    stem = session.place.file.name.rpartition(".")[0]
    async with _printing if form == "pdf" else contextlib.nullcontext():
        made = await asyncio.to_thread(exported, notebook, form, stem)
    return Response(
        made.data,
        media_type=made.media_type,
        headers={
            **FILE_HEADERS,
            "content-disposition": f"attachment; filename*=UTF-8''{quote(made.name, safe='')}",
        },
    )


async def _session(request: Request, notebook_id: str, execution_id: str) -> Session:
    if not is_id(notebook_id) or not is_id(execution_id):
        raise FileMissing("there is no such execution")
    return await _directory(request).session(NotebookId(notebook_id))
