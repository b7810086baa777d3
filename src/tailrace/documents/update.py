"""Read a Yjs (v1) update without applying it, and refuse what could hurt.

The library that applies updates recurses over nested values and nested types, in native
code: a 200 kB message of nothing but brackets ends the process. So every update is walked
here first: it must be well formed to its last byte, nest values no deeper than
`VALUE_DEPTH` and types no deeper than `TYPE_DEPTH`, and count within 32 bits as the
library does (DOC-6). The walk costs some 10 µs for a keystroke, 0.15 s per MB at worst.

Nothing here knows cells. Format: https://github.com/yjs/yjs/blob/main/INTERNALS.md and
lib0's `encoding.js`.
"""

import struct
from bisect import bisect_right

from tailrace.protocol.errors import DocumentUpdateRefused, DocumentUpdateTooLarge

UPDATE_BYTES = 8 << 20
VALUE_DEPTH = 100
TYPE_DEPTH = 16
SHARED_TYPES = (0, 1, 2)  # array, map, text; the rest is XML
CLOCK_LIMIT = 2**32
CLIENT_LIMIT = 2**53

Id = tuple[int, int]
"""Client and clock of one item."""


def inspect(update: bytes) -> None:
    """Raise `DocumentUpdateRefused` for an update that must not be applied."""
    if len(update) > UPDATE_BYTES:
        raise DocumentUpdateTooLarge(size_bytes=len(update), limit_bytes=UPDATE_BYTES)
    try:
        _Walk(update).whole()
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise DocumentUpdateRefused("the edit is not a Yjs update") from error


def state_vector(encoded: bytes) -> dict[int, int]:
    """Client → how many of its items are known."""
    reader = _Reader(encoded)
    return {reader.number(): reader.number() for _ in range(reader.number())}


def is_covered(rest: bytes, known: dict[int, int]) -> bool:
    """Whether a document at `known` has all of an update, `rest` being what the library
    says it has not: no items, and no deletion of an item that never arrived."""
    reader = _Reader(rest)
    if reader.number():
        return False
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            clock, length = reader.number(), reader.number()
            if clock + length > known.get(client, 0):
                return False
    return True


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        return byte

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 63:
                raise OverflowError("a number of more than 64 bits")

    def bytes(self) -> bytes:
        length = self.number()
        begin = self.at
        self.at += length
        if self.at > len(self.data):
            raise IndexError("the update ends in the middle of a value")
        return self.data[begin : self.at]

    def text(self) -> str:
        return self.bytes().decode()

    def id(self) -> Id:
        return (self.number(), self.number())

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError("the update ends in the middle of a value")


class _Walk:
    """Goes over every item once; keeps, per client, where each begins and its parent."""

    def __init__(self, update: bytes) -> None:
        self.reader = _Reader(update)
        self.starts: dict[int, list[int]] = {}
        self.parents: dict[int, list[tuple[bool, Id] | None]] = {}
        self.types: list[Id] = []

    def whole(self) -> None:
        reader = self.reader
        for _ in range(reader.number()):
            count, client, clock = reader.number(), reader.number(), reader.number()
            self._check_id(client, clock)
            starts = self.starts.setdefault(client, [])
            parents = self.parents.setdefault(client, [])
            for _ in range(count):
                info = reader.byte()
                starts.append(clock)
                if info in (0, 10):  # collected, or skipped
                    parents.append(None)
                    clock = self._after(client, clock, reader.number())
                    continue
                parents.append(self._parent(info))
                if info & 0x1F == 7:
                    self.types.append((client, clock))
                clock = self._after(client, clock, self._content(info & 0x1F))
        for _ in range(reader.number()):
            client = reader.number()
            for _ in range(reader.number()):
                self._after(client, reader.number(), reader.number())
        if reader.at != len(reader.data):
            raise DocumentUpdateRefused("the edit goes on after its end")
        self._check_depths()

    def _after(self, client: int, clock: int, length: int) -> int:
        """The clock behind an item of this length."""
        if length < 1:
            raise DocumentUpdateRefused("the edit holds an item of no length")
        self._check_id(client, clock + length)
        return clock + length

    def _check_id(self, client: int, clock: int) -> None:
        if client >= CLIENT_LIMIT or clock >= CLOCK_LIMIT:
            raise DocumentUpdateRefused("the edit counts further than documents can")

    def _parent(self, info: int) -> tuple[bool, Id] | None:
        """(whether the id is a neighbour's, whose parent it shares; the id). None: a root."""
        reader = self.reader
        neighbour: Id | None = None
        if info & 0x80:
            neighbour = reader.id()
        if info & 0x40:
            right = reader.id()
            neighbour = neighbour or right
        if neighbour is not None:
            return (True, neighbour)
        parent: tuple[bool, Id] | None = None
        if reader.number() == 1:
            reader.bytes()
        else:
            parent = (False, reader.id())
        if info & 0x20:
            reader.bytes()
        return parent

    def _content(self, kind: int) -> int:
        """Pass over one item's content; how many clock ticks it takes."""
        reader = self.reader
        match kind:
            case 1:
                return reader.number()
            case 2:
                count = reader.number()
                for _ in range(count):
                    reader.bytes()
                return count
            case 3 | 5:
                reader.bytes()
            case 4:
                text = reader.text()
                return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
            case 6:
                reader.bytes()
                reader.bytes()
            case 7:
                if reader.number() not in SHARED_TYPES:
                    raise DocumentUpdateRefused("the edit holds a kind of type we do not have")
            case 8:
                count = reader.number()
                for _ in range(count):
                    self._value(VALUE_DEPTH)
                return count
            case 9:
                reader.bytes()
                self._value(VALUE_DEPTH)
            case _:
                raise DocumentUpdateRefused(f"the edit holds content of an unknown kind, {kind}")
        return 1

    def _value(self, depth: int) -> None:
        reader = self.reader
        match reader.byte():
            case 127 | 126 | 121 | 120:
                pass
            case 125:
                while reader.byte() >= 0x80:
                    pass
            case 124:
                reader.skip(4)
            case 123 | 122:
                reader.skip(8)
            case 119 | 116:
                reader.bytes()
            case 117 | 118 as kind:
                if depth == 0:
                    raise DocumentUpdateRefused(f"the edit nests values over {VALUE_DEPTH} deep")
                for _ in range(reader.number()):
                    if kind == 118:
                        reader.bytes()
                    self._value(depth - 1)
            case kind:
                raise DocumentUpdateRefused(f"the edit holds a value of an unknown kind, {kind}")

    def _check_depths(self) -> None:
        """Every new type is at most `TYPE_DEPTH` types below what was there before."""
        depths: dict[Id, int] = {}
        for item in self.types:
            chain: list[Id] = []
            step: Id | None = item
            while step is not None and step not in depths and len(chain) <= TYPE_DEPTH:
                chain.append(step)
                step = self._type_above(step)
            depth = depths.get(step, 0) if step is not None else 0
            if len(chain) + depth > TYPE_DEPTH:
                raise DocumentUpdateRefused(f"the edit nests types over {TYPE_DEPTH} deep")
            for above in reversed(chain):
                depth += 1
                depths[above] = depth

    def _type_above(self, item: Id) -> Id | None:
        """The type that holds this item, None when it is a root or not in this update."""
        passed: list[tuple[list[tuple[bool, Id] | None], int]] = []
        result: Id | None = None
        seen = 0
        while True:
            client, clock = item
            starts = self.starts.get(client)
            index = bisect_right(starts, clock) - 1 if starts else -1
            if index < 0:
                break
            parents = self.parents[client]
            parent = parents[index]
            if parent is None:
                break
            is_neighbour, item = parent
            if not is_neighbour:
                result = item
                break
            passed.append((parents, index))
            seen += 1
            if seen > len(self.reader.data):  # a ring of neighbours: nonsense
                raise DocumentUpdateRefused("the edit's items are each other's neighbours")
        for parents, index in passed:  # so that a long row of neighbours is walked once
            parents[index] = None if result is None else (False, result)
        return result
