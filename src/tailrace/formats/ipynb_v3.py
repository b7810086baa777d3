"""Notebooks of nbformat 3 (2012 to 2015), read as today's.

Worksheets become one list of cells, headings become Markdown, `pyout` and `pyerr` become
`execute_result` and `error`, and short names become MIME types: what nbformat's own
conversion does. Wrong types are left for `ipynb.py` to refuse with their place.
"""

from typing import Any

from tailrace.formats.json_text import json_value
from tailrace.protocol.errors import NotANotebook

_MIMES = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
}


def upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook of nbformat 3 as one of nbformat 4."""
    whole = dict(notebook)
    worksheets = whole.pop("worksheets", [])
    if not isinstance(worksheets, list):
        raise NotANotebook("`worksheets` of the notebook is no list; restore it from a copy")
    cells: list[Any] = []
    for number, worksheet in enumerate(worksheets, start=1):
        listed = worksheet.get("cells", []) if isinstance(worksheet, dict) else None
        if not isinstance(listed, list):
            raise NotANotebook(f"worksheet {number} holds no list of cells; restore a copy")
        cells.extend(map(_cell, listed))
    metadata = whole.get("metadata", {})
    if isinstance(metadata, dict):
        metadata = {key: value for key, value in metadata.items() if key != "name"}
    for key in ("orig_nbformat", "orig_nbformat_minor"):
        whole.pop(key, None)
    return {**whole, "cells": cells, "metadata": metadata}


def _cell(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    cell = dict(raw)
    cell.setdefault("metadata", {})
    kind = cell.get("cell_type")
    if kind == "code":
        cell.pop("language", None)
        if "collapsed" in cell:
            collapsed = cell.pop("collapsed")
            if isinstance(cell["metadata"], dict):
                cell["metadata"] = {**cell["metadata"], "collapsed": collapsed}
        cell["source"] = cell.pop("input", "")
        cell["execution_count"] = cell.pop("prompt_number", None)
        outputs = cell.get("outputs", [])
        cell["outputs"] = list(map(_output, outputs)) if isinstance(outputs, list) else outputs
    elif kind in ("heading", "html"):
        cell["cell_type"] = "markdown"
        if kind == "heading":
            level = cell.pop("level", 1)
            level = level if isinstance(level, int) and 1 <= level <= 6 else 1
            source = _joined(cell.get("source", ""))
            if isinstance(source, str):
                cell["source"] = f"{'#' * level} {' '.join(source.splitlines())}"
    cell.pop("rendered", None)
    return cell


def _output(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    output = dict(raw)
    kind = output.get("output_type")
    if kind in ("pyout", "display_data"):
        new: dict[str, Any] = {"output_type": "display_data"}
        if kind == "pyout":
            new["output_type"] = "execute_result"
            new["execution_count"] = output.pop("prompt_number", None)
        metadata = output.pop("metadata", {})
        new["metadata"] = _with_mimes(metadata) if isinstance(metadata, dict) else metadata
        output.pop("output_type")
        data = _with_mimes(output)
        text = _joined(data.get("application/json"))
        if isinstance(text, str):
            data["application/json"] = _json_or_text(text)
        new["data"] = data
        return new
    if kind == "pyerr":
        output["output_type"] = "error"
    elif kind == "stream":
        output["name"] = output.pop("stream", "stdout")
    return output


def _with_mimes(short: dict[str, Any]) -> dict[str, Any]:
    return {_MIMES.get(key, key): value for key, value in short.items()}


def _json_or_text(text: str) -> Any:
    try:
        return json_value(text.encode("utf-8", errors="backslashreplace"))
    except NotANotebook:
        return text


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value
