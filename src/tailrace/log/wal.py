"""The frames of a SQLite write-ahead log, read without SQLite.

SQLite stops at the first frame whose checksum is wrong and says nothing of what follows:
that is right for a torn tail and wrong for a flipped bit. Each frame's checksum continues
from the one before, as stored, so frames can be judged one by one, and those behind a bad
one are found again.

Only reads; knows pages and nothing of what is in them.
"""

import struct
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

_HEADER = struct.Struct(">IIIIIIII")
_FRAME = struct.Struct(">IIIIII")
HEADER_BYTES = _HEADER.size
FRAME_HEADER_BYTES = _FRAME.size
_MAGIC = 0x377F0682  # its lowest bit says that checksums read the data as big-endian
_WORD = 0xFFFFFFFF


class Frame(Struct, frozen=True):
    """One page as some commit left it. `is_commit`: the last page of its transaction."""

    number: int
    page: int
    is_commit: bool
    offset: int


class Wal:
    """The frames of the newest generation in `data`, a whole `-wal` file."""

    def __init__(self, data: bytes, page_bytes: int) -> None:
        self.data = data
        self.page_bytes = page_bytes
        self._salt = b""
        self._order = "<"
        self._starts: tuple[tuple[int, int], ...] = ()
        self.header_is_sound = False
        if len(data) >= HEADER_BYTES:
            self._read_header()

    def _read_header(self) -> None:
        magic, _, page_bytes, _, _, _, *stored = _HEADER.unpack_from(self.data)
        start = (stored[0], stored[1])
        self._order = ">" if magic & 1 else "<"
        summed = _checksum(self._order, self.data[:24], (0, 0))
        self.header_is_sound = (
            magic & ~1 == _MAGIC and page_bytes == self.page_bytes and summed == start
        )
        if self.header_is_sound:
            self._salt, self._starts = self.data[16:24], (start,)
            return
        # What the header should say is known from what stands behind it: the first frame
        # has the generation, and the frames add up in one byte order only.
        self._salt = self.data[HEADER_BYTES + 8 : HEADER_BYTES + 16]
        for order in ("<", ">"):
            self._order = order
            self._starts = (start, _checksum(order, self.data[:24], (0, 0)))
            if any(self.is_sound(frame) for frame in islice(self.frames(), 3)):
                break

    def frames(self) -> Iterator[Frame]:
        """All whole frames of this generation, good or bad, in order."""
        step = FRAME_HEADER_BYTES + self.page_bytes
        for number, offset in enumerate(range(HEADER_BYTES, len(self.data) - step + 1, step)):
            page, size_after, *_ = _FRAME.unpack_from(self.data, offset)
            if self._salt and self.data[offset + 8 : offset + 16] == self._salt:
                yield Frame(number, page, size_after != 0, offset)

    def content(self, frame: Frame) -> bytes:
        start = frame.offset + FRAME_HEADER_BYTES
        return self.data[start : start + self.page_bytes]

    def is_sound(self, frame: Frame) -> bool:
        """Whether the frame is what was written, given what stands before it."""
        befores = self._starts
        if frame.number:
            befores = (self._stored(frame.offset - FRAME_HEADER_BYTES - self.page_bytes),)
        for before in befores:
            summed = _checksum(self._order, self.data[frame.offset : frame.offset + 8], before)
            if _checksum(self._order, self.content(frame), summed) == self._stored(frame.offset):
                return True
        return False

    def _stored(self, offset: int) -> tuple[int, int]:
        *_, first, second = _FRAME.unpack_from(self.data, offset)
        return first, second

    def committed(self) -> list[Frame]:
        """The frames before the first bad one, up to the last commit among them: what SQLite
        itself recovers."""
        taken: list[Frame] = []
        end = 0
        for number, frame in enumerate(self.frames()):
            if not self.header_is_sound or frame.number != number or not self.is_sound(frame):
                break
            taken.append(frame)
            if frame.is_commit:
                end = len(taken)
        return list(islice(taken, end))

    def salvageable(self) -> list[Frame]:
        """Every good frame up to the last good commit, past bad ones too."""
        good = [frame for frame in self.frames() if self.is_sound(frame)]
        while good and not good[-1].is_commit:
            good.pop()
        return good


def _checksum(order: str, data: bytes, start: tuple[int, int]) -> tuple[int, int]:
    first, second = start
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
