"""Output by topic, also of records that are not in the log yet.

A notebook that was opened and not changed has its first records in memory only; its
outputs can be paged all the same.
"""

from collections.abc import Callable, Sequence

from tailrace.log.event_log import LogRecord
from tailrace.session.transcript import Topics


class WithUnwritten:
    """`Topics` of a log and of what will be written to it next."""

    def __init__(self, log: Topics, unwritten: Callable[[], Sequence[LogRecord]]) -> None:
        self._log = log
        self._unwritten = unwritten

    async def read_topic(
        self,
        topic: str,
        *,
        position: int = 0,
        after: int = 0,
        limit: int = 1_000,
        limit_bytes: int = 8 << 20,
    ) -> list[LogRecord]:
        """As `EventLog.read_topic`."""
        waiting = [
            record
            for record in self._unwritten()
            if record.topic == topic
            and record.sequence > after
            and record.position + record.extent >= position
        ]
        found = await self._log.read_topic(
            topic, position=position, after=after, limit=limit, limit_bytes=limit_bytes
        )
        return found or waiting
