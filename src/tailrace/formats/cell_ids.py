"""Ids for cells whose file has none: from their content, so that reading twice gives the same."""

import hashlib

from msgspec.structs import replace

from tailrace.formats.notebook import Cell
from tailrace.protocol.ids import CellId


def with_ids(cells: list[Cell]) -> tuple[Cell, ...]:
    """Every cell has an id of its own; those given depend on nothing but the cells."""
    taken: set[str] = set()
    lacking: list[int] = []
    for place, cell in enumerate(cells):
        if cell.cell_id and cell.cell_id not in taken:
            taken.add(cell.cell_id)
        else:
            lacking.append(place)
    for place in lacking:
        cell = cells[place]
        number = 0
        while True:
            content = f"{cell.kind}\0{cell.source}\0{number}"
            cell_id = hashlib.sha256(content.encode("utf-8")).hexdigest()[:12]
            if cell_id not in taken:
                break
            number += 1
        taken.add(cell_id)
        cells[place] = replace(cell, cell_id=CellId(cell_id))
    return tuple(cells)
