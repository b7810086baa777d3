"""`/api/contents` and `/files`."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tailrace.files.workspace import Workspace
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.jupyter.answers import JupyterRoutes, Unfit, base_of, body_of, json_answer
from tailrace.server.jupyter.contents import TYPES, Contents, Wanted
from tailrace.server.jupyter.events import CONTENTS, Happenings

BODY_BYTES = 512 << 20  # a notebook or a file in one request, as Jupyter Server takes
CHUNK_BYTES = 256 << 10
INLINE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


def contents_routes(
    contents: Contents, workspace: Workspace, happenings: Happenings
) -> JupyterRoutes:
    routes = JupyterRoutes()

    # The checkpoints first: a file's path may be anything.
    @routes.json("GET", "/api/contents/{path:path}/checkpoints", permission="read")
    async def list_copies(request: Request, path: str) -> Any:
        return await contents.list_copies(_clean(path))

    @routes.json("POST", "/api/contents/{path:path}/checkpoints", permission="edit")
    async def keep_copy(request: Request, path: str) -> Response:
        path = _clean(path)
        model = await contents.keep_copy(path)
        location = f"{_address(request, path)}/checkpoints/{model['id']}"
        return json_answer(model, 201, location=location)

    @routes.json("POST", "/api/contents/{path:path}/checkpoints/{copy_id}", permission="edit")
    async def restore_copy(request: Request, path: str, copy_id: str) -> Response:
        await contents.restore_copy(_clean(path), copy_id)
        return Response(status_code=204)

    @routes.json("DELETE", "/api/contents/{path:path}/checkpoints/{copy_id}", permission="edit")
    async def delete_copy(request: Request, path: str, copy_id: str) -> Response:
        await contents.delete_copy(_clean(path), copy_id)
        return Response(status_code=204)

    @routes.json("POST", "/api/contents/{path:path}/trust", permission="edit")
    async def trust(request: Request, path: str) -> Response:
        await contents.get(_clean(path), Wanted("notebook", content=False))
        return json_answer({}, 201)  # what a notebook shows never runs in the page's origin

    @routes.json("GET", "/api/contents", permission="read")
    @routes.json("GET", "/api/contents/{path:path}", permission="read")
    async def get(request: Request, path: str = "") -> Any:
        return await contents.get(_clean(path), _wanted(request))

    @routes.json("POST", "/api/contents", permission="edit")
    @routes.json("POST", "/api/contents/{path:path}", permission="edit")
    async def create(request: Request, path: str = "") -> Response:
        model, path = await body_of(request), _clean(path)
        source = model.get("copy_from")
        if source:
            if not isinstance(source, str):
                raise Unfit("copy_from must be a path")
            created = await contents.copy(_clean(source), path)
        else:
            ending = str(model.get("ext") or "")
            created = await contents.create_untitled(path, model.get("type"), ending)
        happenings.tell(CONTENTS, "copy" if source else "create", path=created["path"])
        return json_answer(created, 201, location=_address(request, created["path"]))

    @routes.json("PUT", "/api/contents/{path:path}", permission="edit", body_limit_bytes=BODY_BYTES)
    async def save(request: Request, path: str) -> Response:
        model, path = await body_of(request), _clean(path)
        if model.get("copy_from"):
            raise Unfit("Cannot copy with PUT, only POST")
        saved, is_new = await contents.save(path, model)
        happenings.tell(CONTENTS, "save", path=path)
        return json_answer(saved, 201 if is_new else 200, location=_address(request, path))

    @routes.json("PATCH", "/api/contents/{path:path}", permission="edit")
    async def rename(request: Request, path: str) -> Response:
        model = await body_of(request)
        if not model:
            raise Unfit("JSON body missing")
        new = model.get("path")
        if not isinstance(new, str):
            raise Unfit("JSON body missing: path")
        renamed = await contents.rename(_clean(path), _clean(new))
        happenings.tell(CONTENTS, "rename", path=renamed["path"], source_path=_clean(path))
        return json_answer(renamed, location=_address(request, renamed["path"]))

    @routes.json("DELETE", "/api/contents/{path:path}", permission="edit")
    async def delete(request: Request, path: str) -> Response:
        await contents.delete(_clean(path))
        happenings.tell(CONTENTS, "delete", path=_clean(path))
        return Response(status_code=204)

    @routes.json("GET", "/files/{path:path}", permission="read")
    async def download(request: Request, path: str) -> Response:
        path = _clean(path)
        file = await asyncio.to_thread(workspace.open, path)
        size = os.fstat(file.fileno()).st_size
        kind = INLINE.get(os.path.splitext(path)[1].lower())
        headers = {**FILE_HEADERS, "content-length": str(size)}
        if kind is None or request.query_params.get("download"):
            name = quote(path.rpartition("/")[2], safe="")
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
        return StreamingResponse(
            _pieces(file, size), media_type=kind or "application/octet-stream", headers=headers
        )

    return routes


def _wanted(request: Request) -> Wanted:
    query = request.query_params
    kind, form = query.get("type") or None, query.get("format") or None
    if kind is not None and kind not in TYPES:
        raise Unfit(f"Type {kind!r} is invalid")
    if form is not None and form not in ("text", "base64", "json"):
        raise Unfit(f"Format {form!r} is invalid")
    return Wanted(
        kind,
        None if form == "json" else form,
        content=_flag(query.get("content"), "content", otherwise=True),
        hash=_flag(query.get("hash"), "hash", otherwise=False),
    )


def _flag(text: str | None, name: str, *, otherwise: bool) -> bool:
    if text is None or text == "":
        return otherwise
    if text not in ("0", "1"):
        raise Unfit(f"{name.capitalize()} {text!r} is invalid")
    return text == "1"


def _clean(path: str) -> str:
    """Without slashes around it, as Jupyter's clients may write it; `..` is for the workspace
    to refuse."""
    return path.strip("/")


def _address(request: Request, path: str) -> str:
    return f"{base_of(request)}api/contents/{quote(path)}"


async def _pieces(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    left = size
    try:
        while left:
            piece = await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        file.close()
