"""Find known cells again in a file whose tool dropped or renewed their ids (DOC-11). Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from msgspec.structs import replace

from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId

HAS_IDS = (4, 5)  # the first nbformat whose cells have ids
ALIKE = 0.6  # share of the characters; below it two texts are two cells
ALIKE_CELLS = 30  # in one gap; each pair there is compared
ALIKE_CHARS = 5_000  # of a text; enough to know it again


def aligned(theirs: Notebook, base: Notebook | None, mine: Notebook) -> Notebook:
    """`theirs` with the ids that its cells have in `base` and `mine`.

    A cell that neither knows keeps the id it came with, as long as that is free.
    """
    known = list(base.cells if base is not None else ())
    names = {cell.cell_id for cell in known}
    known += [cell for cell in mine.cells if cell.cell_id not in names]
    names = {cell.cell_id for cell in known}
    trust_ids = (theirs.nbformat, theirs.nbformat_minor) >= HAS_IDS
    given = {cell.cell_id for cell in theirs.cells if trust_ids and cell.cell_id in names}
    strangers = [index for index, cell in enumerate(theirs.cells) if cell.cell_id not in given]
    missing = [cell for cell in known if cell.cell_id not in given]
    if not strangers or not missing:
        return theirs
    found = _found(missing, [theirs.cells[index] for index in strangers])
    names_for = {strangers[place]: cell_id for place, cell_id in found.items()}
    taken = given | set(names_for.values())
    cells = []
    for index, cell in enumerate(theirs.cells):
        name = names_for.get(index, cell.cell_id)
        if index in strangers and index not in names_for and (name in taken or name in names):
            name = _free(name, taken | names)
        taken.add(name)
        cells.append(cell if name == cell.cell_id else replace(cell, cell_id=name))
    return replace(theirs, cells=tuple(cells))


def _found(known: Sequence[Cell], strangers: Sequence[Cell]) -> dict[int, CellId]:
    """Stranger's index → the id of the known cell it is."""
    was = [(cell.kind, cell.source) for cell in known]
    now = [(cell.kind, cell.source) for cell in strangers]
    found: dict[int, CellId] = {}
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    for a, c, length in matcher.get_matching_blocks():
        found |= {c + n: known[a + n].cell_id for n in range(length)}
    _add_moved(found, known, strangers)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "replace":
            _add_alike(found, known[a:b], strangers[c:d], c)
    return found


def _add_moved(found: dict[int, CellId], known: Sequence[Cell], strangers: Sequence[Cell]) -> None:
    """Cells with the same content at another place; empty ones say nothing."""
    used = set(found.values())
    places: dict[tuple[str, str], list[CellId]] = {}
    for cell in known:
        if cell.cell_id not in used and cell.source.strip():
            places.setdefault((cell.kind, cell.source), []).append(cell.cell_id)
    for index, cell in enumerate(strangers):
        waiting = places.get((cell.kind, cell.source))
        if index not in found and waiting:
            found[index] = waiting.pop(0)


def _add_alike(
    found: dict[int, CellId], known: Sequence[Cell], strangers: Sequence[Cell], offset: int
) -> None:
    """In a gap between found cells: the most alike pairs, best first."""
    used = set(found.values())
    pairs = []
    for place, stranger in enumerate(strangers[:ALIKE_CELLS]):
        if offset + place in found:
            continue
        for order, cell in enumerate(known[:ALIKE_CELLS]):
            if cell.cell_id not in used and (likeness := _likeness(cell, stranger)) >= ALIKE:
                pairs.append((-likeness, abs(order - place), offset + place, cell.cell_id))
    for _, _, index, cell_id in sorted(pairs):
        if index not in found and cell_id not in used:
            found[index] = cell_id
            used.add(cell_id)


def _likeness(one: Cell, other: Cell) -> float:
    if one.kind != other.kind:
        return 0.0
    matcher = SequenceMatcher(
        None, one.source[:ALIKE_CHARS], other.source[:ALIKE_CHARS], autojunk=False
    )
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()


def _free(name: CellId, taken: set[CellId]) -> CellId:
    number = 2
    while CellId(f"{name[:56]}-{number}") in taken:
        number += 1
    return CellId(f"{name[:56]}-{number}")
