"""One shared document: take in updates, read cells, follow the file.

A room is the server's copy of a notebook's document (its shape: `schema.py`). What peers
send is tried on a second copy first, so that an update that turns out to be nonsense
half-way leaves this one as it was (DOC-5). An update that builds on something this
document never got is refused too: kept, it would be invisible to everybody and its
sender would believe it saved (DOC-7).

History is never made anew here: a room comes from a notebook once, and from then on from
its own updates (DOC-8). Reading is cached, and an update drops only the cells it touched.

A room belongs to one thread at a time and never waits for anything.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pycrdt
from pycrdt import Doc, TransactionEvent

from tailrace.core.inputs import CellFacts
from tailrace.documents import schema
from tailrace.documents.merging import merge_into
from tailrace.documents.schema import DocumentCell
from tailrace.documents.update import TYPE_DEPTH, inspect, is_covered, state_vector
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import (
    DocumentUpdateGap,
    DocumentUpdateRefused,
    DocumentUpdateTooLarge,
)
from tailrace.protocol.ids import CellId, is_id

NOT_FOR_THIS = "the edit is not a Yjs update for this document"
DOCUMENT_BYTES = 256 << 20  # an update of ours may hold a whole document


class Room:
    """`version` rises with every update that changed something; compare, do not count."""

    def __init__(self, doc: Doc[Any]) -> None:
        self._trial: _Trial | None = None
        self.version = 0
        self._hold(doc)

    def _hold(self, doc: Doc[Any]) -> None:
        self._doc = doc
        self._cells = schema.cells_of(doc)
        self._metadata = schema.metadata_of(doc)
        self._read: dict[str, DocumentCell] = {}
        self._unread: set[str] = set(self._cells.keys())
        self._ordered: tuple[DocumentCell, ...] | None = None
        self._facts: tuple[CellFacts, ...] | None = None
        self._cells.observe_deep(self._on_cells)
        self._metadata.observe_deep(self._on_metadata)

    # ── where a room comes from ──────────────────────────────────────────────

    @classmethod
    def from_notebook(cls, notebook: Notebook) -> "Room":
        """A new document, the beginning of a generation."""
        doc: Doc[Any] = Doc()
        with doc.transaction():
            schema.metadata_of(doc).update(schema.storable_map(notebook.metadata))
            cells = schema.cells_of(doc)
            positions = schema.positions_between(None, None, len(notebook.cells))
            for cell, position in zip(notebook.cells, positions, strict=True):
                cells[cell.cell_id] = schema.shared_cell(cell, position)
        return cls(doc)

    @classmethod
    def from_update(cls, *updates: bytes) -> "Room":
        """A document from updates that were accepted once: a snapshot and what followed.

        Raises `DocumentUpdateRefused` when they cannot be read or are not all there.
        """
        return cls(_applied(updates))

    # ── updates ──────────────────────────────────────────────────────────────

    def apply(self, update: bytes) -> None:
        """Merge what a peer sent. The same update again changes nothing.

        Raises `DocumentUpdateRefused` (also as `DocumentUpdateTooLarge` and
        `DocumentUpdateGap`); the document is then as it was.
        """
        inspect(update)
        trial = self._tried(update)
        try:
            with _refusing(NOT_FOR_THIS):
                self._doc.apply_update(update)
        except DocumentUpdateRefused:
            # The copy took it and this one did not: an earlier update of a forger, who
            # numbered items as somebody else, made them differ. The copy is whole.
            self.version += 1
            self._hold(_applied([trial.doc.get_update()]))

    def _tried(self, update: bytes) -> "_Trial":
        trial, self._trial = self._trial or _Trial(self.state()), None
        trial.apply(update)
        self._trial = trial
        return trial

    def apply_stored(self, *updates: bytes) -> None:
        """Merge updates that were accepted once, from the log: without trying them first."""
        self._trial = None
        _apply_all(self._doc, updates)

    def state(self) -> bytes:
        """The whole document as one Yjs (v1) update."""
        return self._doc.get_update()

    def state_vector(self) -> bytes:
        """What this document has, as Yjs encodes it; a peer answers it with a `diff`."""
        return self._doc.get_state()

    def diff(self, state_vector: bytes) -> bytes:
        """The update for a peer that has `state_vector`. Raises `DocumentUpdateRefused`."""
        if len(state_vector) > DOCUMENT_BYTES:
            raise DocumentUpdateTooLarge(size_bytes=len(state_vector), limit_bytes=DOCUMENT_BYTES)
        try:
            return self._doc.get_update(state_vector)
        except ValueError as error:
            raise DocumentUpdateRefused("that is no Yjs state vector") from error

    # ── reading ──────────────────────────────────────────────────────────────

    def cells(self) -> tuple[CellFacts, ...]:
        """The cells in order, as the core wants them."""
        if self._facts is None:
            self._facts = tuple(
                CellFacts(cell.cell_id, cell.kind, cell.source) for cell in self.to_cells()
            )
        return self._facts

    def to_cells(self) -> tuple[DocumentCell, ...]:
        """The cells in order, with everything the document has of them."""
        if self._unread:
            self._read_changed()
        if self._ordered is None:
            self._ordered = tuple(schema.in_order(self._read.values()))
        return self._ordered

    def source(self, cell_id: CellId) -> str | None:
        """One cell's text; None when there is no such cell."""
        self._read_changed()
        cell = self._read.get(cell_id)
        return None if cell is None else cell.source

    def metadata(self) -> dict[str, Any]:
        """The notebook's own metadata."""
        return schema.read_map(self._metadata)

    def to_notebook(self, original: Notebook | None = None) -> Notebook:
        """The document as a notebook without outputs.

        What the document cannot hold exactly, and the order of keys, come from `original`
        (the file as it was last read or written) where nobody changed them (DOC-4).
        """
        known = {} if original is None else {cell.cell_id: cell for cell in original.cells}
        metadata = self.metadata()
        cells = tuple(_as_cell(cell, known.get(cell.cell_id)) for cell in self.to_cells())
        if original is None:
            return Notebook(metadata=metadata, cells=cells)
        return Notebook(
            metadata=schema.restored_map(metadata, original.metadata),
            nbformat=original.nbformat,
            nbformat_minor=original.nbformat_minor,
            cells=cells,
            extra=original.extra,
        )

    # ── the file ─────────────────────────────────────────────────────────────

    def merge_notebook(self, notebook: Notebook) -> bytes | None:
        """Bring the document to what `notebook` says, by as few edits as it takes.

        Cells are found by their id, texts changed by small inserts and deletes, cells
        moved only where the order demands it, so that cursors and concurrent edits
        survive (DOC-9). Returns the update to log and publish, None when nothing changed.
        """
        produced: list[bytes] = []

        def note(event: TransactionEvent) -> None:
            produced.append(event.update)

        current = self.to_cells()
        subscription = self._doc.observe(note)
        try:
            with self._doc.transaction():
                merge_into(self._cells, self._metadata, current, notebook)
        finally:
            self._doc.unobserve(subscription)
        if not produced:
            return None
        update = pycrdt.merge_updates(*produced) if len(produced) > 1 else produced[0]
        self._trial = None  # made anew for the next edit of a peer
        return update

    # ── the cache ────────────────────────────────────────────────────────────

    def _on_cells(self, events: list[Any]) -> None:
        for event in events:
            if event.path:
                self._unread.add(str(event.path[0]))
            else:
                self._unread.update(event.keys)
        self._changed()

    def _on_metadata(self, events: object) -> None:
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        if self._unread:
            self._facts = None

    def _read_changed(self) -> None:
        unread, self._unread = self._unread, set()
        for cell_id in unread:
            self._read.pop(cell_id, None)
            cell = schema.read_cell(cell_id, self._cells.get(cell_id))
            if cell is not None:
                self._read[cell_id] = cell
            self._ordered = None


class _Trial:
    """A second copy, on which an update is tried. Thrown away when one fails."""

    def __init__(self, state: bytes) -> None:
        self.doc = _applied([state])
        self.problem: str | None = None
        # Kept, for a subscription ends with the object it was made on.
        self.roots = (schema.cells_of(self.doc), schema.metadata_of(self.doc))
        self.roots[0].observe_deep(self._look(is_id))
        self.roots[1].observe_deep(self._look(lambda key: True))

    def apply(self, update: bytes) -> None:
        with _refusing(NOT_FOR_THIS):
            self.doc.apply_update(update)
        if self.problem is not None:
            raise DocumentUpdateRefused(self.problem)
        strangers = set(self.doc.keys()) - schema.ROOTS
        if strangers:
            raise DocumentUpdateRefused("the edit adds something that is no part of a notebook")
        _require_covered(self.doc, [update])

    def _look(self, may_be_key: Callable[[str], bool]) -> "Callable[[list[Any]], None]":
        def look(events: list[Any]) -> None:
            for event in events:
                depth = len(event.path)
                if depth > TYPE_DEPTH:
                    self.problem = f"the edit nests types over {TYPE_DEPTH} deep"
                elif depth == 0 and not all(map(may_be_key, event.keys)):
                    self.problem = "the edit has a cell whose id is none"

        return look


def _applied(updates: Iterable[bytes]) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    _apply_all(doc, updates)
    return doc


def _apply_all(doc: Doc[Any], updates: Iterable[bytes]) -> None:
    updates = list(updates)
    with _refusing("what was stored of the document is damaged"), doc.transaction():
        for update in updates:
            doc.apply_update(update)
    _require_covered(doc, updates)


@contextmanager
def _refusing(message: str) -> Iterator[None]:
    """Whatever the library says of an update it cannot take, as `DocumentUpdateRefused`."""
    try:
        yield
    except (ValueError, RuntimeError, ExceptionGroup) as error:
        raise DocumentUpdateRefused(message) from error
    except BaseException as error:
        # Its native code says "panic" with a class that is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise DocumentUpdateRefused(message) from error


def _require_covered(doc: Doc[Any], updates: Iterable[bytes]) -> None:
    """Raise `DocumentUpdateGap` unless the document took in all of these updates."""
    known = doc.get_state()
    vector = state_vector(known)
    for update in updates:
        if not is_covered(pycrdt.get_update(update, known), vector):
            raise DocumentUpdateGap


def _as_cell(cell: DocumentCell, original: Cell | None) -> Cell:
    if original is None:
        return Cell(
            cell_id=cell.cell_id,
            kind=cell.kind,
            source=cell.source,
            metadata=cell.metadata,
            attachments=cell.attachments,
            extra=cell.extra,
        )
    attachments = cell.attachments
    if attachments is not None and original.attachments is not None:
        attachments = schema.restored_map(attachments, original.attachments)
    return Cell(
        cell_id=cell.cell_id,
        kind=cell.kind,
        source=schema.restored(cell.source, original.source),
        metadata=schema.restored_map(cell.metadata, original.metadata),
        attachments=attachments,
        extra=schema.restored_map(cell.extra, original.extra),
    )
