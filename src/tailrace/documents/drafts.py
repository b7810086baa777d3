"""Edits by somebody who has no page: an agent's, made on a copy of the shared document.

A draft is a peer like a page's own document: it follows the room, and what it changes comes
out as one update for the room to merge. It keeps its Yjs client from edit to edit, so that
a document does not collect a client for each. A draft whose update was refused is thrown
away: it holds what the room does not.

Texts are changed by small inserts and deletes and cells moved by their position alone, so
that others' cursors and concurrent edits survive (DOC-9).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pycrdt
from pycrdt import Doc, Map, TransactionEvent

from tailrace.documents import schema
from tailrace.documents.merging import arranged, write_text
from tailrace.documents.room import Room
from tailrace.documents.schema import DocumentCell
from tailrace.formats.notebook import Cell
from tailrace.protocol.ids import CellId

VERSION_CHARS = 12


def version_of(source: str) -> str:
    """A short name for exactly this source: who read it can say which one was meant."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:VERSION_CHARS]


class Draft:
    def __init__(self) -> None:
        self._doc: Doc[Any] = Doc()
        self._cells = schema.cells_of(self._doc)
        schema.metadata_of(self._doc)

    def inserted(
        self, room: Room, cell_id: CellId, kind: str, source: str, after: CellId | None
    ) -> bytes:
        """A new cell behind `after`; None: before all others."""
        new = Cell(cell_id=cell_id, kind=kind, source=source, metadata={})
        places = self._placed(room, cell_id, after)

        def change(cells: "Map[Any]") -> None:
            cells[cell_id] = schema.shared_cell(new, places.pop(cell_id))
            _move(cells, places)

        return self._update(room, change)

    def rewritten(self, room: Room, cell_id: CellId, source: str | None, kind: str | None) -> bytes:
        """Another source, another kind, or both, for a cell that is there."""

        def change(cells: "Map[Any]") -> None:
            if source is not None:
                write_text(cells[cell_id], schema.storable_text(source))
            if kind is not None:
                cells[cell_id]["kind"] = schema.storable_text(kind)

        return self._update(room, change)

    def moved(self, room: Room, cell_id: CellId, after: CellId | None) -> bytes:
        places = self._placed(room, cell_id, after)
        return self._update(room, lambda cells: _move(cells, places))

    def deleted(self, room: Room, cell_id: CellId) -> bytes:
        def change(cells: "Map[Any]") -> None:
            del cells[cell_id]

        return self._update(room, change)

    def _placed(self, room: Room, cell_id: CellId, after: CellId | None) -> dict[str, str]:
        """The positions that change for `cell_id` to stand behind `after`."""
        others = [cell for cell in room.to_cells() if cell.cell_id != cell_id]
        place = next((n for n, cell in enumerate(others, 1) if cell.cell_id == after), 0)
        wanted: Sequence[tuple[str, DocumentCell | None]] = [
            *((cell.cell_id, cell) for cell in others[:place]),
            (cell_id, None),
            *((cell.cell_id, cell) for cell in others[place:]),
        ]
        was = {cell.cell_id: cell.position for cell in others}
        found = arranged(wanted)
        return {each: key for each, key in found.items() if was.get(CellId(each)) != key}

    def _update(self, room: Room, change: "Callable[[Map[Any]], None]") -> bytes:
        self._doc.apply_update(room.diff(self._doc.get_state()))
        produced: list[bytes] = []

        def note(event: TransactionEvent) -> None:
            produced.append(event.update)

        subscription = self._doc.observe(note)
        try:
            with self._doc.transaction():
                change(self._cells)
        finally:
            self._doc.unobserve(subscription)
        return pycrdt.merge_updates(*produced) if len(produced) > 1 else b"".join(produced)


def _move(cells: "Map[Any]", places: dict[str, str]) -> None:
    for cell_id, position in places.items():
        cells[cell_id]["position"] = position
