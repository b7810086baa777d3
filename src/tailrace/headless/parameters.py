"""A notebook's parameters, as papermill has them: a cell that sets them, put in its place."""

from collections.abc import Mapping
from itertools import count

from msgspec.structs import replace

from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId

INJECTED = "injected-parameters"


def with_parameters(notebook: Notebook, parameters: Mapping[str, object]) -> Notebook:
    """The notebook with a cell that sets `parameters`: in place of one that an earlier run
    injected, else after the cell tagged `parameters`, else first."""
    if not parameters:
        return notebook
    source = "# Parameters\n" + "\n".join(
        f"{name} = {value!r}" for name, value in parameters.items()
    )
    cells = list(notebook.cells)
    earlier = next((n for n, cell in enumerate(cells) if INJECTED in tags_of(cell)), None)
    after = next((n + 1 for n, cell in enumerate(cells) if "parameters" in tags_of(cell)), 0)
    at = after if earlier is None else earlier
    if earlier is not None:
        del cells[earlier]
    taken = {cell.cell_id for cell in cells}
    names = (f"{INJECTED}{'' if n == 1 else f'-{n}'}" for n in count(1))
    cell_id = CellId(next(name for name in names if name not in taken))
    cells.insert(at, Cell(cell_id, "code", source, {"tags": [INJECTED]}))
    return replace(notebook, cells=tuple(cells))


def tags_of(cell: Cell) -> list[str]:
    tags = cell.metadata.get("tags", [])
    return tags if isinstance(tags, list) else []
