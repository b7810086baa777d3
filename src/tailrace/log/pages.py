"""A log's database as bare pages: what is on them, found without SQLite.

One flipped bit in an inner page hides from SQLite everything below it. Rows stand whole on
leaf pages (and their overflow chains), each with a checksum of its own, so they can be
found one by one wherever they are: what this finds is a row that was once written, or
nothing.

Format: https://www.sqlite.org/fileformat2.html. Only reads.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Protocol

from tailrace.log.database import LogFacts, facts_from, record_from, snapshot_from
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.wal import Frame, Wal

_TABLE_LEAF = 0x0D
_FIRST_PAGE_HEADER = 100

Row = tuple[object, ...]


class Bytes(Protocol):
    """What `bytes` and `mmap` have in common here."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> bytes: ...


class Pages:
    """Every page of a database as its newest good image, by number from 1."""

    def __init__(self, database: Bytes, wal: Wal, frames: Sequence[Frame], page_bytes: int) -> None:
        self._database = database
        self._wal = wal
        self._frames = {frame.page: frame for frame in frames}
        self._page_bytes = page_bytes
        in_file = -(-len(database) // page_bytes)
        self.count = max([in_file, *self._frames])

    def page(self, number: int) -> bytes:
        """Its bytes; empty when there is no such page, short when it was cut."""
        frame = self._frames.get(number)
        if frame is not None:
            return self._wal.content(frame)
        start = (number - 1) * self._page_bytes
        return self._database[start : start + self._page_bytes] if number > 0 else b""

    def image(self) -> bytearray:
        """The whole database as one file without a write-ahead log."""
        image = bytearray(self._database[0 : len(self._database)])
        for number, frame in self._frames.items():
            start = (number - 1) * self._page_bytes
            if len(image) < start:
                image.extend(bytes(start - len(image)))
            image[start : start + self._page_bytes] = self._wal.content(frame)
        image[18:20] = b"\x01\x01"  # no write-ahead log any more
        return image

    def rows(self, number: int) -> Iterator[Row]:
        """The rows that begin on page `number`, if it is a leaf of some table. The first
        column is the rowid. Rows that make no sense are passed over."""
        page = self.page(number)
        start = _FIRST_PAGE_HEADER if number == 1 else 0
        if len(page) < self._page_bytes or page[start] != _TABLE_LEAF:
            return
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        pointers = page[start + 8 : start + 8 + 2 * count]
        for (offset,) in struct.iter_unpack(">H", pointers[: len(pointers) // 2 * 2]):
            try:
                yield self._row(page, offset)
            except (IndexError, ValueError, struct.error):
                continue  # not a cell: the page is damaged here

    def _row(self, page: bytes, offset: int) -> Row:
        size, offset = _varint(page, offset)
        rowid, offset = _varint(page, offset)
        usable = self._page_bytes
        largest = usable - 35
        local = size
        if size > largest:
            smallest = (usable - 12) * 32 // 255 - 23
            local = smallest + (size - smallest) % (usable - 4)
            if local > largest:
                local = smallest
        payload = page[offset : offset + local]
        if local < size:
            payload = self._with_overflow(payload, page[offset + local :][:4], size)
        if len(payload) != size:
            raise ValueError("the row is cut")
        return (_signed(rowid, 8), *_columns(payload)[1:])

    def _with_overflow(self, payload: bytes, pointer: bytes, size: int) -> bytes:
        parts, held = [payload], len(payload)
        while held < size:
            page = self.page(int.from_bytes(pointer, "big"))
            part = page[4:][: size - held]
            if not part:
                break
            parts.append(part)
            held += len(part)
            pointer = page[:4]
        return b"".join(parts)

    # ── what our own tables hold ─────────────────────────────────────────────

    def records_on(self, number: int) -> Iterator[LogRecord]:
        for row in self.rows(number):
            record = record_from(_as_record_row(row))
            if record is not None:
                yield record

    def snapshots_on(self, number: int) -> Iterator[LogSnapshot]:
        for row in self.rows(number):
            snapshot = snapshot_from(row)
            if snapshot is not None:
                yield snapshot

    def facts_on(self, number: int) -> Iterator[LogFacts]:
        for row in self.rows(number):
            facts = facts_from(row[1:])
            if facts is not None:
                yield facts

    def newest_on(self, number: int) -> int:
        """The highest sequence of a sound record on page `number`; 0 when there is none."""
        return max((record.sequence for record in self.records_on(number)), default=0)


def _as_record_row(row: Row) -> Row:
    """SQLite stores whole REAL numbers as integers."""
    return (row[0], float(row[1]), *row[2:]) if len(row) > 1 and type(row[1]) is int else row


def _columns(payload: bytes) -> list[object]:
    end, at = _varint(payload, 0)
    values: list[object] = []
    start = end
    while at < end:
        kind, at = _varint(payload, at)
        size = _size_of(kind)
        content = payload[start : start + size]
        if len(content) != size:
            raise ValueError("a column is cut")
        values.append(_value(kind, content))
        start += size
    return values


_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


def _size_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    if kind <= 6:
        return _INTEGER_BYTES[kind]
    return 8 if kind == 7 else 0


def _value(kind: int, content: bytes) -> object:
    if kind == 0:
        return None
    if kind <= 6:
        return int.from_bytes(content, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", content)[0]
    if kind in (8, 9):
        return kind - 8
    if kind < 12:
        raise ValueError("a reserved type")
    return content if kind % 2 == 0 else content.decode()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | data[at + 8], at + 9


def _signed(value: int, size: int) -> int:
    return value - (1 << 8 * size) if value >> (8 * size - 1) else value
