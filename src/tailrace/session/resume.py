"""What someone gets who joins or returns: exactly what follows, or a snapshot.

A client that has everything up to n is given n+1 and on, from the frames kept in memory,
else from the log. A snapshot goes out when the client has nothing, comes from another
history (`epoch`), is too far behind for a tail to be cheaper, or what it asks for was
compacted away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

import tailrace
from tailrace.log.codec import decode_record
from tailrace.log.event_log import LogRecord
from tailrace.protocol.errors import LogGap
from tailrace.protocol.frames import PROTOCOL_VERSION, Snapshot, Welcome
from tailrace.session.fanout import Encoded, Encoding, encoded, encoder_of, in_frames
from tailrace.session.pieces import in_pieces

if TYPE_CHECKING:
    from tailrace.session.actor import Actor

RECENT_BYTES = 2 << 20  # a few seconds of most notebooks
TAIL_BYTES = 4 << 20  # past this a snapshot is the shorter way
TAIL_RECORDS = 20_000


def welcome(actor: Actor, may: tuple[str, ...]) -> Welcome:
    log = actor.log
    return Welcome(
        PROTOCOL_VERSION,
        f"tailrace {tailrace.__version__}",
        actor.notebook_id,
        actor.path,
        log.epoch,
        actor.state.sequence,
        log.durable,
        may,
    )


async def snapshot(actor: Actor, encoding: Encoding) -> bytes:
    """The state for clients: without what only the server needs."""
    state = replace(actor.state, answered=())
    state = await in_pieces(state, encoder_of(encoding))
    return encoded(Snapshot(state, actor.room.state()), encoding)


class Recent:
    """The newest frames, kept for those who come back soon."""

    def __init__(self, sequence: int) -> None:
        self._frames: deque[Encoded] = deque()
        self._size = 0
        self._first = sequence + 1

    def add(self, frames: Sequence[Encoded]) -> None:
        for frame in frames:
            self._frames.append(frame)
            self._size += frame.size_bytes
        while self._size > RECENT_BYTES and len(self._frames) > 1:
            gone = self._frames.popleft()
            self._size -= gone.size_bytes
            self._first = gone.records[-1].sequence + 1

    def add_stored(self, stored: Sequence[LogRecord]) -> None:
        """Keep the newest of what follows the sequence given; all of it, if that is little."""
        begin, size = len(stored), 0
        while begin and size + len(stored[begin - 1].body) <= RECENT_BYTES:
            begin -= 1
            size += len(stored[begin].body)
        if begin:
            self._first = stored[begin - 1].sequence + 1
        newest = stored[begin:]
        self.add(in_frames([decode_record(each) for each in newest], [e.body for e in newest]))

    async def frames_after(
        self, actor: Actor, after: int | None, encoding: Encoding
    ) -> list[bytes]:
        """The frames that take a client from `after` to the actor's state."""
        last = actor.state.sequence
        if after is None or after > last:
            return [await snapshot(actor, encoding)]
        if after == last:
            return []
        if after + 1 >= self._first:
            return [part.frame(encoding) for part in self._cut(after)]
        tail = await _tail(actor, after)
        return (
            [await snapshot(actor, encoding)] if tail is None else [f.frame(encoding) for f in tail]
        )

    def _cut(self, after: int) -> list[Encoded]:
        frames: list[Encoded] = []
        for frame in self._frames:
            if frame.records[-1].sequence <= after:
                continue
            skip = max(0, after + 1 - frame.records[0].sequence)
            frames.append(Encoded(frame.records[skip:], frame.bodies[skip:]) if skip else frame)
        return frames


async def _tail(actor: Actor, after: int) -> list[Encoded] | None:
    """The log's records after `after`, or None when a snapshot is the better answer."""
    last = actor.state.sequence
    if last - after > TAIL_RECORDS or after + 1 < actor.log.first or actor.log.last != last:
        return None
    try:
        found = await actor.log.read(after, limit=TAIL_RECORDS, limit_bytes=TAIL_BYTES)
    except LogGap:
        return None
    if not found or found[-1].sequence != last:
        return None
    return in_frames([decode_record(record) for record in found], [record.body for record in found])
