"""The file changed under the document: what both sides come to, cell by cell.

Three versions are compared: the last checkpoint (`base`), the document with its outputs
(`mine`) and the file (`theirs`). What only one side changed is taken; what both changed to
the same is the same; what both changed differently is a clash, and one clash makes it a
conflict for a person to settle (DOC-10). Sources, kinds, attachments clash as a whole,
metadata by key. Outputs never clash: where both sides have new ones the document's stay,
they are from the kernel that runs. Order never clashes: the side that moved cells wins,
and the document when both did. A file without any cell never empties a document (DOC-12).

Cells are the same when their ids are. Where a tool dropped or renewed the ids they are
found by their content first, then by being much alike between two found ones (DOC-11).

Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from tailrace.documents.alignment import aligned
from tailrace.documents.schema import same_json, storable, storable_text
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId

Verdict = Literal["same", "take_theirs", "keep_mine", "merge", "conflict"]

TEXT_KINDS = frozenset({"markdown", "raw"})  # these have no outputs
DERIVED_METADATA = frozenset({"language_info", "widgets"})  # whoever ran last wrote it
DERIVED_CELL_METADATA = frozenset({"execution", "ExecuteTime", "collapsed", "scrolled"})


class Clash(Struct, frozen=True):
    """`cell_id` is null for the notebook's own metadata. `message` is for a person."""

    cell_id: CellId | None
    message: str


class Comparison(Struct, frozen=True):
    """`notebook` is what both sides come to (with a conflict: the document's side where
    they clash). `outputs_from_theirs` are the cells whose outputs it takes from the file.

    `same`: nothing to do. `take_theirs`: the document has no edits of its own.
    `keep_mine`: the file says what it said. `merge`: both have edits, none clash.
    """

    verdict: Verdict
    notebook: Notebook
    outputs_from_theirs: frozenset[CellId] = frozenset()
    clashes: tuple[Clash, ...] = ()

    @property
    def message(self) -> str:
        """The clashes in one sentence for a person."""
        return "; ".join(clash.message for clash in self.clashes)


def compared(base: Notebook | None, mine: Notebook, theirs: Notebook) -> Comparison:
    """What becomes of `mine` now that the file says `theirs`. `base` null: not known."""
    theirs = aligned(theirs, base, mine)
    if same_notebook(mine, theirs):
        return Comparison("same", mine)
    if base is None:
        return _without_base(mine, theirs)
    if same_notebook(base, theirs):
        return Comparison("keep_mine", mine)
    if not theirs.cells and mine.cells:
        return Comparison("conflict", mine, clashes=(Clash(None, NO_CELLS_LEFT),))
    merge = _Merge(base, mine, theirs)
    notebook = merge.merged()
    if merge.clashes:
        return Comparison("conflict", notebook, frozenset(merge.outputs), tuple(merge.clashes))
    verdict: Verdict = "take_theirs" if same_notebook(base, mine) else "merge"
    return Comparison(verdict, notebook, frozenset(merge.outputs))


NO_CELLS_LEFT = "the file on disk holds no cells any more"
NO_BASE = "the file on disk is not the one this notebook was last saved as"


def _without_base(mine: Notebook, theirs: Notebook) -> Comparison:
    if all(not cell.source.strip() for cell in mine.cells):
        outputs = frozenset(cell.cell_id for cell in theirs.cells)
        return Comparison("take_theirs", theirs, outputs)
    return Comparison("conflict", mine, clashes=(Clash(None, NO_BASE),))


# ── equality ─────────────────────────────────────────────────────────────────


def same_notebook(one: Notebook, other: Notebook) -> bool:
    """The same cells in the same order, with the same outputs and metadata."""
    return (
        len(one.cells) == len(other.cells)
        and all(
            a.cell_id == b.cell_id and same_text(a, b) and same_outputs(a, b)
            for a, b in zip(one.cells, other.cells, strict=True)
        )
        and _same(one.metadata, other.metadata)
        and _same(one.extra, other.extra)
    )


def same_text(one: Cell, other: Cell) -> bool:
    """Everything of two cells but their outputs."""
    return (
        one.kind == other.kind
        and storable_text(one.source) == storable_text(other.source)
        and _same(one.metadata, other.metadata)
        and _same(one.attachments, other.attachments)
        and _same(one.extra, other.extra)
    )


def same_outputs(one: Cell, other: Cell) -> bool:
    if one.kind in TEXT_KINDS or other.kind in TEXT_KINDS:
        return one.kind == other.kind
    return one.execution_count == other.execution_count and _same(
        _plain_outputs(one.outputs), _plain_outputs(other.outputs)
    )


def _same(one: Any, other: Any) -> bool:
    return one is other or same_json(storable(one), storable(other))


def _plain_outputs(outputs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Outputs as nbformat means them: texts joined, adjacent text of one stream as one."""
    plain: list[dict[str, Any]] = []
    for output in outputs:
        joined = {key: _joined(value) for key, value in output.items() if value not in ({}, None)}
        if "data" in joined:
            joined["data"] = {mime: _joined(value) for mime, value in joined["data"].items()}
        last = plain[-1] if plain else {}
        is_more = joined.get("output_type") == "stream" == last.get("output_type")
        if is_more and joined.get("name") == last.get("name"):
            last["text"] = f"{last.get('text', '')}{joined.get('text', '')}"
        else:
            plain.append(joined)
    return plain


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


# ── merging ──────────────────────────────────────────────────────────────────


class _Merge:
    def __init__(self, base: Notebook, mine: Notebook, theirs: Notebook) -> None:
        self.base, self.mine, self.theirs = base, mine, theirs
        self.outputs: set[CellId] = set()
        self.clashes: list[Clash] = []

    def merged(self) -> Notebook:
        base, mine, theirs = (_by_id(each) for each in (self.base, self.mine, self.theirs))
        cells: dict[CellId, Cell] = {}
        for cell_id in dict.fromkeys([*mine, *theirs]):
            cell = self._cell(base.get(cell_id), mine.get(cell_id), theirs.get(cell_id))
            if cell is not None:
                cells[cell_id] = cell
        order = _merged_order(list(base), list(mine), list(theirs), cells.keys())
        clash = self._clash_in(None, "the notebook's")
        return replace(
            self.mine,
            metadata=_merged_map(
                self.base.metadata,
                self.mine.metadata,
                self.theirs.metadata,
                clash,
                DERIVED_METADATA,
            ),
            extra=_merged_map(self.base.extra, self.mine.extra, self.theirs.extra, clash),
            cells=tuple(cells[cell_id] for cell_id in order),
        )

    def _clash(self, cell: Cell, message: str) -> None:
        self.clashes.append(Clash(cell.cell_id, f"cell {_called(cell)} {message}"))

    def _clash_in(self, cell: Cell | None, whose: str) -> Callable[[str], None]:
        def clash(key: str) -> None:
            self.clashes.append(
                Clash(
                    None if cell is None else cell.cell_id,
                    f"{whose} metadata “{key}” was changed here and on disk",
                )
            )

        return clash

    def _cell(self, base: Cell | None, mine: Cell | None, theirs: Cell | None) -> Cell | None:
        if mine is not None and theirs is not None:
            return self._both(base, mine, theirs)
        if mine is not None:
            if base is None:
                return mine
            if same_text(base, mine):
                return None
            self._clash(mine, "was changed here and deleted on disk")
            return mine
        if theirs is None:
            return None
        if base is None:
            self.outputs.add(theirs.cell_id)
            return theirs
        if same_text(base, theirs):
            return None
        self._clash(theirs, "was deleted here and changed on disk")
        return None

    def _both(self, base: Cell | None, mine: Cell, theirs: Cell) -> Cell:
        if base is None:
            if same_text(mine, theirs):
                return mine
            self._clash(mine, "was added here and on disk, with different content")
            return mine
        clash = self._clash_in(mine, f"cell {_called(mine)}:")
        changed: dict[str, Any] = {
            "source": self._field(base, mine, theirs, "source"),
            "kind": self._field(base, mine, theirs, "kind"),
            "attachments": self._field(base, mine, theirs, "attachments"),
            "metadata": _merged_map(
                base.metadata, mine.metadata, theirs.metadata, clash, DERIVED_CELL_METADATA
            ),
            "extra": _merged_map(base.extra, mine.extra, theirs.extra, clash),
        }
        if same_outputs(base, mine) and not same_outputs(base, theirs):
            self.outputs.add(mine.cell_id)
            changed |= {"outputs": theirs.outputs, "execution_count": theirs.execution_count}
        return replace(mine, **changed)

    def _field(self, base: Cell, mine: Cell, theirs: Cell, name: str) -> Any:
        was, here, there = (getattr(cell, name) for cell in (base, mine, theirs))
        if _same(here, there) or _same(was, there):
            return here
        if _same(was, here):
            return there
        self._clash(mine, "was changed here and on disk")
        return here


def _merged_map(
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    clash: Callable[[str], None],
    derived: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Key by key; `clash` is told of keys that both changed differently."""
    gone = object()
    merged: dict[str, Any] = {}
    for key in dict.fromkeys([*mine, *theirs]):
        was, here, there = (each.get(key, gone) for each in (base, mine, theirs))
        if _equal(here, there) or _equal(was, there):
            value = here
        elif _equal(was, here):
            value = there
        else:
            value = here
            if key not in derived:
                clash(key)
        if value is not gone:
            merged[key] = value
    return merged


def _equal(one: Any, other: Any) -> bool:
    if type(one) is object or type(other) is object:  # a key that is not there
        return one is other
    return _same(one, other)


def _merged_order(
    base: Sequence[CellId],
    mine: Sequence[CellId],
    theirs: Sequence[CellId],
    kept: Iterable[CellId],
) -> list[CellId]:
    """The order of the side that moved cells, the other's new ones behind the cell that
    they followed there."""
    kept = set(kept)
    everywhere = set(base) & set(mine) & set(theirs)
    here, was = ([each for each in side if each in everywhere] for side in (mine, base))
    first, second = (theirs, mine) if here == was else (mine, theirs)
    order = [cell_id for cell_id in first if cell_id in kept]
    placed = set(order)
    before: CellId | None = None
    for cell_id in second:
        if cell_id in kept and cell_id not in placed:
            order.insert(order.index(before) + 1 if before is not None else 0, cell_id)
            placed.add(cell_id)
        if cell_id in placed:
            before = cell_id
    return order


def _by_id(notebook: Notebook) -> dict[CellId, Cell]:
    return {cell.cell_id: cell for cell in notebook.cells}


def _called(cell: Cell) -> str:
    """A cell as a person knows it: its first line."""
    lines = cell.source.strip().splitlines()
    first = lines[0].strip() if lines else ""
    return f"“{first[:40]}…”" if len(first) > 40 else f"“{first}”" if first else "without text"
