"""A notebook's cells and executions, as the tools tell of them."""

from typing import Literal

from msgspec import Struct

from tailrace.documents.drafts import version_of
from tailrace.documents.schema import DocumentCell
from tailrace.mcp.hygiene import Fence
from tailrace.mcp.outputs import CHARS, ShownOutput, shown
from tailrace.mcp.tools import Image
from tailrace.protocol.errors import AgentRefused
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.session import Session

Phase = Literal["queued", "running", "finished", "unknown"]


class ExecutionData(Struct, frozen=True, kw_only=True):
    """One run of a cell. `status` is ok, error, interrupted, died or aborted once it has
    finished. `stale`: the cell's source was changed since. `actor` says who ran it.
    `lines` counts the whole output, of which `outputs` may be a part."""

    execution_id: str
    cell_id: str
    phase: Phase
    status: str | None = None
    execution_count: int | None = None
    took_ms: float | None = None
    actor: str = ""
    stale: bool = False
    lines: int = 0
    outputs: list[ShownOutput] = []
    omitted_items: int = 0
    omitted_chars: int = 0


class CellData(Struct, frozen=True, kw_only=True):
    """`version` names exactly this source; edits ask for it. `index` counts from 0."""

    cell_id: str
    index: int
    kind: str
    version: str
    source: str
    execution: ExecutionData | None = None


def cell_named(session: Session, cell_id: str) -> tuple[int, DocumentCell]:
    """The cell and its place. Raises `AgentRefused`."""
    for index, cell in enumerate(session.room.to_cells()):
        if cell.cell_id == cell_id:
            return index, cell
    raise AgentRefused(
        f"there is no cell {cell_id!r}; read_notebook lists the cells there are", "cell.missing"
    )


def newest_of(state: SessionState, cell_id: CellId) -> Execution | None:
    return state.executions.get(state.cells.get(cell_id, ExecutionId("")))


async def execution_data(
    session: Session,
    execution: Execution,
    *,
    limit_chars: int = CHARS,
    images: list[Image] | None = None,
) -> ExecutionData:
    """`images` None: pictures are only mentioned."""
    found = await shown(
        session, execution.outputs, limit_chars=limit_chars, images=images is not None
    )
    if images is not None:
        images += found.images
    source = session.room.source(execution.cell_id)
    return ExecutionData(
        execution_id=execution.execution_id,
        cell_id=execution.cell_id,
        phase=execution.phase,
        status=execution.status,
        execution_count=execution.execution_count,
        took_ms=execution.took_ms,
        actor=execution.actor,
        stale=execution.source is not None and source is not None and source != execution.source,
        lines=found.lines,
        outputs=found.items,
        omitted_items=found.omitted_items,
        omitted_chars=found.omitted_chars,
    )


async def cell_data(
    session: Session,
    index: int,
    cell: DocumentCell,
    *,
    limit_chars: int = CHARS,
    images: list[Image] | None = None,
) -> CellData:
    execution = newest_of(session.state, cell.cell_id)
    return CellData(
        cell_id=cell.cell_id,
        index=index,
        kind=cell.kind,
        version=version_of(cell.source),
        source=cell.source,
        execution=None
        if execution is None
        else await execution_data(session, execution, limit_chars=limit_chars, images=images),
    )


# ── in words ─────────────────────────────────────────────────────────────────


def cell_words(cell: CellData, fence: Fence) -> str:
    lines = [
        f"## cell {cell.cell_id} (index {cell.index}, {cell.kind}, version {cell.version})",
        fence.around("source", cell.source) if cell.source else "(empty)",
    ]
    if cell.execution is not None:
        lines.append(execution_words(cell.execution, fence))
    elif cell.kind == "code":
        lines.append("never run")
    return "\n".join(lines)


def execution_words(execution: ExecutionData, fence: Fence) -> str:
    said = [execution.status or execution.phase]
    if execution.execution_count is not None:
        said.append(f"[{execution.execution_count}]")
    if execution.took_ms is not None:
        said.append(f"{execution.took_ms:.0f} ms")
    if execution.actor:
        said.append(f"by {execution.actor}")
    if execution.stale:
        said.append("STALE: the source was changed since")
    lines = [f"execution {execution.execution_id}: {', '.join(said)}"]
    lines += [output_words(output, fence) for output in execution.outputs]
    if execution.omitted_items or execution.omitted_chars:
        lines.append(
            f"left out: {execution.omitted_items} outputs and {execution.omitted_chars}"
            f" characters; all {execution.lines} lines by"
            f" read_output(execution_id={execution.execution_id!r}, from_line=…)"
        )
    return "\n".join(lines)


def output_words(output: ShownOutput, fence: Fence) -> str:
    what: str = output.stream or output.kind
    if output.mime not in (None, "text/plain"):
        what += f" {output.mime}"
    return fence.around(what, output.text)
