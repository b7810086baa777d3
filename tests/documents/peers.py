"""Peers for the documents' tests: real Yjs documents that edit as a page does."""

from typing import Any

from pycrdt import Doc, Map, Text, TransactionEvent

from tailrace.documents import schema
from tailrace.documents.room import Room
from tailrace.documents.schema import DocumentCell
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import DocumentUpdateGap
from tailrace.protocol.ids import CellId


def cell(cell_id: str, source: str = "", kind: str = "code", **more: Any) -> Cell:
    return Cell(cell_id=CellId(cell_id), kind=kind, source=source, **({"metadata": {}} | more))


def notebook(*cells: Cell, metadata: dict[str, Any] | None = None) -> Notebook:
    return Notebook(metadata=metadata or {}, cells=cells)


def shown(room: Room) -> list[tuple[str, str]]:
    return [(cell.cell_id, cell.source) for cell in room.cells()]


class Peer:
    """One page: edits its own copy, keeps what it did in `unsent`."""

    def __init__(self, state: bytes) -> None:
        self.doc: Doc[Any] = Doc()
        self.doc.apply_update(state)
        self.unsent: list[bytes] = []
        self.received = 0
        self._is_ours = True
        self.doc.observe(self._note)

    def _note(self, event: TransactionEvent) -> None:
        if self._is_ours:
            self.unsent.append(event.update)

    @property
    def map(self) -> "Map[Any]":
        return schema.cells_of(self.doc)

    def cells(self) -> list[DocumentCell]:
        found = (schema.read_cell(key, self.map[key]) for key in list(self.map))
        return schema.in_order(cell for cell in found if cell is not None)

    def receive(self, update: bytes) -> None:
        self._is_ours = False
        self.doc.apply_update(update)
        self._is_ours = True

    def insert(self, cell_id: str, at: int, text: str) -> None:
        source: Text = self.map[cell_id]["source"]
        source.insert(len(str(source)[:at].encode()), text)

    def remove(self, cell_id: str, begin: int, end: int) -> str:
        source: Text = self.map[cell_id]["source"]
        now = str(source)
        del source[len(now[:begin].encode()) : len(now[:end].encode())]
        return now[begin:end]

    def add_cell(self, cell_id: str, after: int, source: str = "") -> None:
        self.map[cell_id] = schema.shared_cell(cell(cell_id, source), self._position(after))

    def move_cell(self, cell_id: str, after: int) -> None:
        self.map[cell_id]["position"] = self._position(after)

    def delete_cell(self, cell_id: str) -> None:
        del self.map[cell_id]

    def split_cell(self, cell_id: str, at: int, new_id: str) -> str:
        ids = [cell.cell_id for cell in self.cells()]
        with self.doc.transaction():
            length = len(str(self.map[cell_id]["source"]))
            rest = self.remove(cell_id, min(at, length), length)
            self.add_cell(new_id, ids.index(CellId(cell_id)), rest)
        return rest

    def _position(self, after: int) -> str:
        """A key behind the cell at index `after` (-1: before all)."""
        positions = [cell.position for cell in self.cells()]
        anchors = [key for key in positions[: after + 1] if schema.is_anchor(key)]
        before = anchors[-1] if anchors else None
        later = [
            key
            for key in positions[after + 1 :]
            if schema.is_anchor(key) and (before is None or key > before)
        ]
        return schema.positions_between(before, later[0] if later else None, 1)[0]

    def send_to(self, room: Room, log: list[bytes], order: list[int] | None = None) -> None:
        """Everything unsent, in `order` (indices, perhaps twice); where the room misses
        something, all that it lacks."""
        unsent, self.unsent = self.unsent, []
        for index in order if order is not None else range(len(unsent)):
            try:
                room.apply(unsent[index])
                log.append(unsent[index])
            except DocumentUpdateGap:
                lacking = self.doc.get_update(room.state_vector())
                room.apply(lacking)
                log.append(lacking)
