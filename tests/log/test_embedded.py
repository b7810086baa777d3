"""The log in a SQLite file keeps the contract, and what only a file can keep."""

from pathlib import Path

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog
from tests.log.contract import EventLogContract


class TestEmbeddedLog(EventLogContract):
    async def opened(self, folder: Path, *, quota_bytes: int | None = None) -> EventLog:
        return await EmbeddedLog.open(folder / "log.db", quota_bytes=quota_bytes)
