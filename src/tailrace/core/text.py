"""Fold the text of one stream as a terminal would, and keep its ends.

What a program prints is a small language: newlines, carriage returns, backspaces and
escape sequences. This module adds such text to a `StreamOutput`: a progress bar is one
line, nested bars are as many lines as there are bars, colours stay, other escapes go.
Rules OUT-1 to OUT-18 of `docs/spec/core.md`.

Two properties carry everything. Text may be cut anywhere, inside an escape sequence too:
`folded(a + b) == folded(folded(a), b)`. And text without control characters comes out as
it went in. Both hold because the result is that of taking one character after the other;
the fast path and the cuts are short ways to the same value.

The same fold runs in the browser (`web/src/core/`); `fixtures/folds/` keeps them equal.
"""

import re

from msgspec.structs import replace

from tailrace.core.colours import RESET, after_sgr
from tailrace.core.rows import last_pen
from tailrace.core.screen import ESCAPE_LIMIT, REACH, WIDE, Screen, may_go_up
from tailrace.protocol.outputs import StreamOutput

HEAD = 32 * 1024
"""Characters kept of a stream's beginning: about four hundred lines, what went wrong first."""

TAIL = 64 * 1024
"""Characters kept of its end: the last moments matter more, and a page scrolls them well."""

STEP = 8 * 1024
"""The tail is cut in steps of this: most appends then only append, here and in the page."""

SGR_PARAMETERS = re.compile("\x1b\\[([0-9;:]{0,48})m")


def folded(stream: StreamOutput, text: str) -> StreamOutput:
    """`stream` with `text` written at its cursor."""
    if not text:
        return stream
    if stream.column is None and not stream.row and not stream.pending and "\b" not in text:
        lines = text.count("\n")
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if "\r" not in text:
            if "\x1b" not in text and not stream.pen:
                return _appended(stream, text, lines)
            coloured = _coloured(stream, text, lines)
            if coloured is not None:
                return coloured
        return _on_screen(stream, text, lines)
    return _on_screen(stream, text, text.count("\n"))


def shown_whole(text: str) -> str:
    """All of `text` as a terminal would leave it, nothing left out: for a file, an export."""
    if "\x1b" not in text and "\b" not in text:
        text = text.replace("\r\n", "\n")
        if "\r" not in text:
            return text
    screen = Screen(rows=[""], above=0, wrapped=False, row=0, column=0, pen="", pending="")
    screen.write(text)
    return screen.text()


def _appended(stream: StreamOutput, text: str, lines: int) -> StreamOutput:
    """The fast path: nothing moves the cursor, so text goes to the end."""
    if not lines:
        width = stream.width + len(text)
        reach = stream.reach
        if width > WIDE:
            width = (width - 1) % WIDE + 1
            reach = -1
    else:
        width = len(text) - text.rfind("\n") - 1
        if stream.width + len(text) <= WIDE:
            reach = min(stream.reach + lines, REACH)
        else:
            reach = _reach_after(stream, text)
            if width > WIDE:
                width = (width - 1) % WIDE + 1
    head, tail = stream.head, stream.tail
    if tail:
        tail += text
    else:
        head += text
    return _cut(
        StreamOutput(
            index=stream.index,
            name=stream.name,
            head=head,
            tail=tail,
            omitted_chars=stream.omitted_chars,
            omitted_lines=stream.omitted_lines,
            start_line=stream.start_line,
            lines=stream.lines + lines,
            reach=reach,
            width=width,
        )
    )


def _coloured(stream: StreamOutput, text: str, lines: int) -> StreamOutput | None:
    """The way between: text at the end, and no escapes but colours, spelled row by row.

    None where there is more to it: another escape, a line longer than a row.
    """
    parts = SGR_PARAMETERS.split(text)
    plain = "".join(parts[::2])
    if "\x1b" in plain:
        return None
    width = len(plain) - plain.rfind("\n") - 1 + (0 if lines else stream.width)
    if stream.width + len(plain) > WIDE and max(map(len, plain.split("\n"))) > WIDE - stream.width:
        return None
    shown = stream.tail or stream.head
    pen = stream.pen
    # With nothing in the last row, what stands before belongs to a row that is closed.
    opened = last_pen(shown) if stream.width and shown.endswith(RESET) else ""
    spelled = [shown[: -len(RESET)] if opened else shown]
    for place, part in enumerate(parts):
        if place % 2:
            pen = after_sgr(pen, part)
        elif part:
            if opened and (opened != pen or part[0] == "\n"):
                spelled.append(RESET)
                opened = ""
            if not pen:
                spelled.append(part)
                continue
            begin, newline, rest = part.partition("\n")
            if begin:
                spelled.append(begin if opened else pen + begin)
                opened = pen
            while newline:
                if opened:
                    spelled.append(RESET)
                    opened = ""
                begin, newline_after, rest = rest.partition("\n")
                spelled.append(newline)
                newline = newline_after
                if begin:
                    spelled.append(pen + begin)
                    opened = pen
    if opened:
        spelled.append(RESET)
    shown = "".join(spelled)
    return _cut(
        replace(
            stream,
            head=stream.head if stream.tail else shown,
            tail=shown if stream.tail else "",
            lines=stream.lines + lines,
            reach=min(stream.reach + lines, REACH),
            width=width,
            pen=pen,
        )
    )


def _reach_after(stream: StreamOutput, text: str) -> int:
    """`reach` after `text`, which may hold lines longer than a row."""
    # More newlines than the reach can count need not be looked at: they fill it anyway.
    lines = text.rsplit("\n", REACH + 1)
    first = lines[0]
    reach = stream.reach
    if stream.width + len(first) > WIDE:
        reach = -1
    for line in lines[1:]:
        reach = -1 if len(line) > WIDE else min(reach + 1, REACH)
    return reach


def _on_screen(stream: StreamOutput, text: str, lines: int) -> StreamOutput:
    """The whole language: the rows that the text can change become a screen to type on."""
    shown = stream.tail or stream.head
    reach = stream.reach
    # Few texts move up; for the others the last row is all there is to change.
    above = 0 if stream.row or may_go_up(stream.pending + text) else max(reach, 0)
    start = live_start(shown, reach - above, stream.width)
    screen = Screen(
        rows=shown[start:].split("\n"),
        above=above,
        wrapped=reach < 0,
        row=stream.row,
        column=stream.column,
        pen=stream.pen,
        pending=stream.pending,
    )
    screen.write(text)
    shown = shown[:start] + screen.text()
    return _cut(
        replace(
            stream,
            head=stream.head if stream.tail else shown,
            tail=shown if stream.tail else "",
            lines=stream.lines + lines,
            column=screen.cursor(),
            row=screen.row,
            reach=screen.reach(),
            width=screen.width(),
            pen=screen.pen,
            pending=screen.pending,
        )
    )


def live_start(shown: str, reach: int, width: int) -> int:
    """Where in `shown` the rows begin that the cursor may still change."""
    position = len(shown)
    if reach >= 0:
        for _ in range(reach + 1):
            position = shown.rfind("\n", 0, position)
            if position < 0:
                return 0
        return position + 1
    # The last row continues a long line: count its characters back, escapes aside.
    if "\x1b" not in shown[max(0, position - width - ESCAPE_LIMIT) :]:
        return position - width
    while width:
        escape = _escape_ending_at(shown, position)
        if escape is not None:
            position = escape
        else:
            position -= 1
            width -= 1
    escape = _escape_ending_at(shown, position)
    if escape is not None and shown[escape:position] != "\x1b[0m":
        return escape
    return position


def _escape_ending_at(shown: str, position: int) -> int | None:
    if position == 0 or shown[position - 1] != "m":
        return None
    escape = shown.rfind("\x1b", max(0, position - ESCAPE_LIMIT), position)
    if escape < 0 or shown.find("m", escape) != position - 1:
        return None
    return escape


def _cut(stream: StreamOutput) -> StreamOutput:
    """Leave out the middle, once there is more than head and tail hold.

    The cut depends only on how much has left the cursor's reach, which never shrinks:
    so it falls in the same place however the text came.
    """
    shown = stream.tail or stream.head
    before = len(stream.head) + stream.omitted_chars if stream.tail else 0
    least = before or HEAD
    total = before + len(shown)
    if (total - TAIL) // STEP * STEP <= least:
        return stream
    frozen = before + live_start(shown, stream.reach, stream.width)
    wanted = (frozen - TAIL) // STEP * STEP
    if wanted <= least:
        return stream
    start = _line_start_after(shown, wanted - before)
    head = stream.head if stream.tail else shown[: _line_end_before(shown, HEAD)]
    dropped_from = 0 if stream.tail else len(head)
    return replace(
        stream,
        head=head,
        tail=shown[start:],
        omitted_chars=before + start - len(head),
        omitted_lines=stream.omitted_lines + shown.count("\n", dropped_from, start),
    )


def _line_start_after(shown: str, offset: int) -> int:
    """The first start of a line at or after `offset`; `offset` itself when that is far."""
    newline = shown.find("\n", offset - 1, offset + WIDE)
    if newline >= 0:
        return newline + 1
    escape = shown.rfind("\x1b", max(0, offset - ESCAPE_LIMIT), offset)
    if escape >= 0:
        end = shown.find("m", escape)
        if end >= offset:
            return end + 1
    return offset


def _line_end_before(shown: str, offset: int) -> int:
    """The last end of a line at or before `offset`; `offset` itself when that is far."""
    newline = shown.rfind("\n", offset - WIDE, offset)
    if newline >= 0:
        return newline + 1
    escape = shown.rfind("\x1b", offset - ESCAPE_LIMIT, offset)
    if escape >= 0 and shown.find("m", escape) >= offset:
        return escape
    return offset
