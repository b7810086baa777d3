"""`.ipynb` bytes to the notebook value and back.

`parse` takes nbformat 3 to 4.5 (and what a later 4.x may add), mends what can be mended
without guessing (missing and doubled ids, missing metadata), and refuses everything else
with a `NotANotebook` that says where. `render` writes as nbformat's own writer does, so
that a 4.5 file which nbformat wrote and nobody changed comes back byte for byte, and a
change shows in a diff as itself.
"""

import json
from typing import Any, NoReturn, TypeGuard

from tailrace.formats.cell_ids import with_ids
from tailrace.formats.ipynb_v3 import upgraded
from tailrace.formats.json_text import LIMIT_BYTES, is_json_mime, json_value
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import NotANotebook
from tailrace.protocol.ids import CellId, is_id

MINOR = 5
"""The newest minor version of nbformat 4, and the first whose cells have ids."""

_TRANSIENT = ("orig_nbformat", "orig_nbformat_minor", "signature")
_SPLIT_MIMES = ("application/javascript", "image/svg+xml")
_CODE_KEYS = ("execution_count", "outputs")
_CELL_KEYS = ("id", "cell_type", "source", "metadata", "attachments")
_NOTEBOOK_KEYS = ("cells", "metadata", "nbformat", "nbformat_minor")

# ── reading ──────────────────────────────────────────────────────────────────


def parse(data: bytes, *, limit_bytes: int = LIMIT_BYTES) -> Notebook:
    """The notebook that `data` holds. Raises `NotANotebook`, and nothing else."""
    whole = json_value(data, limit_bytes=limit_bytes)
    if not isinstance(whole, dict):
        raise NotANotebook(
            f"the file holds {_named(whole)} where a notebook is an object; it is JSON, but no "
            "notebook"
        )
    major = whole.get("nbformat")
    minor = whole.get("nbformat_minor", 0)
    if not _is_integer(major):
        raise NotANotebook("the file has no number `nbformat`: it is JSON, but no notebook")
    if not _is_integer(minor):
        _wrong("the notebook", "nbformat_minor", minor, "a number")
    if major > 4:
        raise NotANotebook(
            f"the notebook is of format {major}, which is newer than this program; update it"
        )
    if major < 3:
        raise NotANotebook(
            f"the notebook is of format {major}, from before 2013; convert it once with "
            "`jupyter nbconvert --to notebook FILE`"
        )
    if major == 3:
        whole = upgraded(whole)
        minor = MINOR
    metadata = dict(_object(whole.get("metadata", {}), "the notebook", "metadata"))
    for key in _TRANSIENT:
        metadata.pop(key, None)
    cells = whole.get("cells", [])
    if not isinstance(cells, list):
        _wrong("the notebook", "cells", cells, "a list")
    return Notebook(
        metadata=metadata,
        nbformat=4,
        nbformat_minor=minor,
        cells=with_ids([_cell(raw, number) for number, raw in enumerate(cells, start=1)]),
        extra={key: value for key, value in whole.items() if key not in _NOTEBOOK_KEYS},
    )


def _cell(raw: Any, number: int) -> Cell:
    where = f"cell {number}"
    if not isinstance(raw, dict):
        raise NotANotebook(f"{where} is {_named(raw)}, should be an object; remove it")
    kind = raw.get("cell_type")
    if not isinstance(kind, str) or not kind:
        _wrong(where, "cell_type", kind, "code, markdown or raw")
    source = _joined(raw.get("source", ""))
    if not isinstance(source, str):
        _wrong(where, "source", source, "text or a list of lines")
    metadata = dict(_object(raw.get("metadata", {}), where, "metadata"))
    metadata.pop("trusted", None)
    known: tuple[str, ...] = _CELL_KEYS
    count: int | None = None
    outputs: tuple[dict[str, Any], ...] = ()
    if kind == "code":
        known += _CODE_KEYS
        count = raw.get("execution_count")
        if count is not None and not _is_integer(count):
            _wrong(where, "execution_count", count, "a number or null")
        listed = raw.get("outputs", [])
        if not isinstance(listed, list):
            _wrong(where, "outputs", listed, "a list")
        outputs = tuple(
            plain_output(output, f"output {place} of {where}")
            for place, output in enumerate(listed, start=1)
        )
    cell_id = raw.get("id")
    return Cell(
        cell_id=CellId(cell_id if isinstance(cell_id, str) and is_id(cell_id) else ""),
        kind=kind,
        source=source,
        metadata=metadata,
        attachments=_attachments(raw["attachments"], where) if "attachments" in raw else None,
        execution_count=count,
        outputs=outputs,
        extra={key: value for key, value in raw.items() if key not in known},
    )


def _attachments(raw: Any, where: str) -> dict[str, Any]:
    attachments = _object(raw, where, "attachments")
    return {
        name: _bundle(bundle, f"attachment {name!r} of {where}")
        for name, bundle in attachments.items()
    }


def plain_output(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise NotANotebook(f"{where} is {_named(raw)}, should be an object; remove it")
    kind = raw.get("output_type")
    if not isinstance(kind, str) or not kind:
        _wrong(where, "output_type", kind, "stream, display_data, execute_result or error")
    output = dict(raw)
    if kind in ("display_data", "execute_result"):
        output["data"] = _bundle(raw.get("data", {}), where)
        output["metadata"] = _object(raw.get("metadata", {}), where, "metadata")
    elif "text" in raw:
        output["text"] = _joined(raw["text"])
        if kind == "stream" and not isinstance(output["text"], str):
            _wrong(where, "text", output["text"], "text or a list of lines")
    return output


def _bundle(raw: Any, where: str) -> dict[str, Any]:
    bundle = _object(raw, where, "data")
    return {mime: value if is_json_mime(mime) else _joined(value) for mime, value in bundle.items()}


# ── writing ──────────────────────────────────────────────────────────────────


def render(notebook: Notebook) -> bytes:
    """The file of `notebook`, in nbformat 4.5 (or the later 4.x that it had)."""
    whole = {
        **notebook.extra,
        "cells": [_raw_cell(cell) for cell in notebook.cells],
        "metadata": {
            key: value for key, value in notebook.metadata.items() if key not in _TRANSIENT
        },
        "nbformat": 4,
        "nbformat_minor": max(MINOR, notebook.nbformat_minor),
    }
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    # What is left of lone surrogates becomes `\udXXX`, which is JSON's own way to say them.
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def with_whole_texts(notebook: Notebook) -> dict[str, Any]:
    """What nbformat's reader makes of its file: of the minor version that it had, no text in
    lines. So Jupyter's clients are given it."""
    has_ids = notebook.nbformat_minor >= MINOR
    return {
        **notebook.extra,
        "cells": [_whole_cell(cell, has_id=has_ids) for cell in notebook.cells],
        "metadata": notebook.metadata,
        "nbformat": 4,
        "nbformat_minor": notebook.nbformat_minor,
    }


def _whole_cell(cell: Cell, *, has_id: bool) -> dict[str, Any]:
    raw = {
        **_raw_cell(cell),
        "source": cell.source,
        **({} if cell.attachments is None else {"attachments": cell.attachments}),
        **({"outputs": list(cell.outputs)} if cell.kind == "code" else {}),
    }
    if not has_id:
        del raw["id"]
    return raw


def _raw_cell(cell: Cell) -> dict[str, Any]:
    raw: dict[str, Any] = {
        **cell.extra,
        "id": cell.cell_id,
        "cell_type": cell.kind,
        "source": cell.source.splitlines(True),
        "metadata": {key: value for key, value in cell.metadata.items() if key != "trusted"},
    }
    if cell.attachments is not None:
        raw["attachments"] = {
            name: _split_bundle(bundle) if isinstance(bundle, dict) else bundle
            for name, bundle in cell.attachments.items()
        }
    if cell.kind == "code":
        raw["execution_count"] = cell.execution_count
        raw["outputs"] = [raw_output(output) for output in cell.outputs]
    return raw


def raw_output(output: dict[str, Any]) -> dict[str, Any]:
    match output:
        case {"output_type": "display_data" | "execute_result", "data": dict(data)}:
            return {**output, "data": _split_bundle(data)}
        case {"output_type": "stream", "text": str(text)}:
            return {**output, "text": text.splitlines(True)}
    return output


def _split_bundle(bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        mime: value.splitlines(True)
        if isinstance(value, str) and (mime.startswith("text/") or mime in _SPLIT_MIMES)
        else value
        for mime, value in bundle.items()
    }


# ── values ───────────────────────────────────────────────────────────────────


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(value: Any, where: str, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _wrong(where, key, value, "an object")
    return value


def _wrong(where: str, key: str, value: Any, wanted: str) -> NoReturn:
    raise NotANotebook(
        f"`{key}` of {where} is {_named(value)}, should be {wanted}; repair it in a text "
        "editor, or restore the file from a copy"
    )


def _named(value: Any) -> str:
    match value:
        case None:
            return "missing or null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
