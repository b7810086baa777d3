"""The log in memory keeps the contract."""

from pathlib import Path

from tailrace.log.event_log import EventLog
from tailrace.log.memory import MemoryLog
from tests.log.contract import EventLogContract


class TestMemoryLog(EventLogContract):
    async def opened(self, folder: Path, *, quota_bytes: int | None = None) -> EventLog:
        return MemoryLog(quota_bytes=quota_bytes)
