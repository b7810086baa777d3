"""The files of the folder that is served: list a folder, make something, save a copy.

Every path goes through `Workspace`, off the event loop. A user's file leaves only as an
attachment in a sandbox, whatever its name says it is: shown as a document of ours, an HTML
or SVG file would be us (SEC-18).
"""

import asyncio
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO, Literal, NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tailrace.files.light_import import load_jupytext
from tailrace.files.notebook_files import is_beside
from tailrace.files.workspace import Entry, EntryKind, Workspace
from tailrace.formats.beside import SUFFIX
from tailrace.formats.forms import form_of, may_be_notebook
from tailrace.kernels import kernelspecs
from tailrace.protocol.errors import RequestError
from tailrace.server.application import Application
from tailrace.server.bodies import json_body
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.permissions import Routes

CHUNK_BYTES = 256 << 10


class _Listed(Struct, frozen=True):
    """`path` is null for what can be shown but not opened; `running`: a kernel lives for it."""

    name: str
    path: str | None
    kind: EntryKind
    size_bytes: int
    modified_at: float
    running: bool
    is_link: bool


class _Folder(Struct, frozen=True):
    path: str
    entries: list[_Listed]


class _Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """`kernel` is the kernelspec that a new notebook is for; null is the server's Python."""

    path: str
    kind: Literal["notebook", "folder", "file"]
    kernel: str | None = None


def file_routes(application: Application) -> Routes:
    routes = Routes()
    workspace = application.workspace

    def listed(entry: Entry, running: frozenset[str]) -> _Listed:
        return _Listed(
            entry.name,
            entry.path,
            entry.kind,
            entry.size_bytes,
            entry.modified_at,
            entry.path in running,
            entry.is_link,
        )

    def with_kernels() -> frozenset[str]:
        return frozenset(
            notebook.path
            for notebook in application.directory.open_notebooks()
            if notebook.kernel_id is not None
        )

    @routes.http("GET", "/api/v1/files", permission="read")
    async def list_folder(request: Request, path: str = "") -> Response:
        entries = await asyncio.to_thread(workspace.list, path)
        running = with_kernels()
        return _json(_Folder(path, [listed(entry, running) for entry in _shown(entries)]))

    @routes.http("POST", "/api/v1/files", permission="edit")
    async def create(request: Request) -> Response:
        wanted = await json_body(request, _Wanted)
        entry = await asyncio.to_thread(_create, application, wanted)
        return _json(listed(entry, with_kernels()), status=201)

    @routes.http("GET", "/api/v1/files/content", permission="read", takes_ticket=True)
    async def content(request: Request, path: str) -> Response:
        """The bytes, or those that `Range` asks for (one range, RFC 9110)."""
        file, found = await asyncio.to_thread(_opened, workspace, path)
        etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
        name = quote(path.rpartition("/")[2], safe="")
        headers = {
            **FILE_HEADERS,
            "accept-ranges": "bytes",
            "etag": etag,
            "content-disposition": f"attachment; filename*=UTF-8''{name}",
        }
        whole = Part(0, found.st_size)
        part = whole
        if request.headers.get("if-range", etag) == etag:
            part = part_of(request.headers.get("range", ""), found.st_size) or whole
        if part.size <= 0 < found.st_size:
            file.close()
            headers["content-range"] = f"bytes */{found.st_size}"
            return Response(status_code=416, headers=headers)
        headers["content-length"] = str(part.size)
        if part is not whole:
            headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{found.st_size}"
        return StreamingResponse(
            _pieces(file, part),
            status_code=200 if part is whole else 206,
            media_type="application/octet-stream",
            headers=headers,
        )

    return routes


def _create(application: Application, wanted: _Wanted) -> Entry:
    workspace = application.workspace
    if wanted.kind == "folder":
        return workspace.create_folder(wanted.path)
    if wanted.kind == "file":
        return workspace.create(wanted.path)
    if not may_be_notebook(wanted.path):
        raise RequestError("the name of a notebook ends in .ipynb, .py or .md")
    spec = None if wanted.kernel is None else kernelspecs.usable(wanted.kernel)
    is_beside = application.page_settings.read().outputs_beside
    data, form = empty_notebook(spec, is_beside=is_beside), form_of(wanted.path)
    if form.is_text:
        load_jupytext()
        data = form.render(form_of("").parse(data))
    return workspace.create(wanted.path, data)


def _shown(entries: Sequence[Entry]) -> list[Entry]:
    """Without the outputs that are beside their notebooks (FMT-12)."""
    names = {entry.name for entry in entries}
    return [
        entry
        for entry in entries
        if not (is_beside(entry.name) and entry.name.removesuffix(SUFFIX) in names)
    ]


def empty_notebook(
    kernel: kernelspecs.Kernelspec | None = None, *, is_beside: bool = False
) -> bytes:
    """A valid notebook with one empty code cell, in the form that Jupyter writes."""
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "id": secrets.token_hex(4),
        "metadata": {},
        "outputs": [],
        "source": [],
    }
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    if kernel is not None:
        spec = kernelspecs.as_metadata(kernel)
    metadata: dict[str, object] = {"kernelspec": spec}
    if spec["language"]:
        metadata["language_info"] = {"name": spec["language"]}
    if is_beside:
        metadata["tailrace"] = {"outputs": "beside"}
    notebook = {
        "cells": [cell],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, indent=1, sort_keys=True) + "\n").encode()


class Part(NamedTuple):
    """Bytes from `start` to `end`, which is not with them."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


_RANGE = re.compile(r"\Abytes=(\d{0,18})-(\d{0,18})\Z")


def part_of(header: str, size: int) -> Part | None:
    """What a `Range` header asks of a file of this size; empty where it has nothing there,
    None where the header says nothing that is to be obeyed (several ranges, for instance)."""
    found = _RANGE.match(header.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return Part(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    start = int(first)
    return Part(start, max(start, min(size, int(last) + 1 if last else size)))


def _opened(workspace: Workspace, path: str) -> tuple[BinaryIO, os.stat_result]:
    file = workspace.open(path)
    return file, os.fstat(file.fileno())


async def _pieces(file: BinaryIO, part: Part) -> AsyncIterator[bytes]:
    """The bytes that were announced, also when the file grows meanwhile."""
    left = part.size
    try:
        await asyncio.to_thread(file.seek, part.start)
        while left:
            piece = await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))
            if not piece:
                return  # it was cut meanwhile; the connection breaks, as it must
            left -= len(piece)
            yield piece
    finally:
        file.close()


def _json(value: Struct, *, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
