"""Follow a session record by record, at one's own pace.

Whoever reads here reads the log: nothing is kept for a slow reader, and nothing is missed.
The session only rings when there may be something new.
"""

from collections.abc import Sequence

from tailrace.log.codec import decode_record
from tailrace.protocol.errors import LogGap
from tailrace.protocol.frames import PROTOCOL_VERSION, Hello, ServerFrame
from tailrace.protocol.ids import ClientId
from tailrace.protocol.records import Record
from tailrace.session.fanout import Lane
from tailrace.session.session import Session

PAGE_BYTES = 4 << 20


class Bell(Lane):
    """A lane that keeps nothing: it only wakes whoever reads the log."""

    def __init__(self, client_id: ClientId) -> None:
        super().__init__(client_id, "msgpack")

    def put_events(self, data: bytes) -> None:
        self._ready.set()

    def put(self, frame: ServerFrame) -> None:
        self._ready.set()

    def begin(self, data: Sequence[bytes]) -> None:
        self._ready.set()

    async def rung(self) -> None:
        await self._ready.wait()
        if not self.is_closed:
            self._ready.clear()


class Tail:
    """The records of `session` after `after`. It counts as one of the session's clients
    until `leave`."""

    def __init__(self, session: Session, client_id: ClientId, after: int) -> None:
        self.after = after
        self._session = session
        self._bell = Bell(client_id)
        session.join(self._bell, Hello(PROTOCOL_VERSION, client_id))

    async def records(self) -> list[Record]:
        """What comes next, waiting for it; empty when the session has ended. May be
        cancelled and asked for again."""
        while True:
            try:
                found = await self._session.log.read(self.after, limit_bytes=PAGE_BYTES)
            except LogGap as gap:  # compacted away while nobody read
                self.after = gap.first - 1
                continue
            if found:
                self.after = found[-1].sequence
                return [decode_record(stored) for stored in found]
            if self._bell.is_closed:
                return []
            await self._bell.rung()

    def leave(self) -> None:
        self._session.leave(self._bell)


async def until_kernel_is_known(session: Session, client_id: ClientId) -> None:
    """Wait until the kernel that is being started is there, or is not."""
    bell = Bell(client_id)
    session.join(bell, Hello(PROTOCOL_VERSION, client_id))
    try:
        while session.state.kernel.phase == "starting" and not bell.is_closed:
            await bell.rung()
    finally:
        session.leave(bell)
