"""EmbeddedLog: one SQLite file per notebook, durable, without a server.

Three threads serve an open log, each started when it is first needed: one writes
(`writer.py`), one reads (`reader.py`), one syncs (`syncer.py`). The event loop only hands
over and is told. Opening writes nothing and makes nothing: the first append does.

What each level promises is in `docs/spec/log.md` and ADR 1.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from tailrace.log import housekeeping
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.housekeeping import Work
from tailrace.log.opening import Opening, open_file, release
from tailrace.log.reader import Reader
from tailrace.log.record import check_batch
from tailrace.log.salvage import Damage, mark_suspect
from tailrace.log.syncer import Syncer
from tailrace.log.writer import Writer
from tailrace.protocol.errors import LogDamaged, LogError, LogFenced

T = TypeVar("T")


class EmbeddedLog:
    """An `EventLog` in a SQLite file. Use `open`; one owner, one event loop."""

    def __init__(
        self, path: Path, opening: Opening, readers: ThreadPoolExecutor, quota_bytes: int | None
    ) -> None:
        self._path = path
        self._marks = opening.marks
        self._damage = opening.damage
        self._install = opening.install
        self._reader = Reader(path, opening.marks, opening.image)
        self._readers = readers
        self._quota_bytes = quota_bytes
        self._loop = asyncio.get_running_loop()
        self._writer: Writer | None = None
        self._listener: Callable[[int], None] | None = None
        self._announced = self._marks.durable
        self._closed = False

    @classmethod
    async def open(
        cls, path: Path, *, quota_bytes: int | None = None, create: bool = True
    ) -> "EmbeddedLog":
        """Open the log at `path`. A missing file is an empty log, made by the first append;
        without `create` it is a `LogError`.

        `quota_bytes` bounds the records' file; a snapshot may go beyond it. A damaged file
        is set aside and what can be read of it kept: see `damage`. Raises `LogForeign` for
        another program's database, `LogVersion` for one of a newer version.
        """
        readers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tailrace-log-read")
        try:
            loop = asyncio.get_running_loop()
            opening = await loop.run_in_executor(readers, partial(open_file, path, create=create))
        except BaseException:
            readers.shutdown(wait=False)
            raise
        return cls(path, opening, readers, quota_bytes)

    @property
    def damage(self) -> Damage | None:
        """What this opening had to repair, if anything."""
        return self._damage

    @property
    def trouble(self) -> LogError | None:
        """Why the log is read-only at the moment; None while it can be written to."""
        return self._marks.broken or self._marks.trouble

    @property
    def epoch(self) -> str:
        return self._marks.facts.epoch

    @property
    def first(self) -> int:
        return self._marks.first

    @property
    def last(self) -> int:
        return self._marks.last

    @property
    def durable(self) -> int:
        return self._marks.durable

    # ── writing ──────────────────────────────────────────────────────────────

    async def append(self, records: Sequence[LogRecord], *, expected: int) -> None:
        """As `EventLog.append`. Cancelling the wait does not take the records back."""
        check_batch(records, expected)
        if records:
            writer = self._writing()
            if not writer.append_now(records, expected):
                await writer.append(records, expected)
        elif expected != self._marks.last:
            raise LogFenced(expected=expected, last=self._marks.last)

    async def save_snapshot(self, snapshot: LogSnapshot) -> None:
        if snapshot.sequence > self._marks.last:
            raise ValueError(
                f"a snapshot at {snapshot.sequence}, but the log ends at {self._marks.last}"
            )
        await self._do(lambda c: housekeeping.keep_snapshot(c, self._marks, snapshot))

    async def compact(self, before: int, *, keep_topics: Sequence[str] = ()) -> None:
        if self._marks.file_epoch is None:
            return  # nothing was ever written
        kept = frozenset(keep_topics)
        await self._do(lambda c: housekeeping.compact(c, self._marks, before, kept))

    async def sync(self) -> int:
        self._check_open()
        self._marks.check_writable()
        if self._writer is not None and self._writer.syncer is not None:
            await asyncio.to_thread(self._writer.syncer.sync)
        return self._marks.durable

    def on_durable(self, listener: Callable[[int], None] | None) -> None:
        self._listener = listener

    def _writing(self) -> Writer:
        self._check_open()
        if self._writer is None:
            self._writer = Writer(
                self._path,
                self._marks,
                self._loop,
                quota_bytes=self._quota_bytes,
                install=self._install,
                new_syncer=self._new_syncer,
            )
        return self._writer

    async def _do(self, work: Work) -> None:
        await self._writing().do(work)

    def _new_syncer(self) -> Syncer:
        return Syncer(
            self._path, self._marks, self._announce_soon, partial(mark_suspect, self._path)
        )

    def _announce_soon(self) -> None:
        """Called on the syncer's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        durable = self._marks.durable
        if self._listener is not None and durable > self._announced:
            self._announced = durable
            self._listener(durable)

    # ── reading ──────────────────────────────────────────────────────────────

    async def read(
        self, after: int, *, limit: int = 10_000, limit_bytes: int = 8 << 20
    ) -> list[LogRecord]:
        return await self._read(partial(self._reader.read, after, limit, limit_bytes))

    async def read_topic(
        self,
        topic: str,
        *,
        position: int = 0,
        after: int = 0,
        limit: int = 1_000,
        limit_bytes: int = 8 << 20,
    ) -> list[LogRecord]:
        return await self._read(
            partial(self._reader.read_topic, topic, position, after, limit, limit_bytes)
        )

    async def snapshot(self) -> LogSnapshot | None:
        return await self._read(self._reader.snapshot)

    async def size_bytes(self) -> int:
        return await self._read(self._reader.size_bytes)

    async def _read(self, work: Callable[[], T]) -> T:
        self._check_open()
        try:
            return await self._loop.run_in_executor(self._readers, work)
        except LogDamaged as error:
            # The next opening repairs it; writing on would build on what is not there.
            self._marks.broken = self._marks.broken or error
            await asyncio.to_thread(mark_suspect, self._path)
            raise

    # ── the end ──────────────────────────────────────────────────────────────

    async def close(self) -> None:
        """Bring everything to D1 and let go of the file; a second time does nothing.

        Raises what kept it from D1, after letting go.
        """
        if self._closed:
            return
        self._closed = True
        # The last to let go of the file tidies it up, and only a writer can.
        await self._loop.run_in_executor(self._readers, self._reader.close)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.stop)
        release(self._path)
        self._readers.shutdown(wait=False)
        if self._marks.durable < self._marks.last:
            raise self._marks.broken or LogError("the log's end could not be synced")

    def _check_open(self) -> None:
        if self._closed:
            raise LogError("the log is closed")
