"""Write an outside version of the notebook into the shared document, by few edits.

The document already holds the notebook in some form. Whole cells are never replaced where
they can be changed: a text keeps its identity (and so everybody's cursor in it), a cell
keeps its place unless the new order needs it elsewhere (DOC-9).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from fractional_indexing import FIError  # type: ignore[import-untyped]
from pycrdt import Map, Text

from tailrace.documents import schema
from tailrace.documents.schema import DocumentCell
from tailrace.documents.text_edits import edits
from tailrace.formats.notebook import Cell, Notebook


def merge_into(
    cells: "Map[Any]",
    metadata: "Map[Any]",
    current: Sequence[DocumentCell],
    notebook: Notebook,
) -> None:
    """Change the shared maps so that they read as `notebook`. Within a transaction."""
    _write_map(metadata, notebook.metadata)
    known = {cell.cell_id: cell for cell in current}
    wanted = {cell.cell_id: cell for cell in notebook.cells}
    for cell_id in list(cells.keys()):
        if cell_id not in wanted:
            del cells[cell_id]
    positions = arranged([(cell_id, known.get(cell_id)) for cell_id in wanted])
    for cell_id, cell in wanted.items():
        was, position = known.get(cell_id), positions[cell_id]
        if was is None:
            cells[cell_id] = schema.shared_cell(cell, position)
            continue
        if was.position != position:
            cells[cell_id]["position"] = position
        _change_cell(cells[cell_id], was, cell)


def arranged(wanted: Sequence[tuple[str, DocumentCell | None]]) -> dict[str, str]:
    """A position for each cell, so that they sort as given.

    The most cells that are in order among themselves already keep theirs; the others get
    new ones between. Cells that share a position, or whose position is none of ours, are
    moved only where something must go next to them.
    """
    kept = _longest_in_order([None if cell is None else cell.rank for _, cell in wanted])
    try:
        return _between_kept(wanted, kept)
    except FIError:  # no key fits beside one of theirs: begin anew
        keys = schema.positions_between(None, None, len(wanted))
        return {cell_id: key for (cell_id, _), key in zip(wanted, keys, strict=True)}


def _between_kept(
    wanted: Sequence[tuple[str, DocumentCell | None]], kept: frozenset[int]
) -> dict[str, str]:
    placed: list[tuple[str, str]] = []
    waiting: list[str] = []

    def place(after: str | None) -> None:
        before = placed[-1][1] if placed else None
        keys = schema.positions_between(before, after, len(waiting))
        placed.extend(zip(waiting, keys, strict=True))
        waiting.clear()

    for index, (cell_id, cell) in enumerate(wanted):
        if index not in kept or cell is None:
            if not waiting:
                while placed and not schema.is_anchor(placed[-1][1]):
                    waiting.insert(0, placed.pop()[0])
            waiting.append(cell_id)
            continue
        if waiting:
            is_after = not placed or placed[-1][1] < cell.position
            if not (is_after and schema.is_anchor(cell.position)):
                waiting.append(cell_id)
                continue
            place(cell.position)
        placed.append((cell_id, cell.position))
    place(None)
    return dict(placed)


def _longest_in_order(ranks: Sequence[tuple[str, str] | None]) -> frozenset[int]:
    """Indices of a longest run of ranks that rises already (patience sorting)."""
    tops: list[tuple[str, str]] = []
    top_indices: list[int] = []
    previous: dict[int, int | None] = {}
    for index, rank in enumerate(ranks):
        if rank is None:
            continue
        pile = bisect_left(tops, rank)
        previous[index] = top_indices[pile - 1] if pile else None
        tops[pile : pile + 1] = [rank]
        top_indices[pile : pile + 1] = [index]
    kept = set()
    step = top_indices[-1] if top_indices else None
    while step is not None:
        kept.add(step)
        step = previous[step]
    return frozenset(kept)


def _change_cell(shared: "Map[Any]", was: DocumentCell, cell: Cell) -> None:
    if was.kind != cell.kind:
        shared["kind"] = schema.storable_text(cell.kind)
    write_text(shared, schema.storable_text(cell.source))
    _write_field(shared, "metadata", cell.metadata, keep_empty=True)
    _write_field(shared, "attachments", cell.attachments, keep_empty=True)
    _write_field(shared, "extra", cell.extra, keep_empty=False)


def write_text(shared: "Map[Any]", wanted: str) -> None:
    """Change a cell's source to `wanted` by few edits. Within a transaction."""
    text = shared.get("source")
    if not isinstance(text, Text):
        shared["source"] = Text(wanted)
        return
    now = str(text)
    # The library counts in bytes of UTF-8. From the end, so that earlier places hold.
    for edit in reversed(edits(now, wanted)):
        at = len(now[: edit.at].encode())
        if edit.removed:
            del text[at : at + len(edit.removed.encode())]
        if edit.added:
            text.insert(at, edit.added)


def _write_field(
    shared: "Map[Any]", name: str, wanted: Mapping[str, Any] | None, *, keep_empty: bool
) -> None:
    there = shared.get(name)
    if wanted is None or not (wanted or keep_empty):
        if name in shared:
            del shared[name]
    elif isinstance(there, Map):
        _write_map(there, wanted)
    else:
        shared[name] = Map(schema.storable_map(wanted))


def _write_map(shared: "Map[Any]", wanted: Mapping[str, Any]) -> None:
    stored = schema.storable_map(wanted)
    now = schema.read_map(shared)
    for key in now:
        if key not in stored:
            del shared[key]
    for key, value in stored.items():
        if key not in now or not schema.same_json(now[key], value):
            shared[key] = value
