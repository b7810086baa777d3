"""Write an open log: appends in order, those that wait together.

While the thread has nothing to do and the store answers quickly, a small append is written
where it is asked for (`append_now`): handing it to a thread and back costs ten times what
SQLite does with it (ADR 10). Everything else is the thread's: the first append, large ones,
those that wait behind others, whatever did not succeed at once, and all of them for a while
after one was slow.

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
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from tailrace.log import database, housekeeping
from tailrace.log.database import PAGE_BYTES, wal_of
from tailrace.log.event_log import LogRecord
from tailrace.log.housekeeping import Work
from tailrace.log.log_file import LONGEST_WAL_BYTES, opened_for_writing
from tailrace.log.marks import Marks
from tailrace.log.pace import Pace
from tailrace.log.record import size_of
from tailrace.log.store_errors import from_sqlite
from tailrace.log.syncer import Syncer
from tailrace.protocol.errors import LogDamaged, LogError, LogFenced, LogFull

GROUP_BYTES = 16 << 20  # of appends in one transaction
LOOK_AT_WAL_EVERY_BYTES = 4 << 20
COMMIT_BYTES = 3 * PAGE_BYTES  # that a small commit adds to the write-ahead log, about
KNOWN_TOPICS = 4_096

SMALL_BYTES = 64 << 10  # what may be written where it is asked for: some hundred microseconds


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
        # Where appends that found no space would have led: what was to follow finds none.
        self._full: dict[int, LogFull] = {}
        # Jobs handed to the thread, counted by who hands, and jobs it is done with: while
        # the two are equal the thread waits, and what is its own may be used here.
        self._handed = 0
        self._done = 0
        self._pace = Pace()
        self._is_patient = True
        self.syncer: Syncer | None = None
        self._thread = threading.Thread(target=self._run, name="tailrace-log-write", daemon=True)
        self._thread.start()

    def append_now(self, records: Sequence[LogRecord], expected: int) -> bool:
        """Write `records` at once, if that is quick. False: nothing was written, `append`."""
        connection = self._connection
        if connection is None or not self.is_idle or not self._pace.is_quick:
            return False
        marks = self._marks
        is_well = marks.broken is None and marks.trouble is None and expected == marks.last
        if not is_well or self._is_wal_due or size_of(records) > SMALL_BYTES:
            return False
        began = time.monotonic()
        try:
            self._be_patient(connection, False)
            self._put(connection, records)
        except (sqlite3.Error, UnicodeEncodeError):
            _roll_back(connection)
            return False  # the thread tries again, waits where waiting helps, and tells
        finally:
            self._pace.note(time.monotonic() - began)
        if self.syncer is not None:
            self.syncer.wake()
        return True

    @property
    def is_idle(self) -> bool:
        """Whether the thread is done with all that was handed to it."""
        return self._handed == self._done

    def append(self, records: Sequence[LogRecord], expected: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        self._hand(_Append(records, expected, future))
        return future

    def do(self, work: Work) -> asyncio.Future[None]:
        """Do `work` after what waits now; done when all its steps are."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._hand(_Task(work, future))
        return future

    def _hand(self, job: "_Append | _Task") -> None:
        self._handed += 1
        self._queue.put(job)

    def stop(self) -> None:
        """Finish what waits, close the file, end the thread."""
        self._queue.put(None)
        self._thread.join()

    # ── the thread ───────────────────────────────────────────────────────────

    def _run(self) -> None:
        stopping = False
        taken = 0
        while not (stopping and not self._tasks):
            jobs = self._waiting()
            taken += len(jobs)
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
            self._done = taken - len(self._tasks)
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
                answers = [(each.future, self._refused(each, error)) for each in group]
        except Exception as error:
            outcome = self._gave_up(error)
            answers = [(append.future, outcome) for append in group]
        self._answer(answers)
        self._wake_syncer()

    def _in_order(
        self, group: list[_Append], answers: list[tuple[asyncio.Future[None], LogError | None]]
    ) -> tuple[list[LogRecord], list[_Append]]:
        """The records to write; those that expect another end of the log are answered."""
        records: list[LogRecord] = []
        accepted: list[_Append] = []
        last = self._marks.last
        for append in group:
            if append.expected != last:
                answers.append((append.future, self._misplaced(append, last)))
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
        return [(append.future, self._alone(append)) for append in group]

    def _alone(self, append: _Append) -> LogError | None:
        if append.expected != self._marks.last:
            return self._misplaced(append, self._marks.last)
        try:
            self._insert(self._opened(), append.records)
        except LogError as error:
            return self._refused(append, error)
        return None

    def _misplaced(self, append: _Append, last: int) -> LogError:
        """Why an append that expects another end than `last` is not written."""
        full = self._full.get(append.expected) if append.expected > last else None
        if full is None:
            return LogFenced(expected=append.expected, last=last)
        self._full[append.expected + len(append.records)] = full
        return full

    def _refused(self, append: _Append, error: LogError) -> LogError:
        outcome = self._in_trouble(error)
        if isinstance(outcome, LogFull):
            last = self._marks.last
            self._full = {end: full for end, full in self._full.items() if end > last}
            self._full[append.expected + len(append.records)] = outcome
        return outcome

    def _insert(self, connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
        """Write `records` behind `last`: all, or none and an error."""
        try:
            self._be_patient(connection, True)
            self._put(connection, records)
        except sqlite3.Error as error:
            raise self._failed(connection, error, records) from error
        except UnicodeEncodeError as error:
            _roll_back(connection)
            raise LogError(f"a record's kind or topic cannot be written: {error}") from error

    def _put(self, connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
        """The writing itself. Raises what SQLite raises, perhaps within a transaction."""
        reaches = {
            record.topic: self._reach_of(connection, record.topic)
            for record in records
            if record.topic is not None
        }
        # One statement is a transaction of its own, and half the price of a bracketed one.
        bracketed = len(records) > database.ROWS_PER_STATEMENT
        if bracketed:
            connection.execute("BEGIN IMMEDIATE")
        database.insert_records(connection, records, reaches)
        if bracketed:
            connection.execute("COMMIT")
        if not self._is_in_place():
            raise self._broken(LogDamaged("the log's file was moved or deleted under its writer"))
        if len(self._reaches) > KNOWN_TOPICS:
            self._reaches.clear()
        self._reaches.update(reaches)
        self._marks.written_bytes += COMMIT_BYTES + size_of(records)
        self._marks.trouble = None
        self._marks.last += len(records)

    def _be_patient(self, connection: sqlite3.Connection, is_patient: bool) -> None:
        """Wait for another process that holds the file locked, or do not: the event loop
        must not."""
        if is_patient != self._is_patient:
            wait_ms = database.BUSY_TIMEOUT_MS if is_patient else 0
            connection.execute(f"PRAGMA busy_timeout = {wait_ms}")
            self._is_patient = is_patient

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
            connection = self._opened()
            self._be_patient(connection, True)
            self._tasks.append((task, task.work(connection)))
        except LogError as error:
            self._answer([(task.future, self._in_trouble(error))])

    def _continue(self) -> None:
        """One step of the oldest task."""
        if not self._tasks:
            return
        task, steps = self._tasks[0]
        outcome: LogError | None = None
        is_done = True
        try:
            next(steps)
            is_done = False
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
        if is_done:
            self._tasks.popleft()
            self._answer([(task.future, outcome)])
        self._wake_syncer()

    def _wake_syncer(self) -> None:
        """After the answers: who waits for D0 should not wait for this."""
        if self.syncer is not None:
            self.syncer.wake()
        self._bound_wal()

    # ── the file ─────────────────────────────────────────────────────────────

    def _opened(self) -> sqlite3.Connection:
        """The connection, made with the first write. Raises `LogFull` while it cannot be."""
        self._marks.check_writable()
        if self._connection is not None:
            return self._connection
        if self._install is not None:
            self._install()
            self._install = None
        connection = opened_for_writing(self._path, self._marks, self._quota_bytes)
        self._connection = connection
        self._identity = _identity_of(self._path)
        self._marks.is_file_open = True
        self.syncer = self._new_syncer()
        return connection

    def _is_in_place(self) -> bool:
        """Whether the file that was just written is still the one at the log's path."""
        try:
            return _identity_of(self._path) == self._identity
        except FileNotFoundError:
            return False

    def _bound_wal(self) -> None:
        """Begin the write-ahead log anew when the syncer has copied nearly all of it, and wait
        for the copying when it cannot keep up."""
        connection, written = self._connection, self._marks.written_bytes
        if connection is None:
            return
        self._be_patient(connection, True)
        if self._marks.restart_wanted:
            self._marks.restart_wanted = False
            self._checkpoint(connection, housekeeping.restart_wal)
        if written - self._looked_at_wal >= LOOK_AT_WAL_EVERY_BYTES:
            self._looked_at_wal = written
            if database.file_size(wal_of(self._path)) > LONGEST_WAL_BYTES:
                self._checkpoint(connection, housekeeping.shorten_wal)

    @property
    def _is_wal_due(self) -> bool:
        """Whether `_bound_wal` has something to look at."""
        written = self._marks.written_bytes - self._looked_at_wal
        return self._marks.restart_wanted or written >= LOOK_AT_WAL_EVERY_BYTES

    def _checkpoint(
        self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection, Marks], None]
    ) -> None:
        try:
            work(connection, self._marks)
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


def _identity_of(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
