"""Tools that change a notebook's document, live for everybody who has it open.

An edit names the version of the cell that it is made for. It is compared in the actor's
turn that records the edit: what a person typed a moment ago, or types right now, is never
overwritten (MCP-6).
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from typing import Annotated, Literal

from msgspec import Meta

from tailrace.documents.drafts import Draft, version_of
from tailrace.documents.room import Room
from tailrace.files.light_import import load_jupytext
from tailrace.files.workspace import Entry, Workspace
from tailrace.formats.forms import form_of, may_be_notebook
from tailrace.formats.notebook import Notebook
from tailrace.mcp.cells import cell_named
from tailrace.mcp.hygiene import Fence
from tailrace.mcp.reading import Cell, NotebookPath
from tailrace.mcp.tools import Answer, Arguments, Call, Data, Tool
from tailrace.protocol import operations as op
from tailrace.protocol.errors import AgentRefused
from tailrace.protocol.frames import Refusal
from tailrace.protocol.ids import CellId, OperationId
from tailrace.session.mailbox import Guard
from tailrace.session.session import Session

Kind = Literal["code", "markdown", "raw", "sql"]
SOURCE_MOST = 1 << 20

Version = Annotated[
    str,
    Meta(
        description="The `version` of the cell as you last read it. If the source is another one"
        " by now, nothing is changed and you are told what it is."
    ),
]
Source = Annotated[str, Meta(max_length=SOURCE_MOST)]
Operation = Annotated[
    Annotated[str, Meta(max_length=200)] | None,
    Meta(
        description="A name of your own making for this change. Called again with the same name,"
        " after a lost answer say, it is done once.",
    ),
]


class Edited(Data, frozen=True, kw_only=True):
    """`version` is the cell's new one; null when the cell is gone. `repeated`: it had been
    done before under the same operation id."""

    cell_id: str
    version: str | None
    index: int | None
    repeated: bool = False


def operation_id_of(call: Call, named: str | None) -> OperationId:
    """An id of ours for an agent's name of an operation, or a new one."""
    if named is None:
        return OperationId(f"agent-{secrets.token_hex(8)}")
    digest = hashlib.sha256(f"{call.agent}\0{named}".encode()).hexdigest()
    return OperationId(f"agent-{digest[:32]}")


# ── the tools ────────────────────────────────────────────────────────────────


class InsertCell(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    source: Source
    kind: Kind = "code"
    after: Annotated[
        str | None,
        Meta(description='The cell to stand behind; "" for the top; null for the end.'),
    ] = None
    operation_id: Operation = None


async def insert_cell(call: Call, given: InsertCell) -> Answer:
    session = await call.session(given.notebook)
    operation_id = operation_id_of(call, given.operation_id)
    made = hashlib.sha256(f"cell {operation_id}".encode()).hexdigest()[:12]
    cell_id = CellId(made)
    after = given.after
    if after is None:
        cells = session.room.to_cells()
        after = cells[-1].cell_id if cells else ""
    elif after:
        cell_named(session, after)
    behind = CellId(after) if after else None
    return await _edited(
        call,
        session,
        operation_id,
        cell_id,
        lambda draft, room: draft.inserted(room, cell_id, given.kind, given.source, behind),
        None,
    )


class EditCell(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_id: Cell
    version: Version
    source: Annotated[Source | None, Meta(description="The whole new source; null to keep it.")] = (
        None
    )
    kind: Annotated[Kind | None, Meta(description="Another kind of cell; null to keep it.")] = None
    operation_id: Operation = None


async def edit_cell(call: Call, given: EditCell) -> Answer:
    if given.source is None and given.kind is None:
        raise AgentRefused("give a new source or a new kind", "agent.arguments")
    session = await call.session(given.notebook)
    cell_id = CellId(given.cell_id)
    return await _edited(
        call,
        session,
        operation_id_of(call, given.operation_id),
        cell_id,
        lambda draft, room: draft.rewritten(room, cell_id, given.source, given.kind),
        _still(cell_id, given.version),
    )


class ReplaceText(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_id: Cell
    old: Annotated[str, Meta(min_length=1, description="Must stand in the cell exactly once.")]
    new: Source
    operation_id: Operation = None


async def replace_text(call: Call, given: ReplaceText) -> Answer:
    session = await call.session(given.notebook)
    operation_id = operation_id_of(call, given.operation_id)
    _, cell = cell_named(session, given.cell_id)
    count = cell.source.count(given.old)
    if count != 1 and operation_id not in session.state.answered:
        source = Fence().around("source", cell.source)
        raise AgentRefused(
            f"`old` stands {count} times in cell {cell.cell_id}, not once; it is now\n{source}",
            "cell.changed" if count == 0 else "agent.arguments",
        )
    source = cell.source.replace(given.old, given.new)
    return await _edited(
        call,
        session,
        operation_id,
        cell.cell_id,
        lambda draft, room: draft.rewritten(room, cell.cell_id, source, None),
        _still(cell.cell_id, version_of(cell.source)),
    )


class DeleteCell(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_id: Cell
    version: Version
    operation_id: Operation = None


async def delete_cell(call: Call, given: DeleteCell) -> Answer:
    session = await call.session(given.notebook)
    cell_id = CellId(given.cell_id)
    return await _edited(
        call,
        session,
        operation_id_of(call, given.operation_id),
        cell_id,
        lambda draft, room: draft.deleted(room, cell_id),
        _still(cell_id, given.version),
    )


class MoveCell(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_id: Cell
    after: Annotated[str, Meta(description='The cell to stand behind; "" for the top.')]
    operation_id: Operation = None


async def move_cell(call: Call, given: MoveCell) -> Answer:
    session = await call.session(given.notebook)
    cell_id = CellId(given.cell_id)
    if given.after:
        cell_named(session, given.after)
    if given.after == cell_id:
        raise AgentRefused("a cell cannot stand behind itself", "agent.arguments")
    behind = CellId(given.after) if given.after else None

    def is_there(room: Room) -> Refusal | None:
        return None if room.source(cell_id) is not None else _gone(cell_id)

    return await _edited(
        call,
        session,
        operation_id_of(call, given.operation_id),
        cell_id,
        lambda draft, room: draft.moved(room, cell_id, behind),
        is_there,
    )


class CreateNotebook(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath


class Created(Data, frozen=True, kw_only=True):
    path: str


async def create_notebook(call: Call, given: CreateNotebook) -> Answer:
    if not may_be_notebook(given.notebook):
        message = "the name of a notebook ends in .ipynb (or .py, .md: without outputs)"
        raise AgentRefused(message, "agent.arguments")
    entry = await asyncio.to_thread(_create, call.served.workspace, given.notebook)
    path = entry.path or given.notebook
    return Answer(Created(path=path), f"made {path}, which is empty")


def _create(workspace: Workspace, path: str) -> Entry:
    form = form_of(path)
    if form.is_text:
        load_jupytext()
    return workspace.create(path, form.render(_empty()))


def _empty() -> Notebook:
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return Notebook(metadata={"kernelspec": spec, "language_info": {"name": "python"}}, cells=())


class SaveNotebook(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath


class Saved(Data, frozen=True, kw_only=True):
    """`state` is saved, conflict (the file was changed by something else), failed, …"""

    state: str
    message: str


async def save_notebook(call: Call, given: SaveNotebook) -> Answer:
    session = await call.session(given.notebook)
    answer = await session.submit(operation_id_of(call, None), op.Save(), call.actor, may=call.may)
    if answer.refusal is not None:
        raise AgentRefused(answer.refusal.message, answer.refusal.code)
    await session.checkpointing.save()
    status = session.actor.status
    if status.file in ("conflict", "failed", "read-only"):
        raise AgentRefused(status.file_message or "the file was not written", f"file.{status.file}")
    return Answer(Saved(state=status.file, message=status.file_message), f"file: {status.file}")


# ── how an edit is made ──────────────────────────────────────────────────────

Change = Callable[[Draft, Room], bytes]


async def _edited(
    call: Call,
    session: Session,
    operation_id: OperationId,
    cell_id: CellId,
    change: Change,
    guard: Guard | None,
) -> Answer:
    """Make the change in a draft and have its update merged; refused by `guard`, nothing is."""
    repeated = operation_id in session.state.answered
    if not repeated:
        async with call.memory.editing:  # two edits of one draft build on each other
            repeated = operation_id in session.state.answered
            if not repeated:
                await _submit(call, session, operation_id, change, guard)
    places = {cell.cell_id: place for place, cell in enumerate(session.room.to_cells())}
    source = session.room.source(cell_id)
    data = Edited(
        cell_id=cell_id,
        version=None if source is None else version_of(source),
        index=places.get(cell_id),
        repeated=repeated,
    )
    said = "was done before" if repeated else "done"
    if source is None:
        return Answer(data, f"{said}; cell {cell_id} is gone")
    return Answer(data, f"{said}; cell {cell_id} is at {data.index}, version {data.version}")


async def _submit(
    call: Call,
    session: Session,
    operation_id: OperationId,
    change: Change,
    guard: Guard | None,
) -> None:
    room = session.room
    if guard is not None and (refusal := guard(room)) is not None:
        raise AgentRefused(refusal.message, refusal.code)
    update = change(call.memory.draft(room), room)
    if not update:
        return
    operation = op.UpdateDocument(session.state.generation or "", update)
    try:
        answer = await session.submit(
            operation_id, operation, call.actor, may=call.may, guard=guard
        )
    except asyncio.CancelledError:  # whether it was done is not known here
        call.memory.forget(room)
        raise
    if answer.refusal is not None:
        call.memory.forget(room)
        raise AgentRefused(answer.refusal.message, answer.refusal.code)


def _still(cell_id: CellId, version: str) -> Guard:
    """Refuses unless the cell's source is the one that was read."""

    def look(room: Room) -> Refusal | None:
        source = room.source(cell_id)
        if source is None:
            return _gone(cell_id)
        if version_of(source) == version:
            return None
        return Refusal(
            "cell.changed",
            f"cell {cell_id} was changed since version {version!r} was read; nothing was done."
            f" Look at what it is now, and whether your change is still wanted."
            f" Its version is {version_of(source)!r} and its source\n"
            + Fence().around("source", source),
        )

    return look


def _gone(cell_id: CellId) -> Refusal:
    return Refusal("cell.missing", f"there is no cell {cell_id!r} (any more)")


TOOLS = (
    Tool(
        "create_notebook",
        "Create a notebook",
        "A new, empty notebook. Refused where something of that name is.",
        "edit",
        CreateNotebook,
        Created,
        create_notebook,
        repeats=False,
    ),
    Tool(
        "insert_cell",
        "Insert a cell",
        "A new cell. Whoever has the notebook open sees it at once. It is not run.",
        "edit",
        InsertCell,
        Edited,
        insert_cell,
        repeats=False,
    ),
    Tool(
        "edit_cell",
        "Edit a cell",
        "Give a cell another source, or another kind. Only if its source is still the one you"
        " read (`version`): somebody may be typing in it.",
        "edit",
        EditCell,
        Edited,
        edit_cell,
        destroys=True,
    ),
    Tool(
        "replace_text",
        "Replace text in a cell",
        "Replace one passage of a cell's source, which must stand there exactly once.",
        "edit",
        ReplaceText,
        Edited,
        replace_text,
        destroys=True,
    ),
    Tool(
        "delete_cell",
        "Delete a cell",
        "Delete a cell with its outputs, if its source is still the one you read (`version`).",
        "edit",
        DeleteCell,
        Edited,
        delete_cell,
        destroys=True,
    ),
    Tool(
        "move_cell",
        "Move a cell",
        "Move a cell behind another one, or to the top.",
        "edit",
        MoveCell,
        Edited,
        move_cell,
    ),
    Tool(
        "save_notebook",
        "Save",
        "Write the notebook's file now. It is written by itself some seconds after a change"
        " unless the person has switched that off.",
        "edit",
        SaveNotebook,
        Saved,
        save_notebook,
    ),
)
