"""Write an open log, on a thread of its own: appends in order, those that wait together.

Appends that wait become one transaction. When that fails for want of space each is tried by
itself, and one that was to follow an append that failed fails as that did. Longer work
(compaction) is done in pieces, between appends.

The queue is not bounded here: whoever appends waits for the answer, so it holds no more
than there are callers.
"""

import asyncio
import os
import queue
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from tailrace.log import database, housekeeping
from tailrace.log.database import PAGE_BYTES, LogFacts, wal_of
from tailrace.log.event_log import LogRecord
from tailrace.log.housekeeping import Work
from tailrace.log.marks import Marks, boot_name
from tailrace.log.record import size_of
from tailrace.log.store_errors import from_os, from_sqlite
from tailrace.log.syncer import Syncer, sync_folder
from tailrace.protocol.errors import LogDamaged, LogError, LogFenced, LogFull

GROUP_BYTES = 16 << 20  # of appends in one transaction
LONGEST_WAL_BYTES = 64 << 20  # then the writer itself waits until it is copied
LOOK_AT_WAL_EVERY_BYTES = 4 << 20
COMMIT_BYTES = 3 * PAGE_BYTES  # that a small commit adds to the write-ahead log, about
KNOWN_TOPICS = 4_096


@dataclass(slots=True)
class _Append:
    records: Sequence[LogRecord]
    expected: int
    future: asyncio.Future[None]


@dataclass(slots=True)
class _Task:
    work: Work
    future: asyncio.Future[None]


class Writer:
    """Owns the one connection that writes. `install` makes the file where opening could
    not; `syncer` is made with the first write."""

    def __init__(
        self,
        path: Path,
        marks: Marks,
        loop: asyncio.AbstractEventLoop,
        *,
        quota_bytes: int | None,
        install: Callable[[], None] | None,
        new_syncer: Callable[[], Syncer],
    ) -> None:
        self._path = path
        self._marks = marks
        self._loop = loop
        self._quota_bytes = quota_bytes
        self._install = install
        self._new_syncer = new_syncer
        self._queue: queue.SimpleQueue[_Append | _Task | None] = queue.SimpleQueue()
        self._tasks: deque[tuple[_Task, Iterator[None]]] = deque()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._reaches: dict[str, int] = {}
        self._looked_at_wal = 0
        self.syncer: Syncer | None = None
        self._thread = threading.Thread(target=self._run, name="tailrace-log-write", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[LogRecord], expected: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Append(records, expected, future))
        return future

    def do(self, work: Work) -> asyncio.Future[None]:
        """Do `work` after what waits now; done when all its steps are."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Task(work, future))
        return future

    def stop(self) -> None:
        """Finish what waits, close the file, end the thread."""
        self._queue.put(None)
        self._thread.join()

    # ── the thread ───────────────────────────────────────────────────────────

    def _run(self) -> None:
        stopping = False
        while not (stopping and not self._tasks):
            jobs = self._waiting()
            group: list[_Append] = []
            for job in jobs:
                match job:
                    case _Append():
                        group.append(job)
                    case _Task():
                        self._commit(group)
                        group = []
                        self._begin(job)
                    case None:
                        stopping = True
            self._commit(group)
            self._continue()
        self._close()

    def _waiting(self) -> list[_Append | _Task | None]:
        """What waits by now; waits for something unless there is a task to go on with."""
        jobs: list[_Append | _Task | None] = []
        size = 0
        try:
            jobs.append(self._queue.get(block=not self._tasks))
            while size < GROUP_BYTES:
                job = jobs[-1]
                if isinstance(job, _Append):
                    size += size_of(job.records)
                jobs.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return jobs

    def _commit(self, group: list[_Append]) -> None:
        """Append what `group` holds and answer each."""
        if not group:
            return
        answers: list[tuple[asyncio.Future[None], LogError | None]] = []
        try:
            connection = self._opened()
            records, accepted = self._in_order(group, answers)
            if records:
                self._insert(connection, records)
            answers += [(append.future, None) for append in accepted]
        except LogError as error:
            if len(group) > 1 and self._connection is not None:
                answers = self._one_by_one(group)
            else:
                answers = [(append.future, self._in_trouble(error)) for append in group]
        except Exception as error:
            outcome = self._gave_up(error)
            answers = [(append.future, outcome) for append in group]
        self._answer(answers)
        if self.syncer is not None and self._marks.durable < self._marks.last:
            self.syncer.wake()
        self._bound_wal()

    def _in_order(
        self, group: list[_Append], answers: list[tuple[asyncio.Future[None], LogError | None]]
    ) -> tuple[list[LogRecord], list[_Append]]:
        """The records to write; those that expect another end of the log are answered."""
        records: list[LogRecord] = []
        accepted: list[_Append] = []
        last = self._marks.last
        for append in group:
            if append.expected != last:
                fenced = LogFenced(expected=append.expected, last=last)
                answers.append((append.future, fenced))
                continue
            records += append.records
            last += len(append.records)
            accepted.append(append)
        return records, accepted

    def _one_by_one(
        self, group: list[_Append]
    ) -> list[tuple[asyncio.Future[None], LogError | None]]:
        """Try each append by itself, so that a large one that finds no space does not take a
        small one with it."""
        answers: list[tuple[asyncio.Future[None], LogError | None]] = []
        failed: dict[int, LogError] = {}  # the end each failed append would have led to
        for append in group:
            if append.expected in failed and append.expected != self._marks.last:
                outcome: LogError | None = failed[append.expected]
            else:
                outcome = self._alone(append)
            if isinstance(outcome, LogFull):
                failed[append.expected + len(append.records)] = outcome
            answers.append((append.future, outcome))
        return answers

    def _alone(self, append: _Append) -> LogError | None:
        if append.expected != self._marks.last:
            return LogFenced(expected=append.expected, last=self._marks.last)
        try:
            self._insert(self._opened(), append.records)
        except LogError as error:
            return self._in_trouble(error)
        return None

    def _insert(self, connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
        """Write `records` behind `last`: all, or none and an error."""
        reaches = {
            record.topic: self._reach_of(connection, record.topic)
            for record in records
            if record.topic is not None
        }
        # One statement is a transaction of its own, and half the price of a bracketed one.
        bracketed = len(records) > database.ROWS_PER_STATEMENT
        try:
            if bracketed:
                connection.execute("BEGIN IMMEDIATE")
            database.insert_records(connection, records, reaches)
            if bracketed:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(connection, error, records) from error
        except UnicodeEncodeError as error:
            _roll_back(connection)
            raise LogError(f"a record's kind or topic cannot be written: {error}") from error
        if not self._is_in_place():
            raise self._broken(LogDamaged("the log's file was moved or deleted under its writer"))
        if len(self._reaches) > KNOWN_TOPICS:
            self._reaches.clear()
        self._reaches.update(reaches)
        self._marks.written_bytes += COMMIT_BYTES + size_of(records)
        self._marks.trouble = None
        self._marks.last += len(records)

    def _reach_of(self, connection: sqlite3.Connection, topic: str) -> int:
        known = self._reaches.get(topic)
        return database.reach_of(connection, topic) if known is None else known

    def _failed(
        self, connection: sqlite3.Connection, error: sqlite3.Error, records: Sequence[LogRecord]
    ) -> LogError:
        _roll_back(connection)
        if isinstance(error, sqlite3.IntegrityError):
            expected = self._marks.last
            self._look_again(connection)
            return LogFenced(expected=expected, last=self._marks.last)
        if self._quota_bytes is not None and _is_full(error):
            (used,) = connection.execute("PRAGMA page_count").fetchone()
            if (used + 2) * PAGE_BYTES + size_of(records) > self._quota_bytes:
                return LogFull(
                    f"the log has used up its {self._quota_bytes >> 20} MB; "
                    "clear outputs or raise the limit"
                )
        return from_sqlite(error, "writing the log")

    def _look_again(self, connection: sqlite3.Connection) -> None:
        """Somebody else appended: learn what the file holds now."""
        self._reaches.clear()
        facts = database.facts_in(connection)
        if facts is not None:
            self._marks.facts = facts
            self._marks.first = facts.first
            self._marks.last = database.last_in(connection, facts)

    # ── tasks ────────────────────────────────────────────────────────────────

    def _begin(self, task: _Task) -> None:
        try:
            self._tasks.append((task, task.work(self._opened())))
        except LogError as error:
            self._answer([(task.future, self._in_trouble(error))])

    def _continue(self) -> None:
        """One step of the oldest task."""
        if not self._tasks:
            return
        task, steps = self._tasks[0]
        outcome: LogError | None = None
        try:
            next(steps)
            return
        except StopIteration:
            pass
        except LogError as error:
            outcome = error
        except sqlite3.Error as error:
            if self._connection is not None:
                _roll_back(self._connection)
            outcome = self._in_trouble(from_sqlite(error, "writing the log"))
        except Exception as error:
            outcome = self._gave_up(error)
        self._tasks.popleft()
        self._answer([(task.future, outcome)])
        if self.syncer is not None:
            self.syncer.wake()

    # ── the file ─────────────────────────────────────────────────────────────

    def _opened(self) -> sqlite3.Connection:
        """The connection, made with the first write. Raises `LogFull` while it cannot be."""
        self._marks.check_writable()
        if self._connection is not None:
            return self._connection
        if self._install is not None:
            self._install()
            self._install = None
        try:
            if not self._path.exists():
                self._make_file()
            connection = database.connected(self._path, "rw")
        except OSError as error:
            raise from_os(error, "making the log") from error
        except sqlite3.Error as error:
            raise from_sqlite(error, "opening the log for writing") from error
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(f"PRAGMA journal_size_limit = {LONGEST_WAL_BYTES}")
            housekeeping.limit_pages(connection, self._quota_bytes)
            self._take_over(connection)
        except sqlite3.Error as error:
            connection.close()
            raise from_sqlite(error, "opening the log for writing") from error
        except LogError:
            connection.close()
            raise
        self._connection = connection
        self._identity = _identity_of(self._path)
        self._marks.is_file_open = True
        self.syncer = self._new_syncer()
        return connection

    def _make_file(self) -> None:
        """Put a new, empty log in place: whole, or not at all."""
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{self._path.name}.new-{uuid.uuid4().hex[:8]}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(database.empty_image(self._marks.facts))
                file.flush()
                os.fsync(descriptor)
            _put_in_place(temporary, self._path)
            sync_folder(folder)
            self._marks.file_epoch = self._marks.facts.epoch
        except FileExistsError:
            pass  # another process was quicker: its file is looked at like any other
        finally:
            temporary.unlink(missing_ok=True)

    def _take_over(self, connection: sqlite3.Connection) -> None:
        """Check that the file is still what was opened, and say that it is being written."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            facts = database.facts_in(connection)
            if facts is None:
                raise LogDamaged("the log's description does not check out")
            last = database.last_in(connection, facts)
            if facts.epoch != self._marks.file_epoch:
                # Made, or begun anew, by another process since this one looked.
                raise LogFenced(expected=self._marks.last, last=last)
            boot = boot_name() or f"unknown-{uuid.uuid4().hex}"
            now = LogFacts(self._marks.facts.epoch, facts.first, boot)
            database.write_facts(connection, now)
            connection.execute("COMMIT")
        finally:
            _roll_back(connection)
        self._marks.facts, self._marks.file_epoch = now, now.epoch
        self._marks.first, self._marks.last = now.first, last

    def _is_in_place(self) -> bool:
        """Whether the file that was just written is still the one at the log's path."""
        try:
            return _identity_of(self._path) == self._identity
        except FileNotFoundError:
            return False

    def _bound_wal(self) -> None:
        """Begin the write-ahead log anew when the syncer has copied nearly all of it, and wait
        for the copying when it cannot keep up."""
        connection, syncer, written = self._connection, self.syncer, self._marks.written_bytes
        if connection is None or syncer is None:
            return
        if self._marks.restart_wanted:
            self._marks.restart_wanted = False
            if syncer.filling.acquire(blocking=False):
                try:
                    self._checkpoint(connection, housekeeping.restart_wal)
                finally:
                    syncer.filling.release()
        if written - self._looked_at_wal >= LOOK_AT_WAL_EVERY_BYTES:
            self._looked_at_wal = written
            if database.file_size(wal_of(self._path)) > LONGEST_WAL_BYTES:
                with syncer.filling:
                    self._checkpoint(connection, housekeeping.shorten_wal)

    def _checkpoint(
        self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], None]
    ) -> None:
        try:
            work(connection)
        except sqlite3.Error as error:
            trouble = from_sqlite(error, "making the log shorter")
            if isinstance(trouble, LogDamaged):
                self._broken(trouble)

    def _close(self) -> None:
        if self.syncer is not None:
            with suppress(LogError):  # whoever closes looks at `durable`
                self.syncer.sync()
            self.syncer.stop()
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if self._marks.broken is None and self._marks.durable == self._marks.last:
                self._checkpoint(connection, housekeeping.shorten_wal)
                database.write_facts(connection, replace(self._marks.facts, boot=""))
        except sqlite3.Error:
            _roll_back(connection)  # it stays marked as being written, which is always safe
        connection.close()

    # ── answers ──────────────────────────────────────────────────────────────

    def _in_trouble(self, error: LogError) -> LogError:
        if isinstance(error, LogFull):
            self._marks.trouble = error
        return error

    def _broken(self, error: LogError) -> LogError:
        self._marks.broken = error
        return error

    def _gave_up(self, error: Exception) -> LogError:
        """A mistake of ours: whoever waits must hear of it, and nothing may be written on."""
        if self._connection is not None:
            _roll_back(self._connection)
        broken = LogError(f"the log's writer failed: {error!r}")
        broken.__cause__ = error
        return self._broken(broken)

    def _answer(self, answers: list[tuple[asyncio.Future[None], LogError | None]]) -> None:
        if self._loop.is_closed():
            return  # nobody waits any more; what was written stays
        self._loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: list[tuple[asyncio.Future[None], LogError | None]]) -> None:
    for future, error in answers:
        if future.done():
            continue  # whoever asked was cancelled
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _put_in_place(temporary: Path, path: Path) -> None:
    """Give `temporary` the name `path`. Raises `FileExistsError` rather than replace a file."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here. Between the look and the renaming another process could come.
        if path.exists():
            raise FileExistsError(path) from None
        os.rename(temporary, path)


def _identity_of(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
