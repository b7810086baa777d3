"""Much at once: files that are uploaded in pieces, files and folders fetched as one zip
(PAGE-37, PAGE-38)."""

import asyncio
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import Query
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tailrace.files.archive import zipped
from tailrace.files.uploads import Uploads
from tailrace.server.application import Application
from tailrace.server.bodies import json_body
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.permissions import Routes

PIECE_LIMIT_BYTES = 16 << 20


class _Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    size: Annotated[int, msgspec.Meta(ge=0, le=2**50)]


class _Begun(Struct, frozen=True):
    upload_id: str


class _Received(Struct, frozen=True):
    received: int


def transfer_routes(application: Application, uploads: Uploads) -> Routes:
    routes = Routes()
    workspace = application.workspace

    @routes.http("POST", "/api/v1/uploads", permission="edit")
    async def begin(request: Request) -> Response:
        wanted = await json_body(request, _Wanted)
        return _json(_Begun(await asyncio.to_thread(uploads.begin, wanted.path, wanted.size)), 201)

    @routes.http(
        "PUT",
        "/api/v1/uploads/{upload_id}",
        permission="edit",
        body_limit_bytes=PIECE_LIMIT_BYTES,
    )
    async def piece(
        request: Request, upload_id: str, start: Annotated[int, Query(alias="from", ge=0)]
    ) -> Response:
        data = await request.body()
        return _json(_Received(await asyncio.to_thread(uploads.write, upload_id, start, data)))

    @routes.http("POST", "/api/v1/uploads/{upload_id}/finish", permission="edit")
    async def finish(request: Request, upload_id: str) -> Response:
        return _json(await asyncio.to_thread(uploads.finish, upload_id), 201)

    @routes.http("DELETE", "/api/v1/uploads/{upload_id}", permission="edit")
    async def abandon(request: Request, upload_id: str) -> Response:
        await asyncio.to_thread(uploads.abandon, upload_id)
        return Response(status_code=204)

    @routes.http("GET", "/api/v1/files/archive", permission="read", takes_ticket=True)
    async def archive(
        request: Request, path: Annotated[list[str], Query(min_length=1, max_length=10_000)]
    ) -> Response:
        pieces = await asyncio.to_thread(zipped, workspace, path)
        name = path[0].rpartition("/")[2] if len(path) == 1 else "files"
        return StreamingResponse(
            pieces,
            media_type="application/octet-stream",
            headers={
                **FILE_HEADERS,
                "content-disposition": "attachment; filename*=UTF-8''"
                + quote(f"{name or 'files'}.zip", safe=""),
            },
        )

    return routes


def _json(value: Struct, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )
