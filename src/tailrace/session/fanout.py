"""Fan-out: one lane per client, each frame encoded once, nobody waits for a slow one.

A lane is a client's outgoing queue with a budget in bytes. A client that does not read
fills it; the lane is then cut: its events are forgotten, answers to its own operations are
kept, and when the client reads again it is given a snapshot and the tail. Nothing is lost
by that, for the log has it all.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from tailrace.protocol.frames import Events, Goodbye, ServerFrame
from tailrace.protocol.ids import ClientId
from tailrace.protocol.records import Record

LANE_BYTES = 32 << 20  # lanes share their frames, so this is the bound for all of them
FRAME_BYTES = 96 << 10  # uvicorn sends frames of 8 to 100 kB best

EVERYONE_MAY = ("read", "run", "edit")

Encoding = Literal["msgpack", "json"]

_msgpack = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder()


def encoded(frame: ServerFrame, encoding: Encoding) -> bytes:
    """The frame's bytes on the wire."""
    return encoder_of(encoding)(frame)


def encoder_of(encoding: Encoding) -> Callable[[object], bytes]:
    return _msgpack.encode if encoding == "msgpack" else _json.encode


class _RawEvents(msgspec.Struct, tag="events", tag_field="kind"):
    """`Events` made of records that were encoded for the log already."""

    records: list[msgspec.Raw]


class Encoded:
    """Records on their way to everyone: the same bytes for all who speak one encoding."""

    __slots__ = ("_by_encoding", "bodies", "records", "size_bytes")

    def __init__(self, records: Sequence[Record], bodies: Sequence[bytes]) -> None:
        self.records = tuple(records)
        self.bodies = tuple(bodies)
        self.size_bytes = sum(map(len, self.bodies))
        self._by_encoding: dict[Encoding, bytes] = {}

    def frame(self, encoding: Encoding) -> bytes:
        found = self._by_encoding.get(encoding)
        if found is None:
            if encoding == "msgpack":
                found = _msgpack.encode(_RawEvents([msgspec.Raw(body) for body in self.bodies]))
            else:
                found = _json.encode(Events(self.records))
            self._by_encoding[encoding] = found
        return found


def in_frames(records: Sequence[Record], bodies: Sequence[bytes]) -> list[Encoded]:
    """Cut a turn's records into frames of a size that sockets like; never within a record."""
    frames: list[Encoded] = []
    start = size = 0
    for index, body in enumerate(bodies):
        if index > start and size + len(body) > FRAME_BYTES:
            frames.append(Encoded(records[start:index], bodies[start:index]))
            start, size = index, 0
        size += len(body)
    if start < len(bodies):
        frames.append(Encoded(records[start:], bodies[start:]))
    return frames


class Lane:
    """One client's outgoing queue. The actor puts frames in, the socket's writer takes
    them out; the two run on one event loop."""

    def __init__(
        self, client_id: ClientId, encoding: Encoding, *, limit_bytes: int = LANE_BYTES
    ) -> None:
        self.client_id = client_id
        self.encoding: Encoding = encoding
        self.is_cut = False
        self.goodbye: Goodbye | None = None
        self.may: tuple[str, ...] = EVERYONE_MAY
        self._limit = limit_bytes
        self._frames: deque[tuple[bytes, bool]] = deque()  # bytes, may be forgotten
        self._size = 0
        self._ready = asyncio.Event()
        self._closed = False
        self._closing = asyncio.Event()

    @property
    def waiting_bytes(self) -> int:
        return self._size

    @property
    def is_closed(self) -> bool:
        return self._closed

    def put_events(self, data: bytes) -> None:
        """Queue records. Past the budget the lane is cut instead."""
        if self.is_cut or self._closed:
            return
        if self._size and self._size + len(data) > self._limit:
            self._cut()
            return
        self._push(data, forgettable=True)

    def put(self, frame: ServerFrame) -> None:
        """Queue a frame for this client alone; it is kept when the lane is cut."""
        if not self._closed:
            self._push(encoded(frame, self.encoding), forgettable=False)

    def begin(self, data: Sequence[bytes]) -> None:
        """Start anew: these frames, then whatever events follow."""
        self.is_cut = False
        for each in data:
            self._push(each, forgettable=True)

    async def take(self) -> list[bytes]:
        """Wait for frames; returns all that wait, or an empty list once when the lane was cut
        and nothing waits any more (the caller then asks to rejoin), or when it is closed."""
        while not self._frames and not self._closed and not self.is_cut:
            self._ready.clear()
            await self._ready.wait()
        taken = [data for data, _ in self._frames]
        self._frames.clear()
        self._size = 0
        return taken

    async def rejoined(self) -> None:
        """Wait until the lane goes on after a cut, or is closed."""
        while self.is_cut and not self._closed:
            self._ready.clear()
            await self._ready.wait()

    def close(self, goodbye: Goodbye | None = None) -> None:
        self.goodbye = self.goodbye or goodbye
        self._closed = True
        self._ready.set()
        self._closing.set()

    async def until_closed(self) -> None:
        await self._closing.wait()

    def _push(self, data: bytes, *, forgettable: bool) -> None:
        self._frames.append((data, forgettable))
        self._size += len(data)
        self._ready.set()

    def _cut(self) -> None:
        self._frames = deque(entry for entry in self._frames if not entry[1])
        self._size = sum(len(data) for data, _ in self._frames)
        self.is_cut = True
        self._ready.set()


class Fanout:
    """The lanes of one session."""

    def __init__(self) -> None:
        self._lanes: set[Lane] = set()

    @property
    def lanes(self) -> frozenset[Lane]:
        return frozenset(self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, lane: Lane) -> None:
        self._lanes.add(lane)

    def remove(self, lane: Lane) -> None:
        self._lanes.discard(lane)

    def publish(self, frames: Sequence[Encoded]) -> None:
        for frame in frames:
            for lane in self._lanes:
                if not lane.is_cut:
                    lane.put_events(frame.frame(lane.encoding))

    def tell(self, frame: ServerFrame) -> None:
        """Send a frame that is no record to everyone, encoded once."""
        data: dict[Encoding, bytes] = {}
        for lane in self._lanes:
            if lane.is_cut:
                continue
            if lane.encoding not in data:
                data[lane.encoding] = encoded(frame, lane.encoding)
            lane.put_events(data[lane.encoding])

    def close(self, goodbye: Goodbye | None) -> None:
        for lane in tuple(self._lanes):
            lane.close(goodbye)
        self._lanes.clear()
