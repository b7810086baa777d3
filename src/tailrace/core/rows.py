"""One row of a screen: characters, each with the pen it was written with.

As text a row stands for itself: colours are opened where they start and closed at its
end, always in the same spelling, so that a row can be read back into characters and pens
and be moved, kept or dropped without its neighbours. While it is typed on, a row is text
as long as that is cheap, and a list of cells once colours are overwritten. Rule OUT-10.
"""

import re

from tailrace.core.colours import RESET

SGR = re.compile("\x1b\\[[0-9;]*m")

Cell = tuple[str, str]
"""A character and its pen."""


class Row:
    __slots__ = ("_cells", "_text", "_width")

    def __init__(self, text: str) -> None:
        self._text = text
        self._cells: list[Cell] | None = None
        self._width = -1

    @property
    def width(self) -> int:
        """How many characters the row shows."""
        if self._cells is not None:
            return len(self._cells)
        if self._width < 0:
            self._width = row_width(self._text)
        return self._width

    def text(self) -> str:
        return self._text if self._cells is None else _spelled(self._cells)

    def put(self, column: int, piece: str, pen: str) -> None:
        """Write `piece` at `column`, after spaces where the row is too short."""
        width = self.width
        if self._cells is None:
            text = self._text
            if column == width:
                self._text = _extended(text, piece, pen)
            elif pen or "\x1b" in text:
                self._cells = _cells(text)
            elif column > width:
                self._text = text + " " * (column - width) + piece
            else:
                self._text = text[:column] + piece + text[column + len(piece) :]
            self._width = max(width, column + len(piece))
        if self._cells is not None:
            if column > width:
                self._cells.extend([(" ", "")] * (column - width))
            self._cells[column : column + len(piece)] = [(character, pen) for character in piece]

    def truncate(self, column: int) -> None:
        """Drop the characters from `column` on."""
        if column >= self.width:
            return
        if column == 0:
            self._text, self._cells, self._width = "", None, 0
        elif self._cells is None and "\x1b" not in self._text:
            self._text, self._width = self._text[:column], column
        else:
            if self._cells is None:
                self._cells = _cells(self._text)
            del self._cells[column:]


def row_width(text: str) -> int:
    return len(SGR.sub("", text)) if "\x1b" in text else len(text)


def last_pen(text: str) -> str:
    """The pen of the last character of a row that ends with `RESET`."""
    opened = text.rfind("\x1b", 0, len(text) - len(RESET))
    return text[opened : text.find("m", opened) + 1]


def _extended(text: str, piece: str, pen: str) -> str:
    """`text` with `piece` behind its last character."""
    if not pen:
        return text + piece
    if text.endswith(RESET) and last_pen(text) == pen:
        return text[: -len(RESET)] + piece + RESET
    return text + pen + piece + RESET


def _cells(row: str) -> list[Cell]:
    cells: list[Cell] = []
    pen = ""
    position = 0
    for escape in SGR.finditer(row):
        cells.extend((character, pen) for character in row[position : escape.start()])
        pen = "" if escape.group() == RESET else escape.group()
        position = escape.end()
    cells.extend((character, pen) for character in row[position:])
    return cells


def _spelled(cells: list[Cell]) -> str:
    parts: list[str] = []
    current = ""
    for character, pen in cells:
        if pen != current:
            if current:
                parts.append(RESET)
            parts.append(pen)
            current = pen
        parts.append(character)
    if current:
        parts.append(RESET)
    return "".join(parts)
