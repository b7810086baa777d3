"""The whole of an execution's output, paged from the log (`search.py` looks through it).

State holds the head and the tail of a long output; everything between is here. Lines are
counted as in `protocol/outputs.py`: each newline of stream text is one, a display or an
error takes one, and what follows a line that was begun and not ended begins the next. A
page holds whole lines; only a line that is longer than a page is cut, and says so.

What was loaded from a file is one record; here it counts as the pieces it is made of.
Records are decoded and looked at in a thread, a batch at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct, to_builtins

from tailrace.core.outputs import (
    append_display,
    append_error,
    append_text,
    next_item_line,
    next_text_line,
)
from tailrace.log.codec import decode_record, display_topic
from tailrace.log.event_log import LogRecord
from tailrace.protocol.events import (
    DisplayAppended,
    DisplayUpdated,
    ErrorAppended,
    ExecutionLoaded,
    OutputsCleared,
    TextAppended,
)
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.outputs import DisplayOutput, Output, Outputs, StreamName, StreamOutput

PAGE_LINES = 5_000
PAGE_CHARS = 4 << 20
BATCH_BYTES = 1 << 20

Piece = TextAppended | DisplayAppended | ErrorAppended
Shown = Piece | OutputsCleared | ExecutionLoaded


class Topics(Protocol):
    """What is read here of a log."""

    async def read_topic(
        self,
        topic: str,
        *,
        position: int = 0,
        after: int = 0,
        limit: int = 1_000,
        limit_bytes: int = 8 << 20,
    ) -> list[LogRecord]: ...


# ── records ──────────────────────────────────────────────────────────────────


async def batches(
    log: Topics, execution_id: ExecutionId, line: int
) -> AsyncIterator[list[LogRecord]]:
    """The records of an execution that reach `line` or lie beyond it."""
    after = 0
    while found := await log.read_topic(
        execution_id, position=line, after=after, limit_bytes=BATCH_BYTES
    ):
        after = found[-1].sequence
        yield found


def _events(records: Iterable[LogRecord]) -> list[tuple[int, Shown]]:
    decoded = ((record.position, decode_record(record).event) for record in records)
    return [(line, event) for line, event in decoded if isinstance(event, Shown)]


def pieces_in(records: Iterable[LogRecord]) -> Iterator[tuple[int, Piece]]:
    """The text, displays and errors in these records, with the line each begins at."""
    for line, event in _events(records):
        if isinstance(event, ExecutionLoaded):
            yield from loaded_pieces(event)
        elif not isinstance(event, OutputsCleared):
            yield line, event


async def all_events(
    log: Topics, execution_id: ExecutionId, line: int = 0
) -> AsyncIterator[tuple[int, Shown]]:
    """The execution's output events, clears included, with the line each begins at, from
    those on that reach `line`."""
    async for records in batches(log, execution_id, line):
        for each in await asyncio.to_thread(_events, records):
            yield each


def loaded_pieces(event: ExecutionLoaded) -> Iterator[tuple[int, Piece]]:
    """What a file held, as if it had been written by a kernel."""
    outputs = Outputs()
    for item in event.outputs:
        line, piece, outputs = _piece_of(event.execution_id, item, outputs)
        yield line, piece


def _piece_of(
    execution_id: ExecutionId, item: Output, outputs: Outputs
) -> tuple[int, Piece, Outputs]:
    if isinstance(item, StreamOutput):
        text = item.head + item.tail
        return (
            next_text_line(outputs, item.name),
            TextAppended(execution_id, item.name, text),
            append_text(outputs, item.name, text),
        )
    line = next_item_line(outputs)
    if isinstance(item, DisplayOutput):
        data, metadata, count = item.data, item.metadata, item.execution_count
        return (
            line,
            DisplayAppended(execution_id, data, metadata, item.display_id, count),
            append_display(outputs, data, metadata, item.display_id, count),
        )
    return (
        line,
        ErrorAppended(execution_id, item.name, item.message, item.traceback),
        append_error(outputs, item.name, item.message, item.traceback),
    )


async def last_update(log: Topics, display_id: str) -> DisplayUpdated | None:
    """What a display was last updated to."""
    after, newest = 0, None
    topic = display_topic(display_id)
    while found := await log.read_topic(topic, after=after, limit_bytes=BATCH_BYTES):
        after, newest = found[-1].sequence, found[-1]
    if newest is None:
        return None
    event = decode_record(newest).event
    return event if isinstance(event, DisplayUpdated) else None


# ── pages ────────────────────────────────────────────────────────────────────


class Page(Struct, frozen=True):
    """`end` is the line to go on from."""

    items: list[dict[str, Any]]
    end: int


async def lines(log: Topics, execution_id: ExecutionId, *, start: int, count: int) -> Page:
    """What stands on the lines from `start` on: `count` of them, or as many as a page holds."""
    paging = _Paging(start, start + min(count, PAGE_LINES))
    async for records in batches(log, execution_id, start):
        if await asyncio.to_thread(paging.feed, records):
            break
    return paging.page()


class _Text(Struct):
    """An item in the making. `line` is where it begins, `next` where its next character
    would stand, `parts` what it holds, each with the line on which it begins."""

    stream: StreamName
    line: int
    next: int
    parts: list[tuple[int, str]]
    truncated: bool = False


class _Paging:
    def __init__(self, start: int, end: int) -> None:
        self._start = start
        self._end = end
        self._items: list[_Text | dict[str, Any]] = []
        self._size = 0
        self._reached = start

    def feed(self, records: Sequence[LogRecord]) -> bool:
        """Take in what belongs on this page; whether it is complete."""
        for line, piece in pieces_in(records):
            if line >= self._end:
                return True
            done = (
                self._add_text(line, piece)
                if isinstance(piece, TextAppended)
                else self._add_item(line, piece)
            )
            if done:
                return True
        return False

    def page(self) -> Page:
        return Page(list(map(_plain, self._items)), min(self._reached, self._end))

    def _add_item(self, line: int, piece: DisplayAppended | ErrorAppended) -> bool:
        if line < self._start:
            return False
        if self._size >= PAGE_CHARS:
            self._reached = line
            return True
        kind = "display" if isinstance(piece, DisplayAppended) else "error"
        self._size += len(msgspec.json.encode(piece))
        self._items.append({**to_builtins(piece), "kind": kind, "line": line})
        self._reached = line + 1
        return False

    def _add_text(self, line: int, piece: TextAppended) -> bool:
        text, line = cut(piece.text, line, self._start, self._end)
        if not text:
            return False
        room = PAGE_CHARS - self._size
        if len(text) <= room:
            self._put(piece.stream, line, text)
            return False
        fits = text.rfind("\n", 0, room) + 1
        if fits:
            self._put(piece.stream, line, text[:fits])
        elif line > self._start:
            self._drop(line)  # it comes whole with the next page
        else:
            self._put(piece.stream, line, text[:room])
            item = self._items[-1]
            assert isinstance(item, _Text)
            item.truncated = True
        return True

    def _put(self, stream: StreamName, line: int, text: str) -> None:
        last = self._items[-1] if self._items else None
        if not isinstance(last, _Text) or last.stream != stream or last.next != line:
            last = _Text(stream, line, line, [])
            self._items.append(last)
        last.parts.append((line, text))
        last.next = line + text.count("\n")
        self._size += len(text)
        self._reached = last.next if text.endswith("\n") else last.next + 1

    def _drop(self, line: int) -> None:
        """Forget the text that stands on `line`, which is the last one."""
        self._reached = line
        last = self._items[-1]
        if not isinstance(last, _Text) or last.next != line:
            return
        while last.parts:
            begins, text = last.parts.pop()
            kept, _ = cut(text, begins, 0, line)
            if kept:
                last.parts.append((begins, kept))
                return
        self._items.pop()


def _plain(item: _Text | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(item, _Text):
        return item
    text = "".join([part for _, part in item.parts])
    plain: dict[str, Any] = {
        "kind": "text",
        "stream": item.stream,
        "line": item.line,
        "text": text,
    }
    if item.truncated:
        plain["truncated"] = True
    return plain


def cut(text: str, line: int, start: int, end: int) -> tuple[str, int]:
    """The part of `text`, which begins on `line`, that stands on lines [start, end); and the
    line where that part begins."""
    begin = 0
    while line < start:
        newline = text.find("\n", begin)
        if newline < 0:
            return "", line
        begin, line = newline + 1, line + 1
    first, stop = line, begin
    while line < end:
        newline = text.find("\n", stop)
        if newline < 0:
            return text[begin:], first
        stop, line = newline + 1, line + 1
    return text[begin:stop], first


# ── text ─────────────────────────────────────────────────────────────────────


async def text_of(log: Topics, execution_id: ExecutionId) -> AsyncIterator[str]:
    """All stream text of an execution, in order; displays by their plain form."""
    is_open = False  # the line was begun and not ended
    open_line = 0
    async for records in batches(log, execution_id, 0):
        for line, piece in await asyncio.to_thread(lambda found: list(pieces_in(found)), records):
            if is_open and line > open_line:
                yield "\n"
            match piece:
                case TextAppended(text=text):
                    pass
                case DisplayAppended(data=data):
                    plain = data.get("text/plain")
                    text = (plain if isinstance(plain, str) else "[display]") + "\n"
                case ErrorAppended(traceback=traceback):
                    text = "\n".join(traceback) + "\n"
            yield text
            is_open = not text.endswith("\n")
            open_line = line + text.count("\n")
