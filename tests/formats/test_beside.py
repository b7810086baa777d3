"""Outputs in a file beside: taken out, put back, and never needed."""

import json

from msgspec.structs import replace

from tailrace.formats.beside import outputs_file, whole_of
from tailrace.formats.forms import form_of
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId

IPYNB = form_of("a.ipynb")
PERCENT = form_of("a.py")
SHOWN = ({"output_type": "stream", "name": "stdout", "text": "1\n2\n"},)
BESIDE = {"tailrace": {"outputs": "beside"}}


def notebook(**more: object) -> Notebook:
    cells = (
        Cell(CellId("a"), "code", "print(1)", execution_count=3, outputs=SHOWN),
        Cell(CellId("t"), "markdown", "text"),
        Cell(CellId("b"), "code", "2"),
    )
    return Notebook({**BESIDE, **more}, cells=cells)


def test_a_notebook_is_written_without_outputs_and_read_with_them() -> None:  # FMT-10
    states = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    value = notebook(widgets=states)
    whole = IPYNB.render(value)
    parts = whole_of(whole)

    alone = json.loads(parts.notebook)
    assert alone["cells"][0]["outputs"] == []
    assert alone["cells"][0]["execution_count"] is None
    assert "widgets" not in alone["metadata"]
    assert IPYNB.parse(whole) == value


def test_a_text_notebook_knows_its_cells_by_their_sources() -> None:  # FMT-10
    whole = PERCENT.render(notebook())
    found = PERCENT.parse(whole)

    assert b"outputs: beside" in whole_of(whole).notebook
    assert found.cells[0].outputs == SHOWN
    assert [cell.cell_id for cell in found.cells if cell.kind == "code"] == ["a", "b"]


def test_a_file_that_is_damaged_gives_no_outputs_and_keeps_nothing_shut() -> None:  # FMT-11
    parts = whole_of(IPYNB.render(notebook()))
    assert parts.outputs is not None
    for damaged in (
        b"",
        parts.outputs[:60],
        b"<<<<<<< HEAD\n" + parts.outputs,
        b"[1]",
        b'{"application": "tailrace outputs", "version": 1, "cells": [{"id": 3}, null]}',
        b'{"application": "tailrace outputs", "version": 99, "cells": []}',
    ):
        found = IPYNB.parse(replace(parts, outputs=damaged).joined())
        assert [cell.outputs for cell in found.cells] == [(), (), ()]


def test_a_file_of_another_state_gives_outputs_to_the_cells_it_knows() -> None:  # FMT-11
    fewer = replace(notebook(), cells=(*notebook().cells[1:], Cell(CellId("n"), "code", "new")))
    parts = whole_of(IPYNB.render(fewer))
    stale = outputs_file(notebook())

    found = IPYNB.parse(replace(parts, outputs=stale).joined())
    assert [cell.cell_id for cell in found.cells] == ["t", "b", "n"]


def test_outputs_that_another_tool_wrote_into_the_notebook_win() -> None:  # FMT-11
    inside = replace(notebook(), metadata={})
    newer = ({"output_type": "stream", "name": "stdout", "text": "newer"},)
    cells = (replace(inside.cells[0], outputs=newer, execution_count=9), *inside.cells[1:])
    data = IPYNB.render(replace(inside, cells=cells))
    parts = whole_of(IPYNB.render(notebook()))

    found = IPYNB.parse(replace(parts, notebook=data).joined())
    assert found.cells[0].outputs == newer
    assert found.cells[0].execution_count == 9
