"""What of an output can be shown anywhere: text, an image, a table, an error.

Everything else (other HTML, scripts, widgets) would have to be trusted; it is shown by its
text form where it has one, and counted as left out, so that an export can say so.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from tailrace.exports.tables import tables_of
from tailrace.formats.notebook import Cell
from tailrace.formats.outputs import outputs_from_nbformat
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, StreamOutput

RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
SVG = "image/svg+xml"

# CSI sequences, OSC strings, and whatever escape is left.
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_DRAWING = re.compile(r"\s*(?:<\?xml|<!DOCTYPE svg|<!--|<svg[\s>])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Text(Struct, frozen=True):
    text: str
    is_error: bool = False


class Image(Struct, frozen=True):
    """`data` is base64 without white space, checked to be that. A drawing (SVG) is only ever a
    picture, in which nothing runs and nothing is loaded."""

    mime: str
    data: str
    alt: str


class Table(Struct, frozen=True):
    """`html` is made here, of what was read: cells and text (`tables.py`)."""

    html: str
    alt: str


class LeftOut(Struct, frozen=True):
    """An output, or the richer form of one that is shown as text."""

    mime: str


Piece = Text | Image | Table | LeftOut


def pieces_of(cell: Cell) -> Iterator[Piece]:
    """What a cell's outputs come to, in order."""
    for output in outputs_from_nbformat(cell.outputs):
        match output:
            case StreamOutput():
                yield Text(plain_text(output.head + output.tail), output.name == "stderr")
            case ErrorOutput():
                lines = output.traceback or (f"{output.name}: {output.message}",)
                yield Text(plain_text("\n".join(lines)), is_error=True)
            case DisplayOutput():
                yield from _bundle(output.data)


def left_out(pieces: Iterable[Piece]) -> list[str]:
    """Sentences for a person: what is not in the export, and how often."""
    counted = Counter(piece.mime for piece in pieces if isinstance(piece, LeftOut))
    return [
        f"{number} output{'' if number == 1 else 's'} of type {mime}"
        for mime, number in sorted(counted.items())
    ]


def plain_text(text: str) -> str:
    """Text as a terminal would show it in the end: no escapes, no overwritten lines."""
    text = _ANSI.sub("", text)
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", "\n".join(lines))


def _bundle(data: dict[str, Any]) -> Iterator[Piece]:
    """The best form that needs no trust; richer ones are named."""
    alt = data.get("text/plain")
    alt = plain_text(alt) if isinstance(alt, str) else ""
    rich = sorted(mime for mime in data if mime not in (*RASTER, "text/plain", "text/markdown"))
    for mime in RASTER:
        image = base64_text(data.get(mime))
        if image:
            yield Image(mime, image, alt)
            return
    drawing = data.get(SVG)
    if isinstance(drawing, str) and _DRAWING.match(drawing):
        yield Image(SVG, base64.b64encode(drawing.encode("utf-8", "replace")).decode(), alt)
        return
    page = data.get("text/html")
    if isinstance(page, str) and (table := tables_of(page)) is not None:
        yield Table(table, alt)
        return
    if rich:
        # One name for each output: most of what is rich is HTML among other things.
        yield LeftOut("text/html" if "text/html" in rich else rich[0])
    text = data.get("text/markdown")
    if isinstance(text, str) and not alt:
        alt = plain_text(text)
    if alt:
        yield Text(alt)


def base64_text(value: Any) -> str | None:
    """`value` without white space if it is base64, else None."""
    if not isinstance(value, str):
        return None
    data = "".join(value.split())
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data
