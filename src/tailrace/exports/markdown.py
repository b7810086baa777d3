"""Markdown: prose as it stands, code and text outputs in fences, images inside the file."""

import re

from tailrace.exports.plain import (
    RASTER,
    Image,
    LeftOut,
    Piece,
    Table,
    Text,
    base64_text,
    left_out,
    pieces_of,
)
from tailrace.formats.notebook import Cell, Notebook

_TICKS = re.compile(r"`{3,}")


def markdown_of(notebook: Notebook) -> tuple[str, list[str]]:
    """The text, and sentences about what is not in it."""
    parts: list[str] = []
    pieces: list[Piece] = []
    for cell in notebook.cells:
        if cell.kind == "code":
            shown = list(pieces_of(cell))
            pieces += shown
            parts.append(_fenced(cell.source, language_of(notebook)))
            parts += [_shown(piece) for piece in shown]
        elif cell.kind == "markdown":
            parts.append(_with_attachments(cell))
        else:
            parts.append(_fenced(cell.source, ""))
    missing = left_out(pieces)
    return "\n\n".join(part for part in parts if part).rstrip("\n") + "\n", missing


def language_of(notebook: Notebook) -> str:
    """The notebook's language as a fence names it; letters and digits only."""
    info = notebook.metadata.get("language_info")
    name = info.get("name") if isinstance(info, dict) else None
    return (
        name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9+#-]{1,20}", name) else "python"
    )


def _fenced(text: str, language: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _shown(piece: Piece) -> str:
    match piece:
        case Text(text=text):
            return _fenced(text, "text")
        case Image(mime=mime, data=data):
            return f"![output](data:{mime};base64,{data})"
        case Table(html=html):
            return html
        case LeftOut(mime=mime):
            return f"*(An output of type `{mime}` is left out.)*"


def _with_attachments(cell: Cell) -> str:
    """`attachment:` images become part of the text."""
    source = cell.source
    for name, bundle in (cell.attachments or {}).items():
        if not isinstance(bundle, dict):
            continue
        for mime in RASTER:
            data = base64_text(bundle.get(mime))
            if data:
                source = source.replace(f"attachment:{name}", f"data:{mime};base64,{data}")
                break
    return source
