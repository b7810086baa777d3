"""The rows a cursor can still reach, while text with control characters is typed on them.

A `Screen` lives for one call of `text.folded`; what must outlast it is in `StreamOutput`.
Time goes with the length of the text, whatever the text does. Rules OUT-5 to OUT-13.
"""

import re

from tailrace.core.colours import after_sgr
from tailrace.core.rows import Row

WIDE = 4096
"""Characters in a row; what is longer goes on in a new row, without a newline, as on a
terminal. It bounds what a carriage return costs, and no progress bar is wider."""

REACH = 63
"""Rows above the last one that the cursor can go up to: more than any set of nested
progress bars, and as many as a tall terminal shows."""

ESCAPE_LIMIT = 64
"""Characters after which an escape sequence without an end is given up."""

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
        self._rows = [Row(text) for text in rows]
        self._above = above
        self._wrapped = wrapped
        self.row = row
        self._column = self._rows[-1].width if column is None else column
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
        return "".join(self._frozen) + self._screenful()

    def _screenful(self) -> str:
        return "\n".join([row.text() for row in self._rows])

    def reach(self) -> int:
        return -1 if self._wrapped else self._above + len(self._rows) - 1

    def width(self) -> int:
        return self._rows[-1].width

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
            self._row().put(self._column, piece, self.pen)
            self._column += len(piece)

    def _row(self) -> Row:
        return self._rows[-1 - self.row]

    def _wrap(self) -> None:
        self._column = 0
        if self.row:
            self.row -= 1
            return
        self._frozen.append(self._screenful())
        self._rows = [Row("")]
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
        self._rows.append(Row(""))
        if self._wrapped or self._above + len(self._rows) > REACH + 1:
            if self._above:
                self._above -= 1
            else:
                self._frozen.append(self._rows.pop(0).text() + "\n")
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
        row = self._row()
        if part == 0:
            row.truncate(self._column)
        elif part == 2 or (part == 1 and self._column + 1 >= row.width):
            row.truncate(0)
        elif part == 1:
            row.put(0, " " * (self._column + 1), "")

    def _erase_below(self) -> None:
        self._erase(0)
        if self.row:
            del self._rows[-self.row :]
            self.row = 0
