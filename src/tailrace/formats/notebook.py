"""The notebook as a plain value: what a file says, in no file's form.

`outputs` are kept as nbformat has them (plain maps), because most pass through untouched;
`formats/outputs.py` turns them into ours and back. `extra` holds keys of a cell that no
nbformat version knows, so that they are written again.
"""

from typing import Any, Literal

from msgspec import Struct, field

from tailrace.protocol.ids import CellId

CellKind = Literal["code", "markdown", "raw"]


class Cell(Struct, frozen=True):
    """One cell. `execution_count` and `outputs` are of code cells only."""

    cell_id: CellId
    kind: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)
    attachments: dict[str, Any] | None = None
    execution_count: int | None = None
    outputs: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


class Notebook(Struct, frozen=True):
    """`nbformat` and `nbformat_minor` are what was read; 4.5 is what is written."""

    metadata: dict[str, Any] = field(default_factory=dict)
    nbformat: int = 4
    nbformat_minor: int = 5
    cells: tuple[Cell, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
