"""Outputs in a file of their own, beside a notebook that then holds none (ADR 13).

A notebook whose metadata say `tailrace.outputs: beside` is written as two files: the notebook
itself without outputs, counts and widget states, and `NAME.outputs.json` with them. The two
together are *the whole*: one run of bytes with one digest, so that whoever compares, keeps and
merges what is on disk need not know that it is two files. A notebook without a second file is
its own whole.

The second file is never needed to read the first: missing, damaged or of another notebook, it
gives no outputs, and nothing else is lost (FMT-11).
"""

import hashlib
import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tailrace.formats.ipynb import plain_output, raw_output
from tailrace.formats.json_text import json_value
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import NotANotebook
from tailrace.protocol.ids import CellId, is_id

SUFFIX = ".outputs.json"
_OURS = re.compile(rb'\A\s*\{\s*"application"\s*:\s*"tailrace outputs"')
_VERSION = 1
_MARK = b"tailrace: a notebook, and its outputs beside\n"
_DIGEST_CHARS = 16


class Whole(Struct, frozen=True):
    """`outputs` is null where there is no file beside."""

    notebook: bytes
    outputs: bytes | None = None

    def joined(self) -> bytes:
        if self.outputs is None:
            return self.notebook
        return b"".join((_MARK, len(self.notebook).to_bytes(8, "big"), self.notebook, self.outputs))


def whole_of(data: bytes) -> Whole:
    if not data.startswith(_MARK):
        return Whole(data)
    start = len(_MARK) + 8
    end = start + int.from_bytes(data[len(_MARK) : start], "big")
    return Whole(data[start:end], data[end:])


def says_beside(notebook: Notebook) -> bool:
    """Whether its outputs are to be in a file of their own."""
    ours = notebook.metadata.get("tailrace")
    return isinstance(ours, dict) and ours.get("outputs") == "beside"


def without_outputs(notebook: Notebook) -> Notebook:
    metadata = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    cells = tuple(
        replace(cell, outputs=(), execution_count=None) if cell.kind == "code" else cell
        for cell in notebook.cells
    )
    return replace(notebook, metadata=metadata, cells=cells)


def outputs_file(notebook: Notebook) -> bytes:
    """The file beside: what `without_outputs` takes away, by cell, in their order."""
    entries = [
        {
            "id": cell.cell_id,
            "source": _digest(cell),
            "execution_count": cell.execution_count,
            "outputs": [raw_output(output) for output in cell.outputs],
        }
        for cell in notebook.cells
        if cell.kind == "code"
    ]
    whole: dict[str, Any] = {
        "application": "tailrace outputs",  # sorts first: a file that is cut off says so still
        "version": _VERSION,
        "cells": entries,
    }
    if "widgets" in notebook.metadata:
        whole["widgets"] = notebook.metadata["widgets"]
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def with_outputs(notebook: Notebook, data: bytes, *, has_ids: bool) -> Notebook:
    """`notebook` with what the file beside says of cells that have no outputs themselves.

    Without ids in the notebook, cells are known by their source, and have the ids of there.
    """
    found = _entries(data)
    if found is None:
        return notebook
    entries, widgets = found
    if not has_ids:
        notebook = replace(notebook, cells=_named(notebook.cells, entries))
    by_id = {entry.cell_id: entry for entry in entries}
    cells = []
    for cell in notebook.cells:
        entry = by_id.get(cell.cell_id)
        if entry is not None and cell.kind == "code" and not cell.outputs:
            count = cell.execution_count if cell.execution_count is not None else entry.count
            cell = replace(cell, outputs=entry.outputs, execution_count=count)
        cells.append(cell)
    metadata = notebook.metadata
    if widgets is not None and "widgets" not in metadata:
        metadata = {**metadata, "widgets": widgets}
    return replace(notebook, metadata=metadata, cells=tuple(cells))


def is_outputs_file(data: bytes) -> bool:
    """Whether it is such a file, or what is left of one."""
    return not data.strip() or _OURS.match(data) is not None


class _Entry(Struct, frozen=True):
    cell_id: CellId
    source: str
    count: int | None
    outputs: tuple[dict[str, Any], ...]


def _entries(data: bytes) -> tuple[list[_Entry], Any] | None:
    """None for what is no such file, or a newer kind of it."""
    try:
        whole = json_value(data)
    except NotANotebook:
        return None
    if not isinstance(whole, dict) or whole.get("version") != _VERSION:
        return None
    listed = whole.get("cells")
    entries = [_entry(raw) for raw in listed] if isinstance(listed, list) else []
    widgets = whole.get("widgets")
    return [entry for entry in entries if entry], widgets if isinstance(widgets, dict) else None


def _entry(raw: Any) -> _Entry | None:
    match raw:
        case {"id": str(cell_id), "outputs": list(outputs)} if is_id(cell_id):
            count = raw.get("execution_count")
            try:
                shown = tuple(plain_output(each, f"an output of {cell_id}") for each in outputs)
            except NotANotebook:
                return None
            known = count if isinstance(count, int) and not isinstance(count, bool) else None
            return _Entry(CellId(cell_id), str(raw.get("source", "")), known, shown)
    return None


def _named(cells: Sequence[Cell], entries: Sequence[_Entry]) -> tuple[Cell, ...]:
    """The cells with the ids that those of the same source, or in their places, have there."""
    places = [place for place, cell in enumerate(cells) if cell.kind == "code"]
    now = [_digest(cells[place]) for place in places]
    was = [entry.source for entry in entries]
    names: dict[int, CellId] = {}
    for tag, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            names |= {places[c + n]: entries[a + n].cell_id for n in range(d - c)}
    taken = {cell.cell_id for place, cell in enumerate(cells) if place not in names}
    out = []
    for place, cell in enumerate(cells):
        name = names.get(place)
        if name is None or name in taken:
            out.append(cell)
            continue
        taken.add(name)
        out.append(replace(cell, cell_id=name))
    return tuple(out)


def _digest(cell: Cell) -> str:
    return hashlib.sha256(cell.source.encode("utf-8", "replace")).hexdigest()[:_DIGEST_CHARS]
