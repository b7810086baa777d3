"""The log of a notebook that nobody keeps: the same promises, as long as the process lives.

D1 means nothing more than D0 here, so `durable` is always `last`.
"""

import asyncio
import uuid
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.record import check_batch, reach_after, size_of
from tailrace.protocol.errors import LogError, LogFenced, LogFull, LogGap


@dataclass(slots=True)
class _Topic:
    """A topic's records in order, and beside each the furthest line reached by then."""

    records: list[LogRecord] = field(default_factory=list)
    reaches: list[int] = field(default_factory=list)


class MemoryLog:
    """An `EventLog` in memory."""

    def __init__(self, *, quota_bytes: int | None = None) -> None:
        self._epoch = uuid.uuid4().hex
        self._quota_bytes = quota_bytes
        self._first = 1
        self._records: list[LogRecord] = []
        self._topics: dict[str, _Topic] = {}
        self._snapshots: list[LogSnapshot] = []
        self._record_bytes = 0
        self._listener: Callable[[int], None] | None = None
        self._closed = False

    @property
    def damage(self) -> None:
        return None

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def first(self) -> int:
        return self._first

    @property
    def last(self) -> int:
        return self._first + len(self._records) - 1

    @property
    def durable(self) -> int:
        return self.last

    async def append(self, records: Sequence[LogRecord], *, expected: int) -> None:
        self._check_open()
        check_batch(records, expected)
        if expected != self.last:
            raise LogFenced(expected=expected, last=self.last)
        added = size_of(records)
        if self._quota_bytes is not None and self._record_bytes + added > self._quota_bytes:
            raise LogFull(f"the log has used up its {self._quota_bytes} bytes")
        self._record_bytes += added
        for record in records:
            self._records.append(record)
            if record.topic is not None:
                topic = self._topics.setdefault(record.topic, _Topic())
                reach = topic.reaches[-1] if topic.reaches else 0
                topic.records.append(record)
                topic.reaches.append(reach_after(reach, record))
        if records:
            asyncio.get_running_loop().call_soon(self._announce)

    def on_durable(self, listener: Callable[[int], None] | None) -> None:
        self._listener = listener

    def _announce(self) -> None:
        if self._listener is not None:
            self._listener(self.durable)

    async def sync(self) -> int:
        self._check_open()
        return self.durable

    async def read(
        self, after: int, *, limit: int = 10_000, limit_bytes: int = 8 << 20
    ) -> list[LogRecord]:
        self._check_open()
        if after + 1 < self._first:
            raise LogGap(wanted=after + 1, first=self._first)
        return _within(self._records, after + 1 - self._first, limit, limit_bytes)

    async def read_topic(
        self,
        topic: str,
        *,
        position: int = 0,
        after: int = 0,
        limit: int = 1_000,
        limit_bytes: int = 8 << 20,
    ) -> list[LogRecord]:
        self._check_open()
        found = self._topics.get(topic)
        if found is None:
            return []
        start = bisect_left(found.reaches, position)
        start = max(start, bisect_left(found.records, after + 1, key=lambda r: r.sequence))
        return _within(found.records, start, limit, limit_bytes)

    async def save_snapshot(self, snapshot: LogSnapshot) -> None:
        self._check_open()
        if snapshot.sequence > self.last:
            raise ValueError(f"a snapshot at {snapshot.sequence}, but the log ends at {self.last}")
        others = [kept for kept in self._snapshots if kept.sequence != snapshot.sequence]
        self._snapshots = sorted([*others, snapshot], key=lambda kept: kept.sequence)[-2:]

    async def snapshot(self) -> LogSnapshot | None:
        self._check_open()
        return self._snapshots[-1] if self._snapshots else None

    async def compact(self, before: int, *, keep_topics: Sequence[str] = ()) -> None:
        self._check_open()
        if not self._snapshots:
            return
        first = max(self._first, min(before, self._snapshots[0].sequence + 1))
        self._records = self._records[first - self._first :]
        self._first = first
        kept = frozenset(keep_topics)
        for name in list(self._topics):
            if name in kept:
                continue
            topic = self._topics[name]
            gone = bisect_left(topic.records, first, key=lambda r: r.sequence)
            topic.records, topic.reaches = topic.records[gone:], topic.reaches[gone:]
            if not topic.records:
                del self._topics[name]
        held = [r for topic in self._topics.values() for r in topic.records if r.sequence < first]
        self._record_bytes = size_of(self._records) + size_of(held)

    async def size_bytes(self) -> int:
        self._check_open()
        return self._record_bytes + sum(len(kept.body) for kept in self._snapshots)

    async def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise LogError("the log is closed")


def _within(
    records: Sequence[LogRecord], start: int, limit: int, limit_bytes: int
) -> list[LogRecord]:
    """From `start` on, at most `limit` and about `limit_bytes`, but at least one."""
    taken: list[LogRecord] = []
    size = 0
    for index in range(start, min(len(records), start + limit)):
        size += len(records[index].body)
        if taken and size > limit_bytes:
            break
        taken.append(records[index])
    return taken
