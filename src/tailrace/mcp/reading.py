"""Tools that look: files, notebooks, cells, outputs, search. They start and write nothing."""

import asyncio
import time
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from tailrace.files.notebook_files import is_beside
from tailrace.files.search import find
from tailrace.files.workspace import EntryKind, Workspace
from tailrace.mcp.cells import (
    CellData,
    ExecutionData,
    Phase,
    cell_data,
    cell_named,
    cell_words,
    newest_of,
    output_words,
)
from tailrace.mcp.hygiene import UNTRUSTED, Fence, legible
from tailrace.mcp.outputs import CHARS, CHARS_MOST, ShownOutput, paged
from tailrace.mcp.tools import Answer, Arguments, Call, Data, Image, Tool
from tailrace.protocol.errors import AgentRefused, FileError
from tailrace.protocol.ids import ExecutionId, is_id
from tailrace.session import search as output_search
from tailrace.session import transcript
from tailrace.session.session import Session

NOTEBOOKS_MOST = 500
FOLDERS_MOST = 2_000
SEARCH_S = 5.0
MATCHES_MOST = 100
PREVIEW_CHARS = 400  # of a cell's outputs where the whole notebook is read
SOURCE_CHARS = 60_000  # of one answer, outputs included; the next cells are asked for

NotebookPath = Annotated[
    str, Meta(description="The notebook's path below the served folder, such as `work/a.ipynb`.")
]
Cell = Annotated[str, Meta(description="The cell's id, as read_notebook gives it.")]
MaxChars = Annotated[
    int,
    Meta(ge=200, le=CHARS_MOST, description="At most this many characters of outputs."),
]

# ── files and notebooks ──────────────────────────────────────────────────────


class ListFiles(Arguments, frozen=True, kw_only=True):
    path: Annotated[str, Meta(description='A folder below the served one; "" is that one.')] = ""


class FileData(Struct, frozen=True):
    name: str
    path: str | None
    kind: EntryKind
    size_bytes: int


class Files(Data, frozen=True, kw_only=True):
    entries: list[FileData]


async def list_files(call: Call, given: ListFiles) -> Answer:
    listed = await asyncio.to_thread(call.served.workspace.list, given.path)
    entries = [entry for entry in listed if not is_beside(entry.name)]
    data = Files(entries=[FileData(e.name, e.path, e.kind, e.size_bytes) for e in entries])
    rows = "\n".join(f"{e.kind:8} {e.size_bytes:>10} {legible(e.path or e.name)}" for e in entries)
    return Answer(data, Fence().around("files", rows) if rows else "The folder is empty.")


class ListNotebooks(Arguments, frozen=True, kw_only=True):
    pass


class NotebookEntry(Struct, frozen=True):
    """`kernel` is none, starting, ready or dead; `clients` are the people and programs that
    look at it now."""

    path: str
    open: bool
    kernel: Literal["none", "starting", "ready", "dead"] = "none"
    running: bool = False
    clients: int = 0


class Notebooks(Data, frozen=True, kw_only=True):
    notebooks: list[NotebookEntry]
    complete: bool


async def list_notebooks(call: Call, given: ListNotebooks) -> Answer:
    paths, complete = await asyncio.to_thread(_notebooks, call.served.workspace)
    opened = {session.path: session for session in call.served.directory.open_notebooks()}
    entries = []
    for path in paths:
        session = opened.get(path)
        if session is None or session.is_ended:
            entries.append(NotebookEntry(path, False))
            continue
        phase, clients = session.state.kernel.phase, session.clients
        entries.append(NotebookEntry(path, True, phase, session.is_running, clients))
    rows = "\n".join(
        f"{legible(e.path)}  kernel {e.kernel}{', running' if e.running else ''}"
        f"{f', {e.clients} looking' if e.clients else ''}"
        for e in entries
    )
    text = Fence().around("notebooks", rows) if rows else "There are no notebooks."
    more = "" if complete else "\nThere are more; list_files looks into one folder."
    return Answer(Notebooks(notebooks=entries, complete=complete), text + more)


def _notebooks(workspace: Workspace) -> tuple[list[str], bool]:
    found: list[str] = []
    folders, looked = [""], 0
    while folders:
        folder, looked = folders.pop(0), looked + 1
        try:
            entries = workspace.list(folder)
        except FileError:  # gone meanwhile, or not ours to read
            continue
        for entry in entries:
            if entry.path is None:
                continue
            if entry.kind == "notebook":
                found.append(entry.path)
            elif entry.kind == "folder" and not entry.is_link and entry.name not in _PASSED:
                folders.append(entry.path)
        if len(found) >= NOTEBOOKS_MOST or looked >= FOLDERS_MOST:
            return found[:NOTEBOOKS_MOST], not folders and len(found) <= NOTEBOOKS_MOST
    return found, True


_PASSED = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})


class ReadNotebook(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    from_index: Annotated[int, Meta(ge=0, description="Begin at this cell.")] = 0
    outputs: Annotated[
        bool, Meta(description="With the beginning and end of each cell's outputs.")
    ] = True


class NotebookData(Data, frozen=True, kw_only=True):
    """`next_index` is where to go on; null when the last cell is among `cells`."""

    path: str
    cell_count: int
    cells: list[CellData]
    next_index: int | None
    kernel: str
    unsaved: bool


async def read_notebook(call: Call, given: ReadNotebook) -> Answer:
    session = await call.session(given.notebook)
    data = await notebook_data(session, given.from_index, outputs=given.outputs)
    return Answer(data, notebook_words(data))


async def notebook_data(session: Session, start: int, *, outputs: bool) -> NotebookData:
    everything = session.room.to_cells()
    cells: list[CellData] = []
    size = 0
    for index, cell in enumerate(everything[start:], start):
        size += len(cell.source) + PREVIEW_CHARS
        if cells and size > SOURCE_CHARS:
            break
        read = await cell_data(session, index, cell, limit_chars=PREVIEW_CHARS)
        if not outputs and read.execution is not None:
            read = _without_outputs(read, read.execution)
        cells.append(read)
    end = start + len(cells)
    return NotebookData(
        path=session.path,
        cell_count=len(everything),
        cells=cells,
        next_index=end if end < len(everything) else None,
        kernel=session.state.kernel.phase,
        unsaved=session.actor.status.file != "saved",
    )


def notebook_words(data: NotebookData) -> str:
    fence = Fence()
    unsaved = ", not saved yet" if data.unsaved else ""
    parts = [f"{data.path}: {data.cell_count} cells, kernel {data.kernel}{unsaved}"]
    parts += [cell_words(cell, fence) for cell in data.cells]
    if data.next_index is not None:
        parts.append(f"More cells: read_notebook(from_index={data.next_index})")
    return "\n\n".join(parts)


def _without_outputs(cell: CellData, execution: ExecutionData) -> CellData:
    return replace(cell, execution=replace(execution, outputs=[], omitted_chars=0))


# ── one cell ─────────────────────────────────────────────────────────────────


class ReadCell(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_id: Cell
    max_chars: MaxChars = CHARS


class OneCell(Data, frozen=True, kw_only=True):
    cell: CellData


async def read_cell(call: Call, given: ReadCell) -> Answer:
    session = await call.session(given.notebook)
    index, cell = cell_named(session, given.cell_id)
    images: list[Image] = []
    data = await cell_data(session, index, cell, limit_chars=given.max_chars, images=images)
    return Answer(OneCell(cell=data), cell_words(data, Fence()), tuple(images))


class ReadOutput(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    execution_id: Annotated[str, Meta(description="As run_cells or read_cell gave it.")]
    from_line: Annotated[
        int, Meta(ge=0, description="The first line, counted over the whole output.")
    ] = 0
    lines: Annotated[int, Meta(ge=1, le=transcript.PAGE_LINES)] = 500
    max_chars: MaxChars = CHARS


class OutputPage(Data, frozen=True, kw_only=True):
    """`next_line` is where to go on; null at the end of what there is so far."""

    execution_id: str
    from_line: int
    next_line: int | None
    phase: Phase
    outputs: list[ShownOutput]


async def read_output(call: Call, given: ReadOutput) -> Answer:
    session = await call.session(given.notebook)
    if not is_id(given.execution_id):
        raise AgentRefused("that is no execution's id", "execution.missing")
    execution_id = ExecutionId(given.execution_id)
    page = await transcript.lines(
        session.topics, execution_id, start=given.from_line, count=given.lines
    )
    items, images = await paged(session, page.items, limit_chars=given.max_chars)
    execution = session.state.executions.get(execution_id)
    more = bool(page.items) and page.end > given.from_line
    after = None
    if more:
        beyond = await transcript.lines(session.topics, execution_id, start=page.end, count=1)
        after = page.end if beyond.items else None
    data = OutputPage(
        execution_id=execution_id,
        from_line=given.from_line,
        next_line=after,
        phase=execution.phase if execution is not None else "unknown",
        outputs=items,
    )
    fence = Fence()
    parts = [f"execution {execution_id}, lines {given.from_line} to {page.end}"]
    parts += [output_words(item, fence) for item in items] or ["(nothing on these lines)"]
    if after is not None:
        parts.append(f"More: read_output(from_line={after})")
    return Answer(data, "\n".join(parts), tuple(images))


# ── search ───────────────────────────────────────────────────────────────────


class Search(Arguments, frozen=True, kw_only=True):
    query: Annotated[str, Meta(min_length=1, max_length=1_000, description="Plain text.")]
    notebook: Annotated[
        str,
        Meta(description='Look in this notebook as it is now; "" looks in all files on disk.'),
    ] = ""


class Match(Struct, frozen=True):
    """`line` counts from 0 within the source, the output or the file."""

    path: str
    where: Literal["source", "output", "text", "name"]
    line: int
    text: str
    cell_id: str | None = None
    cell_index: int | None = None
    execution_id: str | None = None


class Matches(Data, frozen=True, kw_only=True):
    matches: list[Match]
    complete: bool


async def search(call: Call, given: Search) -> Answer:
    if given.notebook:
        matches, complete = await _in_notebook(await call.session(given.notebook), given.query)
    else:
        until = time.monotonic() + SEARCH_S
        found = await asyncio.to_thread(
            find, call.served.workspace, given.query, is_late=lambda: time.monotonic() > until
        )
        complete = found.complete and not any(file.more for file in found.files)
        matches = []
        for file in found.files:
            if file.in_name:
                matches.append(Match(file.path, "name", 0, file.path))
            matches += [
                Match(file.path, each.where, each.line, legible(each.text), cell_index=each.cell)
                for each in file.matches
            ]
    rows = "\n".join(map(_match_words, matches))
    text = Fence().around("matches", rows) if rows else "Nothing was found."
    return Answer(
        Matches(matches=matches, complete=complete), text if complete else f"{text}\nThere is more."
    )


async def _in_notebook(session: Session, query: str) -> tuple[list[Match], bool]:
    wanted = query.casefold()
    matches: list[Match] = []
    complete = True
    for index, cell in enumerate(session.room.to_cells()):
        for line, text in enumerate(cell.source.split("\n")):
            if wanted in text.casefold():
                matches.append(Match(session.path, "source", line, text[:500], cell.cell_id, index))
        execution = newest_of(session.state, cell.cell_id)
        if execution is not None and len(matches) < MATCHES_MOST:
            found = await output_search.search(session.topics, execution.execution_id, query)
            complete = complete and found.next is None
            matches += [
                Match(
                    session.path,
                    "output",
                    each.line,
                    legible(each.text),
                    cell.cell_id,
                    index,
                    execution.execution_id,
                )
                for each in found.matches
            ]
        if len(matches) > MATCHES_MOST:
            return matches[:MATCHES_MOST], False
    return matches, complete


def _match_words(match: Match) -> str:
    place = match.cell_id or (f"cell {match.cell_index}" if match.cell_index is not None else "")
    return f"{legible(match.path)} {place} {match.where} line {match.line}: {match.text}"


# ── the list ─────────────────────────────────────────────────────────────────

TOOLS = (
    Tool(
        "list_notebooks",
        "List notebooks",
        "The notebooks below the served folder, with the state of their kernels and whether"
        " somebody looks at them.",
        "read",
        ListNotebooks,
        Notebooks,
        list_notebooks,
    ),
    Tool(
        "list_files",
        "List files",
        "What is in one folder: notebooks, files, folders.",
        "read",
        ListFiles,
        Files,
        list_files,
    ),
    Tool(
        "read_notebook",
        "Read a notebook",
        "A notebook as it is now, with what people are typing: its cells with ids, versions,"
        f" sources, states, and short outputs. Opening it runs nothing. {UNTRUSTED}",
        "read",
        ReadNotebook,
        NotebookData,
        read_notebook,
    ),
    Tool(
        "read_cell",
        "Read a cell",
        "One cell with its source, its state and its newest outputs, pictures as pictures. What"
        f" is left out of a long output read_output gives. {UNTRUSTED}",
        "read",
        ReadCell,
        OneCell,
        read_cell,
    ),
    Tool(
        "read_output",
        "Read a long output",
        "A page of everything an execution has written so far, by line; also while it runs and"
        f" of executions before the newest. {UNTRUSTED}",
        "read",
        ReadOutput,
        OutputPage,
        read_output,
    ),
    Tool(
        "search",
        "Search",
        "Lines that hold a text, case ignored: in one notebook's sources and whole outputs as"
        f" they are now, or in all files and notebooks on the disk. {UNTRUSTED}",
        "read",
        Search,
        Matches,
        search,
    ),
)
