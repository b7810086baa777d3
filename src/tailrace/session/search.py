"""Find text in the whole of an execution's output, however long it is.

Lines are searched one by one, as they come from the log in pieces that are cut anywhere; of
a line without end only a part is held at a time. One request looks through a bounded
amount and says where to go on. Case is ignored; displays and errors are passed over.
"""

import asyncio
import re
from collections.abc import Sequence

from msgspec import Struct

from tailrace.log.event_log import LogRecord
from tailrace.protocol.events import TextAppended
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.outputs import StreamName
from tailrace.session.transcript import Topics, batches, pieces_in

SEARCH_MATCHES = 500
SEARCH_SHOWN = 512  # characters of a matching line
SEARCH_READS = 64 << 20  # characters looked at for one request: about a second
ROW_CHARS = 1 << 20  # of a line that are in memory at once while it is searched


class Match(Struct, frozen=True):
    line: int
    column: int
    text: str


class Matches(Struct, frozen=True):
    """`next` is the line to go on from; null when everything was searched."""

    matches: tuple[Match, ...]
    next: int | None


async def search(log: Topics, execution_id: ExecutionId, query: str, *, start: int = 0) -> Matches:
    """Lines of text that hold `query`, ignoring case, from line `start` on (bounded)."""
    searching = _Searching(query, start)
    async for records in batches(log, execution_id, start):
        if await asyncio.to_thread(searching.feed, records):
            return searching.found(at_end=False)
    searching.end_row()
    return searching.found(at_end=True)


class _Row(Struct):
    """A line that is being read. What is held of it, `size` characters, begins at column
    `offset`."""

    line: int
    stream: StreamName
    parts: list[str]
    size: int = 0
    offset: int = 0
    is_found: bool = False


class _Searching:
    def __init__(self, query: str, start: int) -> None:
        self._wanted = re.compile(re.escape(query), re.IGNORECASE)
        self._overlap = max(len(query), SEARCH_SHOWN)
        self._start = start
        self._row: _Row | None = None
        self._matches: list[Match] = []
        self._read = 0
        self._next = start

    def feed(self, records: Sequence[LogRecord]) -> bool:
        """Search these records; whether it is enough for one request."""
        for line, piece in pieces_in(records):
            if isinstance(piece, TextAppended):
                self._read += len(piece.text)
                if self._feed_text(line, piece):
                    return True
            else:
                self.end_row()
        return False

    def found(self, *, at_end: bool) -> Matches:
        return Matches(tuple(self._matches), None if at_end else self._next)

    def _feed_text(self, line: int, piece: TextAppended) -> bool:
        row = self._row
        if row is not None and (row.line != line or row.stream != piece.stream):
            self.end_row()
        begin = 0
        text = piece.text
        while True:
            newline = text.find("\n", begin)
            self._extend(line, piece.stream, text[begin : newline if newline >= 0 else None])
            if newline < 0:
                return False
            self.end_row()
            begin, line = newline + 1, line + 1
            self._next = line
            if line > self._start and (
                len(self._matches) >= SEARCH_MATCHES or self._read >= SEARCH_READS
            ):
                return True

    def _extend(self, line: int, stream: StreamName, text: str) -> None:
        row = self._row
        if row is None:
            row = self._row = _Row(line, stream, [])
        row.parts.append(text)
        row.size += len(text)
        if row.size > ROW_CHARS:
            held = self._looked_at(row)[-self._overlap :]
            row.offset += row.size - len(held)
            row.parts, row.size = [held], len(held)

    def end_row(self) -> None:
        if self._row is not None:
            self._looked_at(self._row)
            self._row = None

    def _looked_at(self, row: _Row) -> str:
        text = "".join(row.parts)
        if row.is_found or row.line < self._start:
            return text
        match = self._wanted.search(text)
        if match is not None:
            row.is_found = True
            begin = max(0, match.start() - SEARCH_SHOWN // 4)
            shown = text[begin : begin + SEARCH_SHOWN]
            self._matches.append(Match(row.line, row.offset + match.start(), shown))
        return text
