"""A data frame as a file: fetched from the kernel piece by piece while it is sent (TAB-8)."""

import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse

from tailrace.protocol.errors import FileMissing, RequestError, TableGone, TableRefused
from tailrace.protocol.frames import TableFilter, TableSort
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.permissions import Routes
from tailrace.server.routes.notebooks import SANDBOX
from tailrace.session.directory import Directory
from tailrace.session.session import Session

routes = Routes()

_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@routes.http(
    "GET", "/api/v1/notebooks/{notebook_id}/tables/{file}", permission="run", takes_ticket=True
)
async def table_file(
    request: Request,
    notebook_id: str,
    file: str,
    sort: Annotated[str, Query(max_length=10_000)] = "[]",
    filters: Annotated[str, Query(max_length=100_000)] = "[]",
    search: Annotated[str, Query(max_length=10_000)] = "",
) -> Response:
    """`HANDLE.csv` or `HANDLE.parquet`: the rows of the view, all columns, as an attachment.
    `sort` and `filters` are JSON lists, as in the `table` request."""
    handle, _, form = file.partition(".")
    if not is_id(notebook_id) or not is_id(handle) or form not in _MEDIA_TYPES:
        raise FileMissing("there is no such table")
    directory: Directory = request.app.state.application.directory
    session = await directory.session(NotebookId(notebook_id))
    question = {
        "handle": handle,
        "action": "export",
        "format": form,
        "download": secrets.token_hex(8),
        "sort": _decoded(sort, list[TableSort]),
        "filters": _decoded(filters, list[TableFilter]),
        "search": search,
        "columns": [],
    }
    # The first piece before the first byte, so that a refusal is an answer of its own.
    first = await _piece(session, question, 0)
    return StreamingResponse(
        _pieces(session, question, first),
        media_type=_MEDIA_TYPES[form],
        headers={
            **SANDBOX,
            "Content-Disposition": f'attachment; filename="table.{form}"',
            "Cache-Control": "no-store",
        },
    )


async def _pieces(
    session: Session, question: dict[str, Any], piece: dict[str, Any]
) -> AsyncIterator[bytes]:
    """A failure in the middle breaks the connection: the browser sees an unfinished file."""
    while True:
        yield msgspec.convert(piece["data"], bytes)
        if piece["next"] is None:
            return
        piece = await _piece(session, question, piece["next"])


async def _piece(session: Session, question: dict[str, Any], offset: int) -> dict[str, Any]:
    while True:
        answer = await session.ask_table({**question, "offset": offset})
        if "data" in answer:
            return answer
        if answer.get("gone"):
            raise TableGone("the kernel does not keep this table any more; run its cell again")
        if not answer.get("working"):
            raise TableRefused(str(answer.get("problem", "the kernel cannot write this table")))


def _decoded(text: str, kind: Any) -> Any:
    try:
        return msgspec.to_builtins(msgspec.json.decode(text, type=kind))
    except (msgspec.DecodeError, RecursionError) as problem:
        raise RequestError(f"the view cannot be read: {problem}") from problem
