"""The rows a cursor can still reach, while text with control characters is typed on them.

A row is its own small text: colours are opened where they start and closed at its end,
always in the same spelling, so that a row can be read back into characters and colours
and be moved, kept or dropped without its neighbours. A `Screen` lives for one call of
`text.folded`; what must outlast it is in `StreamOutput`. Rules OUT-5 to OUT-13.
"""

import re

from tailrace.core.colours import RESET, after_sgr

WIDE = 4096
"""Characters in a row; what is longer goes on in a new row, without a newline, as on a
terminal. It bounds what a carriage return costs, and no progress bar is wider."""

REACH = 63
"""Rows above the last one that the cursor can go up to: more than any set of nested
progress bars, and as many as a tall terminal shows."""

ESCAPE_LIMIT = 64
"""Characters after which an escape sequence without an end is given up."""

_SGR = re.compile("\x1b\\[[0-9;]*m")

_TOKEN = re.compile(
    "(?P<plain>[^\x1b\r\n\b]+)"
    "|(?P<control>[\r\n\b])"
    "|\x1b(?:"
    "\\[(?P<parameters>[0-?]{0,48})(?P<between>[ -/]{0,8})(?P<final>[@-~])?"
    "|(?P<string>[]PX^_])[^\x07\r\n\x1b]*(?P<string_end>\x07)?"
    "|(?P<intermediate>[ -/]{1,8})(?P<two_final>[0-~])?"
    "|(?P<single>[0-OQ-WYZ\\\\`-~])"
    ")?"
)

_UP = re.compile("\x1b\\[[0-?]*[AF]")


def may_go_up(text: str) -> bool:
    """Whether `text` may move the cursor to rows above the one it starts in."""
    return "\x1b" in text and _UP.search(text) is not None


class Screen:
    """Rows from top to bottom, the last one the newest; `row` counts from the last up.

    `above` rows over these are within reach too but stand elsewhere: the text does not go
    there.     `wrapped` says that the one row left continues a line that was too long: what stands
    before it is out of reach until the line ends.
    """

    def __init__(
        self,
        *,
        rows: list[str],
        above: int,
        wrapped: bool,
        row: int,
        column: int | None,
        pen: str,
        pending: str,
    ) -> None:
        self._frozen: list[str] = []
        self._rows = rows
        self._widths = [row_width(row) for row in rows]
        self._above = above
        self._wrapped = wrapped
        self.row = row
        self._column = self._widths[-1] if column is None else column
        self.pen = pen
        self.pending = pending

    def write(self, text: str) -> None:
        text = self.pending + text
        self.pending = ""
        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "plain":
                self._put(token.group())
            elif kind == "control":
                self._control(token.group())
            else:
                self._escape(token, at_end=token.end() == len(text))

    def text(self) -> str:
        return "".join(self._frozen) + "\n".join(self._rows)

    def reach(self) -> int:
        return -1 if self._wrapped else self._above + len(self._rows) - 1

    def width(self) -> int:
        return self._widths[-1]

    def cursor(self) -> int | None:
        """The column, or None where the cursor is at the very end."""
        if self.row == 0 and self._column == self.width():
            return None
        return self._column

    # ── characters ───────────────────────────────────────────────────────────

    def _put(self, run: str) -> None:
        while run:
            if self._column >= WIDE:
                self._wrap()
            piece = run[: WIDE - self._column]
            run = run[len(piece) :]
            at = len(self._rows) - 1 - self.row
            row, width = self._rows[at], self._widths[at]
            if self._column == width:
                self._rows[at] = _extended(row, piece, self.pen)
            else:
                self._rows[at] = _overwritten(row, self._column, piece, self.pen)
            self._column += len(piece)
            self._widths[at] = max(width, self._column)

    def _wrap(self) -> None:
        self._column = 0
        if self.row:
            self.row -= 1
            return
        self._frozen.append("\n".join(self._rows))
        self._rows = [""]
        self._widths = [0]
        self._above = 0
        self._wrapped = True

    def _control(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif self.row:
            self.row -= 1
            self._column = 0
        else:
            self._new_row()

    def _new_row(self) -> None:
        self._column = 0
        self._rows.append("")
        self._widths.append(0)
        if self._wrapped or self._above + len(self._rows) > REACH + 1:
            if self._above:
                self._above -= 1
            else:
                self._frozen.append(self._rows.pop(0) + "\n")
                del self._widths[0]
            self._wrapped = False

    # ── escapes ──────────────────────────────────────────────────────────────

    def _escape(self, token: re.Match[str], *, at_end: bool) -> None:
        final = token["final"]
        if final is not None:
            if not token["between"]:
                self._command(final, token["parameters"])
            return
        if token["string"] is not None:
            # What a title or a link says is not kept, so neither is it while it goes on.
            if token["string_end"] is None and at_end:
                self.pending = "\x1b" + token["string"]
            return
        complete = token["single"] is not None or token["two_final"] is not None
        if not complete and at_end:
            self.pending = token.group()

    def _command(self, final: str, parameters: str) -> None:
        if final == "m":
            self.pen = after_sgr(self.pen, parameters)
            return
        if parameters and not parameters.isdigit():
            return  # private modes, several parameters: none of those we follow
        number = int(parameters or "0")
        if final == "K":
            self._erase(number)
        elif final == "J":
            if number == 0:
                self._erase_below()
        elif final == "G":
            self._column = min(max(number, 1) - 1, WIDE)
        else:
            self._move(final, max(number, 1))

    def _move(self, final: str, distance: int) -> None:
        if final in "AF":
            self.row = min(self.row + distance, len(self._rows) - 1)
        elif final in "BE":
            self.row = max(self.row - distance, 0)
        elif final == "C":
            self._column = min(self._column + distance, WIDE)
        elif final == "D":
            self._column = max(self._column - distance, 0)
        if final in "EF":
            self._column = 0

    def _erase(self, part: int) -> None:
        at = len(self._rows) - 1 - self.row
        row, width = self._rows[at], self._widths[at]
        blank = self._column + 1
        if part == 2 or (part == 1 and blank >= width):
            self._rows[at], self._widths[at] = "", 0
        elif part == 1:
            self._rows[at] = _overwritten(row, 0, " " * blank, "")
        elif part == 0 and self._column < width:
            self._rows[at], self._widths[at] = _truncated(row, self._column), self._column

    def _erase_below(self) -> None:
        self._erase(0)
        if self.row:
            del self._rows[-self.row :], self._widths[-self.row :]
            self.row = 0


# ── rows ─────────────────────────────────────────────────────────────────────


def row_width(row: str) -> int:
    """How many characters `row` shows."""
    return len(_SGR.sub("", row)) if "\x1b" in row else len(row)


def _overwritten(row: str, column: int, piece: str, pen: str) -> str:
    """`row` with `piece` standing at `column`, padded with spaces if it was shorter."""
    if "\x1b" not in row:
        if not pen:
            if column > len(row):
                return row + " " * (column - len(row)) + piece
            return row[:column] + piece + row[column + len(piece) :]
        if column >= len(row):
            return row + " " * (column - len(row)) + pen + piece + RESET
    cells = _cells(row)
    if column > len(cells):
        cells.extend((" ", "") for _ in range(column - len(cells)))
    cells[column : column + len(piece)] = [(character, pen) for character in piece]
    return _spelled(cells)


def _extended(row: str, piece: str, pen: str) -> str:
    """`row` with `piece` behind its last character."""
    if row.endswith(RESET):
        body = row[: -len(RESET)]
        opened = body.rfind("\x1b")
        if pen and body[opened : body.find("m", opened) + 1] == pen:
            return body + piece + RESET
    return row + pen + piece + RESET if pen else row + piece


def _truncated(row: str, column: int) -> str:
    if "\x1b" not in row:
        return row[:column]
    return _spelled(_cells(row)[:column])


def _cells(row: str) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    pen = ""
    position = 0
    for escape in _SGR.finditer(row):
        cells.extend((character, pen) for character in row[position : escape.start()])
        pen = "" if escape.group() == RESET else escape.group()
        position = escape.end()
    cells.extend((character, pen) for character in row[position:])
    return cells


def _spelled(cells: list[tuple[str, str]]) -> str:
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
