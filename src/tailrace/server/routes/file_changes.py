"""Files changed over HTTP: renamed, copied, thrown away and back, uploaded, edited, found.

What can be lost is not: nothing replaces a file that is there, deleting is moving into the
trash, and a text is written only over what the writer has seen (PAGE-13 to PAGE-17).
"""

import asyncio
import time
from typing import Annotated

import msgspec
from fastapi import Query
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tailrace.files.checkpoint import digest_of, write_checkpoint
from tailrace.files.notebook_files import copied
from tailrace.files.search import find
from tailrace.files.trash import TrashItem
from tailrace.files.workspace import Entry, EntryKind
from tailrace.protocol.errors import NotText, RequestError
from tailrace.server.application import Application
from tailrace.server.bodies import json_body
from tailrace.server.permissions import Routes

UPLOAD_LIMIT_BYTES = 512 << 20  # held in memory until it is on the disk
TEXT_LIMIT_BYTES = 4 << 20  # what an editor in a page copes with
SEARCH_WITHIN_S = 3.0


class _Moved(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    to: str


class _Changed(Struct, frozen=True):
    name: str
    path: str | None
    kind: EntryKind
    size_bytes: int
    modified_at: float


class _Text(Struct, frozen=True):
    """`digest` is the SHA-256 of the file's bytes; it goes back with what replaces them."""

    path: str
    text: str
    digest: str


class _TextWanted(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    text: str
    expected: str


class _Items(Struct, frozen=True):
    items: list[TrashItem]


def file_change_routes(application: Application) -> Routes:
    routes = Routes()
    workspace, moves = application.workspace, application.moves

    @routes.http("PATCH", "/api/v1/files", permission="edit")
    async def rename(request: Request) -> Response:
        wanted = await json_body(request, _Moved)
        return _json(_changed(await moves.rename(wanted.path, wanted.to)))

    @routes.http("POST", "/api/v1/files/copy", permission="edit")
    async def copy(request: Request) -> Response:
        wanted = await json_body(request, _Moved)
        entry = await asyncio.to_thread(copied, workspace, wanted.path, wanted.to)
        return _json(_changed(entry), 201)

    @routes.http("DELETE", "/api/v1/files", permission="edit")
    async def throw_away(request: Request, path: str) -> Response:
        return _json(await moves.throw_away(path))

    @routes.http("GET", "/api/v1/trash", permission="read")
    async def trash(request: Request) -> Response:
        return _json(_Items(await asyncio.to_thread(moves.trash.items)))

    @routes.http("POST", "/api/v1/trash/{item_id}/restore", permission="edit")
    async def restore(request: Request, item_id: str) -> Response:
        return _json(_changed(await moves.restore(item_id)))

    @routes.http("DELETE", "/api/v1/trash/{item_id}", permission="edit")
    async def delete_for_good(request: Request, item_id: str) -> Response:
        await asyncio.to_thread(moves.trash.delete, item_id)
        return Response(status_code=204)

    @routes.http(
        "PUT", "/api/v1/files/content", permission="edit", body_limit_bytes=UPLOAD_LIMIT_BYTES
    )
    async def upload(request: Request, path: str) -> Response:
        data = await request.body()
        return _json(_changed(await asyncio.to_thread(workspace.create, path, data)), 201)

    @routes.http("GET", "/api/v1/files/text", permission="read")
    async def text(request: Request, path: str) -> Response:
        data = await asyncio.to_thread(workspace.read, path, limit_bytes=TEXT_LIMIT_BYTES + 1)
        return _json(_Text(path, _decoded(data), digest_of(data)))

    @routes.http(
        "PUT", "/api/v1/files/text", permission="edit", body_limit_bytes=4 * TEXT_LIMIT_BYTES
    )
    async def write_text(request: Request) -> Response:
        wanted = await json_body(request, _TextWanted)
        if wanted.path.lower().endswith(".ipynb"):
            raise RequestError("a notebook is changed by opening it")
        data = wanted.text.encode("utf-8", "surrogatepass")
        written = await asyncio.to_thread(
            write_checkpoint,
            workspace.resolve(wanted.path),
            data,
            expected=wanted.expected,
            backup_folder=application.backup_folder,
            root=workspace.root,
            allow_empty=True,
        )
        return _json(_Text(wanted.path, "", written.digest))

    @routes.http("GET", "/api/v1/search", permission="read")
    async def search(
        request: Request, query: Annotated[str, Query(min_length=1, max_length=200)]
    ) -> Response:
        until = time.monotonic() + SEARCH_WITHIN_S
        found = await asyncio.to_thread(
            find, workspace, query, is_late=lambda: time.monotonic() > until
        )
        return _json(found)

    return routes


def _decoded(data: bytes) -> str:
    if len(data) > TEXT_LIMIT_BYTES:
        raise NotText(f"the file has more than {TEXT_LIMIT_BYTES >> 20} MB; download it instead")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise NotText("this file is not text; download it instead") from problem
    if "\0" in text:
        raise NotText("this file is not text; download it instead")
    return text


def _changed(entry: Entry) -> _Changed:
    return _Changed(entry.name, entry.path, entry.kind, entry.size_bytes, entry.modified_at)


def _json(value: Struct, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )
