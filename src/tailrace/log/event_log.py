"""EventLog: what a notebook's log promises, whoever keeps it.

Sequences are ours, from 1, without gaps within one `epoch`. An append is all or nothing.
Levels: **D0** handed to the operating system (survives `kill -9` of this process), **D1**
synced (survives power loss). `append` returns at D0; `durable` follows by group commit.

The log does not know what is in a record. `topic` and `position` let it find records
without reading the rest: all records of one topic (an execution), from a position (a line
of its transcript) on. With JetStream a topic is a subject below the notebook's.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct


class LogRecord(Struct, frozen=True):
    """`body` is opaque. `position` never falls within one topic; `extent` is how many
    positions the record spans (0 where it spans none)."""

    sequence: int
    at: float
    kind: str
    body: bytes
    topic: str | None = None
    position: int = 0
    extent: int = 0


class LogSnapshot(Struct, frozen=True):
    """State at `sequence`, opaque."""

    sequence: int
    body: bytes


class LogDamage(Protocol):
    """What had to be repaired when a log was opened; `message` is for people."""

    @property
    def message(self) -> str: ...


class EventLog(Protocol):
    @property
    def damage(self) -> LogDamage | None:
        """What this opening had to repair, if anything."""
        ...

    @property
    def epoch(self) -> str:
        """Names this history. It changes when the log is begun anew (damage, reset)."""
        ...

    @property
    def first(self) -> int:
        """The oldest sequence still kept; `last + 1` when there is none."""
        ...

    @property
    def last(self) -> int:
        """The newest sequence at D0; 0 for an empty log."""
        ...

    @property
    def durable(self) -> int:
        """The newest sequence at D1."""
        ...

    async def append(self, records: Sequence[LogRecord], *, expected: int) -> None:
        """Append all of `records` or none; return at D0.

        Raises `LogFenced` when `expected` is not `last`, `LogFull` when there is no space
        or the quota is used up (nothing was written; the next append tries again).
        """
        ...

    def on_durable(self, listener: Callable[[int], None] | None) -> None:
        """Call `listener(sequence)` on the event loop whenever `durable` rose."""
        ...

    async def sync(self) -> int:
        """Bring everything to D1 now; returns `durable`."""
        ...

    async def read(
        self, after: int, *, limit: int = 10_000, limit_bytes: int = 8 << 20
    ) -> list[LogRecord]:
        """Records after `after`, oldest first; at least one if there is any.

        Raises `LogGap` when `after + 1` was compacted away.
        """
        ...

    async def read_topic(
        self,
        topic: str,
        *,
        position: int = 0,
        after: int = 0,
        limit: int = 1_000,
        limit_bytes: int = 8 << 20,
    ) -> list[LogRecord]:
        """Records of `topic` from the first one with `position + extent >= position` asked for
        on, and with a sequence beyond `after` (to page through many at one position), oldest
        first; at least one if there is any."""
        ...

    async def save_snapshot(self, snapshot: LogSnapshot) -> None:
        """Keep `snapshot`; the newest one counts. Raises `LogFull` like `append`."""
        ...

    async def snapshot(self) -> LogSnapshot | None:
        """The newest snapshot kept."""
        ...

    async def compact(self, before: int, *, keep_topics: Sequence[str] = ()) -> None:
        """Drop records with a sequence below `before` (never beyond the newest snapshot),
        but those of `keep_topics`: `read_topic` still finds them, `read` raises `LogGap`."""
        ...

    async def size_bytes(self) -> int:
        """What the log takes up in its store."""
        ...

    async def close(self) -> None:
        """Bring everything to D1 and let go of the store."""
        ...


Opener = Callable[[], Awaitable[EventLog]]
