"""Bring an open log to D1, on a thread of its own.

A commit hands its bytes to the system and returns; this thread syncs the write-ahead log
some milliseconds later, for all commits of that time together. It also copies the
write-ahead log into the database while nobody waits, so that it stays short.

A sync that failed is never tried again (see `store_errors.py`): the log is broken from
then on, and readable.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tailrace.log import database, housekeeping
from tailrace.log.marks import Marks
from tailrace.log.store_errors import from_sqlite, sync_failed
from tailrace.protocol.errors import LogDamaged, LogError

GATHER_S = 0.010  # with the sync itself, D1 follows D0 by about 20 ms
SPACING_S = 0.045  # between two syncs of a log that is written all the time: twenty such logs
# would otherwise keep the device busy with nothing but syncs, and each other waiting
FILL_BYTES = 4 << 20  # of the write-ahead log, before it is copied into the database
LITTLE_BYTES = 1 << 20  # left when a pass over it ends: then the writer may copy the rest
PASSES = 3  # a writer that is faster than the disk has to wait in the end
RESTART_BYTES = 16 << 20  # of it; from there on the writer is asked to begin it anew
RETRY_FILL_S = 1.0  # after the copying found no space, or the file locked


class Syncer:
    """Owns a descriptor of the `-wal` file and a connection for checkpoints.

    `announce` is called on this thread whenever `durable` rose or the log broke.
    """

    def __init__(
        self,
        path: Path,
        marks: Marks,
        announce: Callable[[], None],
        mark_suspect: Callable[[], None],
    ) -> None:
        self._path = path
        self._marks = marks
        self._announce = announce
        self._mark_suspect = mark_suspect
        self._changed = threading.Condition()
        self._dirty = False
        self._urgent = False
        self._stopping = False
        self._filled_bytes = marks.written_bytes
        self._descriptor: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._is_folder_synced = False
        self._last_sync = 0.0
        self._thread = threading.Thread(target=self._run, name="tailrace-log-sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed. Cheap: while a round waits to begin this does nothing."""
        if not self._dirty:
            with self._changed:
                self._dirty = True
                self._changed.notify_all()

    def sync(self) -> None:
        """Bring what is committed by now to D1; return when it is, or raise why it is not."""
        wanted = self._marks.last
        with self._changed:
            if self._marks.durable < wanted:
                self._dirty = self._urgent = True
                self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._marks.durable >= wanted or self._marks.broken is not None
            )
        self._marks.check_writable()

    def stop(self) -> None:
        """End the thread and let go of the files; what is not synced stays at D0."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _run(self) -> None:
        while self._wait_for_work():
            target = self._marks.last
            try:
                self._sync_files()
            except OSError as error:
                self._break(sync_failed(error))
                return
            except sqlite3.Error as error:
                self._break(from_sqlite(error, "syncing the log"))
                return
            with self._changed:
                self._marks.durable = max(self._marks.durable, target)
                self._changed.notify_all()
            self._announce()
            if self._marks.written_bytes - self._filled_bytes >= FILL_BYTES and not self._fill():
                return

    def _wait_for_work(self) -> bool:
        """Wait for a commit and then a little for more; false when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._dirty or self._stopping)
            if not self._stopping and not self._urgent:
                gather_s = max(GATHER_S, self._last_sync + SPACING_S - time.monotonic())
                self._changed.wait_for(lambda: self._urgent or self._stopping, gather_s)
            # Before `last` is read: a commit that comes now asks for a round of its own.
            self._dirty = self._urgent = False
            return not self._stopping

    def _sync_files(self) -> None:
        if self._descriptor is None:
            # Closing a descriptor of the database itself would drop SQLite's locks on it;
            # nobody locks the write-ahead log.
            self._descriptor = os.open(database.wal_of(self._path), os.O_RDWR)
        sync_descriptor(self._descriptor)
        self._last_sync = time.monotonic()
        if not self._is_folder_synced:
            sync_folder(self._path.parent)
            self._is_folder_synced = True

    def _fill(self) -> bool:
        """Copy the write-ahead log into the database; false when a sync failed on the way."""
        try:
            if self._connection is None:
                self._connection = database.connected(self._path, "rw")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            for _ in range(PASSES):
                counted = self._marks.written_bytes
                length = housekeeping.fill_database(self._connection, self._marks)
                self._filled_bytes = counted
                left = self._marks.written_bytes - counted
                if left <= LITTLE_BYTES:
                    break
            # It begins anew by itself once all of it is copied and nobody writes just then.
            self._marks.restart_wanted = left > 0 and length >= RESTART_BYTES
        except sqlite3.Error as error:
            trouble = from_sqlite(error, "making the log shorter")
            if isinstance(trouble, LogDamaged):
                self._break(trouble)
                return False
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, RETRY_FILL_S)
            return True
        return True

    def _break(self, trouble: LogError) -> None:
        self._mark_suspect()
        with self._changed:
            self._marks.broken = trouble
            self._changed.notify_all()
        self._announce()


def sync_descriptor(descriptor: int) -> None:
    """Have the device itself hold what was written to `descriptor`."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync stops at the drive's cache there
    elif sys.platform == "linux":
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
