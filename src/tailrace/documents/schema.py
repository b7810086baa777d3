"""The shape of the shared document, in one place (DOC-1).

    cells: Map     cell id → Map { kind: str, source: Text, position: str,
                                   metadata: Map of JSON values,
                                   attachments?: Map of JSON values,
                                   extra?: Map of JSON values }
    metadata: Map  of JSON values: the notebook's own

Cells are in order of (position, cell id); positions are fractional-indexing keys, so a
cell moves by one write to itself. Outputs are not in the document.

Whatever a peer wrote, reading never raises: a field that is missing or of another type
reads as its default (DOC-3). The document holds JSON values as a browser does; what it
cannot hold exactly it holds as `storable` says, and `restored` finds the exact value
again in the file it came from as long as nobody changed it (DOC-4).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from fractional_indexing import (  # type: ignore[import-untyped]
    FIError,
    generate_n_keys_between,
    validate_order_key,
)
from msgspec import Struct
from pycrdt import Array, Doc, Map, Text

from tailrace.formats.notebook import Cell
from tailrace.protocol.ids import CellId, is_id

CELLS = "cells"
METADATA = "metadata"
ROOTS = frozenset({CELLS, METADATA})

DEFAULT_KIND = "code"
LAST_POSITION = "~"  # after every key: a cell whose position cannot be read comes last
POSITION_CHARS = 200  # longer keys still sort, but nothing is placed beside them
SAFE_INTEGER = 2**53 - 1  # JavaScript's: beyond it integers are not exact
VALUE_DEPTH = 64  # levels of nested JSON; deeper ones are null in the document


class DocumentCell(Struct, frozen=True):
    """One cell as the document has it. `attachments` is null where the cell has none."""

    cell_id: CellId
    kind: str
    source: str
    position: str
    metadata: dict[str, Any]
    attachments: dict[str, Any] | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def rank(self) -> tuple[str, str]:
        return (self.position, self.cell_id)


# ── reading ──────────────────────────────────────────────────────────────────


def cells_of(doc: Doc[Any]) -> "Map[Any]":
    cells: Map[Any] = doc.get(CELLS, type=Map)
    return cells


def metadata_of(doc: Doc[Any]) -> "Map[Any]":
    metadata: Map[Any] = doc.get(METADATA, type=Map)
    return metadata


def read_cell(cell_id: str, value: object) -> DocumentCell | None:
    """The cell under this key, None where there is nothing that could be one."""
    if not is_id(cell_id) or not isinstance(value, Map):
        return None
    kind, source = value.get("kind"), value.get("source")
    position = value.get("position")
    attachments, extra = value.get("attachments"), value.get("extra")
    return DocumentCell(
        CellId(cell_id),
        kind if isinstance(kind, str) and kind else DEFAULT_KIND,
        source_of(source),
        position if isinstance(position, str) and position.isascii() else LAST_POSITION,
        read_map(value.get("metadata")),
        None if attachments is None else read_map(attachments),
        read_map(extra),
    )


def source_of(value: object) -> str:
    if isinstance(value, Text):
        return str(value)
    return value if isinstance(value, str) else ""


def read_map(value: object) -> dict[str, Any]:
    """A Map's entries as JSON values; {} for anything that is no map."""
    plain = _plain(value, VALUE_DEPTH)
    return plain if isinstance(plain, dict) else {}


def _plain(value: object, depth: int) -> Any:
    """Shared types as the plain values they stand for, down to `depth` levels."""
    if isinstance(value, Map):
        if depth == 0:
            return None
        return {key: _plain(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, Array):
        return None if depth == 0 else [_plain(inner, depth - 1) for inner in value]
    if isinstance(value, Text):
        return str(value)
    return storable(value, depth)


# ── writing ──────────────────────────────────────────────────────────────────


def shared_cell(cell: Cell, position: str) -> "Map[Any]":
    """A Map to put into `cells`."""
    fields: dict[str, Any] = {
        "kind": storable_text(cell.kind),
        "source": Text(storable_text(cell.source)),
        "position": position,
        "metadata": Map(storable_map(cell.metadata)),
    }
    if cell.attachments is not None:
        fields["attachments"] = Map(storable_map(cell.attachments))
    if cell.extra:
        fields["extra"] = Map(storable_map(cell.extra))
    return Map(fields)


def storable(value: Any, depth: int = VALUE_DEPTH) -> Any:
    """`value` as the document holds it and gives it back: numbers as JavaScript's, no lone
    surrogates, nothing below `depth` levels, only what JSON has."""
    match value:
        case None | bool():
            return value
        case str():
            return storable_text(value)
        case int() if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
        case int() | float():
            return _number(value)
        case Mapping():
            if depth == 0:
                return None
            return {
                storable_text(str(key)): storable(inner, depth - 1) for key, inner in value.items()
            }
        case list() | tuple():
            return None if depth == 0 else [storable(inner, depth - 1) for inner in value]
        case _:
            return None


def _number(value: float) -> int | float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    whole = int(number)
    return whole if whole == number and abs(whole) <= SAFE_INTEGER else number


def storable_map(value: Mapping[str, Any]) -> dict[str, Any]:
    stored = storable(value)
    return stored if isinstance(stored, dict) else {}


def storable_text(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 and so no update can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        # Two halves that belong together become their character, the rest U+FFFD.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def same_json(one: Any, other: Any) -> bool:
    """Equality that tells true from 1, as JSON does and Python does not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def restored(value: Any, original: Any) -> Any:
    """`original`, exactly, where the document still holds what was stored for it."""
    return original if same_json(value, storable(original)) else value


def restored_map(value: dict[str, Any], original: Mapping[str, Any]) -> dict[str, Any]:
    """`value` in the order of `original`, with its exact values where they still hold."""
    if same_json(value, storable_map(original)):
        return dict(original)
    kept = {key: restored(value[key], original[key]) for key in original if key in value}
    return kept | {key: inner for key, inner in value.items() if key not in kept}


# ── order ────────────────────────────────────────────────────────────────────


def is_anchor(position: str) -> bool:
    """Whether a key can be placed before and after this one."""
    if len(position) > POSITION_CHARS or not position.isalnum() or not position.isascii():
        return False
    try:
        validate_order_key(position)
    except (FIError, IndexError):
        return False
    return True


def positions_between(before: str | None, after: str | None, count: int) -> list[str]:
    """`count` keys in order, between two anchors (None: no bound there)."""
    keys: list[str] = generate_n_keys_between(before, after, count)
    return keys


def in_order(cells: Iterable[DocumentCell]) -> list[DocumentCell]:
    return sorted(cells, key=lambda cell: cell.rank)
