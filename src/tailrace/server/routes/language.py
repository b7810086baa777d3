"""What is known of a notebook's Python without running it (PAGE-40 to 42).

Answered while the kernel is busy, or where there is none; nothing is started but the
analyst and ruff, which run none of the notebook's code.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from tailrace.kernels import kernelspecs
from tailrace.kernels.environments import packages_of
from tailrace.language import ruff
from tailrace.language.cells_text import Joined, Source, joined, place_of
from tailrace.language.questions import Kind, Question
from tailrace.protocol.errors import FileMissing, RequestError
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.application import Application
from tailrace.server.bodies import json_body
from tailrace.server.permissions import Routes
from tailrace.server.routes.notebooks import json_response
from tailrace.session.directory import Directory
from tailrace.session.session import Session

LIMIT_BYTES = 8 << 20

routes = Routes()


class _Asked(Struct, frozen=True):
    """About the character number `cursor` of a cell whose text is `source` at the asker's."""

    kind: Kind
    cell_id: str
    source: str
    cursor: Annotated[int, Meta(ge=0)]
    asker: Annotated[str, Meta(max_length=64)] = ""


class _ToFormat(Struct, frozen=True):
    cells: list[Source]


@routes.http(
    "POST",
    "/api/v1/notebooks/{notebook_id}/language",
    permission="read",
    body_limit_bytes=LIMIT_BYTES,
)
async def ask(request: Request, notebook_id: str) -> Response:
    asked = await json_body(request, _Asked)
    session = await _session(request, notebook_id)
    application: Application = request.app.state.application
    answer = await _answer(application, session, asked)
    return json_response({"answer": answer})


@routes.http(
    "POST",
    "/api/v1/notebooks/{notebook_id}/format",
    permission="edit",
    body_limit_bytes=LIMIT_BYTES,
)
async def format_cells(request: Request, notebook_id: str) -> Response:
    """The texts as they would be; nothing is changed."""
    wanted = await json_body(request, _ToFormat)
    session = await _session(request, notebook_id)
    if not _is_python(session):
        raise RequestError("only Python can be formatted")
    return json_response({"cells": await ruff.formatted(wanted.cells, session.place.file)})


@routes.http("GET", "/api/v1/notebooks/{notebook_id}/problems", permission="edit")
async def problems(request: Request, notebook_id: str) -> Response:
    session = await _session(request, notebook_id)
    found = await ruff.problems(_code_cells(session)) if _is_python(session) else []
    return json_response({"problems": found})


async def _session(request: Request, notebook_id: str) -> Session:
    if not is_id(notebook_id):
        raise FileMissing("there is no such notebook")
    directory: Directory = request.app.state.application.directory
    return await directory.session(NotebookId(notebook_id))


def _code_cells(session: Session) -> list[Source]:
    return [
        Source(cell.cell_id, cell.source) for cell in session.room.cells() if cell.kind == "code"
    ]


def _is_python(session: Session) -> bool:
    return kernelspecs.is_python(kernelspecs.language_of(session.room.metadata()))


async def _answer(
    application: Application, session: Session, asked: _Asked
) -> dict[str, Any] | None:
    cells = [
        Source(cell.cell_id, asked.source) if cell.cell_id == asked.cell_id else cell
        for cell in _code_cells(session)
    ]
    if not _is_python(session) or all(cell.cell_id != asked.cell_id for cell in cells):
        return None
    text = joined(cells, asked.cell_id, below=asked.kind in ("definition", "uses"))
    at = place_of(asked.source, asked.cursor)
    folder = session.place.folder
    question = Question(
        kind=asked.kind,
        text=text.text,
        line=text.line_of(asked.cell_id) + at.line,
        column=at.column,
        folder=str(folder),
        packages=await asyncio.to_thread(packages_of, session.chosen_interpreter, Path(folder)),
    )
    asker = f"{session.notebook_id} {asked.kind} {asked.asker}"
    answer = await application.analyst.ask(question, asker)
    if answer is None:
        return None
    return _in_cells(answer, asked, text, {cell.cell_id: cell.text for cell in cells})


def _in_cells(
    answer: dict[str, Any], asked: _Asked, text: Joined, sources: dict[str, str]
) -> dict[str, Any]:
    """The answer with places in cells instead of lines of the text."""
    match asked.kind:
        case "complete":
            start = asked.cursor - answer.pop("typed")
            return {**answer, "start": start, "end": asked.cursor}
        case "definition" if "line" in answer:
            line, column = answer.pop("line"), answer.pop("column")
            return {**answer, **_place(line, column, text, sources)}
        case "uses":
            places = [
                {
                    **_place(each["line"], each["column"], text, sources),
                    "defines": each["defines"],
                }
                for each in answer["places"]
            ]
            return {"name": answer["name"], "places": places}
        case _:
            return answer


def _place(line: int, column: int, text: Joined, sources: dict[str, str]) -> dict[str, Any]:
    cell_id, at = text.cell_at(line)
    before = sources[cell_id].split("\n")[:at]
    return {"cell_id": cell_id, "cursor": sum(len(each) + 1 for each in before) + column}
