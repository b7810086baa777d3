"""The whole of an execution's output, paged and searched from the log.

State holds the head and the tail of a long output; everything between is here. Lines are
counted as in `protocol/outputs.py`: each newline of stream text is one, a display or an
error takes one. A page is cut out of the records that the log finds by line.
"""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct, to_builtins

from tailrace.log.codec import decode_record
from tailrace.log.event_log import EventLog
from tailrace.protocol.events import DisplayAppended, ErrorAppended, OutputsCleared, TextAppended
from tailrace.protocol.ids import ExecutionId

PAGE_LINES = 5_000
PAGE_BYTES = 4 << 20
SEARCH_MATCHES = 500
SEARCH_CHARS = 512  # of a matching line that are shown


class Match(Struct, frozen=True):
    line: int
    column: int
    text: str


class Matches(Struct, frozen=True):
    """`next` is the line to go on from; null when everything was searched."""

    matches: tuple[Match, ...]
    next: int | None


Piece = TextAppended | DisplayAppended | ErrorAppended


async def pieces(
    log: EventLog, execution_id: ExecutionId, line: int = 0
) -> AsyncIterator[tuple[int, Piece]]:
    """What the execution showed, with the line each begins at, from `line` on."""
    async for position, event in all_events(log, execution_id, line):
        if not isinstance(event, OutputsCleared):
            yield position, event


async def all_events(
    log: EventLog, execution_id: ExecutionId, line: int = 0
) -> AsyncIterator[tuple[int, Piece | OutputsCleared]]:
    """The execution's output events, clears included, with the line each begins at."""
    after = 0
    while found := await log.read_topic(
        execution_id, position=line, after=after, limit_bytes=PAGE_BYTES
    ):
        after = found[-1].sequence
        for record in found:
            event = decode_record(record).event
            if isinstance(event, Piece | OutputsCleared):
                yield record.position, event


class Page(Struct, frozen=True):
    """`end` is the line to go on from."""

    items: list[dict[str, Any]]
    end: int


async def lines(log: EventLog, execution_id: ExecutionId, *, start: int, count: int) -> Page:
    """The items that stand on lines `start` to `start + count`, text cut to those lines."""
    end = start + min(count, PAGE_LINES)
    items: list[dict[str, Any]] = []
    size = reached = 0
    async for line, event in pieces(log, execution_id, start):
        if line >= end:
            reached = end
            break
        if size > PAGE_BYTES and line > start:
            # What stands on the line that was begun comes whole with the next page.
            return Page(_without_line(items, line), line)
        reached = line + (event.text.count("\n") if isinstance(event, TextAppended) else 1)
        if isinstance(event, TextAppended):
            text, first = cut(event.text, line, start, end)
            if not text:
                continue
            size += len(text)
            before = items[-1] if items else None
            if before is not None and before["kind"] == "text" and before["stream"] == event.stream:
                before["text"] += text
            else:
                items.append({"kind": "text", "stream": event.stream, "line": first, "text": text})
        elif line >= start:
            kind = "display" if isinstance(event, DisplayAppended) else "error"
            items.append({**to_builtins(event), "kind": kind, "line": line})
    return Page(items, min(max(reached, start), end))


def _without_line(items: list[dict[str, Any]], line: int) -> list[dict[str, Any]]:
    """`items` without the text that stands on `line` and beyond."""
    while items and items[-1]["kind"] == "text":
        item = items[-1]
        text, _ = cut(item["text"], item["line"], 0, line)
        if text:
            item["text"] = text
            break
        items.pop()
    return items


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


async def text_of(log: EventLog, execution_id: ExecutionId) -> AsyncIterator[str]:
    """All stream text of an execution, in order; displays by their plain form."""
    async for _, event in pieces(log, execution_id):
        match event:
            case TextAppended():
                yield event.text
            case DisplayAppended():
                plain = event.data.get("text/plain")
                yield (plain if isinstance(plain, str) else "[display]") + "\n"
            case ErrorAppended():
                yield "\n".join(event.traceback) + "\n"


async def search(
    log: EventLog, execution_id: ExecutionId, query: str, *, start: int = 0
) -> Matches:
    """Lines of text that hold `query`, ignoring case, from line `start` on (bounded)."""
    wanted = query.casefold()
    matches: list[Match] = []
    partial = ""  # the unfinished line at the end of the piece before
    async for line, event in pieces(log, execution_id, start):
        if not isinstance(event, TextAppended):
            continue
        rows = (partial + event.text).split("\n")
        partial = rows.pop()
        for offset, row in enumerate(rows):
            if line + offset >= start:
                _match(row, line + offset, wanted, matches)
        if len(matches) >= SEARCH_MATCHES:
            return Matches(tuple(matches), line + len(rows))
        last_line = line + len(rows)
    if partial:
        _match(partial, last_line, wanted, matches)
    return Matches(tuple(matches), None)


def _match(row: str, line: int, wanted: str, matches: list[Match]) -> None:
    column = row.casefold().find(wanted)
    if column >= 0:
        begin = max(0, column - SEARCH_CHARS // 4)
        matches.append(Match(line, column, row[begin : begin + SEARCH_CHARS]))
