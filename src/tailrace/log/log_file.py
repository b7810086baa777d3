"""The file of an embedded log, made and taken over for writing.

A file appears at the log's path whole, or not at all, and never in place of another one.
Whoever takes it over checks that it is still what was opened, and notes in it that it is
being written to, and during which boot of the machine.
"""

import os
import sqlite3
import uuid
from pathlib import Path

from tailrace.log import database, housekeeping
from tailrace.log.database import LogFacts
from tailrace.log.marks import Marks, boot_name
from tailrace.log.store_errors import from_os, from_sqlite
from tailrace.log.syncer import sync_folder
from tailrace.protocol.errors import LogDamaged, LogError, LogFenced

LONGEST_WAL_BYTES = 64 << 20  # beyond that an append waits until it is copied


def opened_for_writing(path: Path, marks: Marks, quota_bytes: int | None) -> sqlite3.Connection:
    """The connection that writes; makes the file if there is none. Brings `marks` up to date.

    Raises `LogFull` while there is no space for it, `LogFenced` when another process has
    made the file or begun it anew since it was looked at.
    """
    try:
        if not path.exists():
            if marks.file_epoch is not None:
                raise LogDamaged(f"the log's file {path} was deleted while it was open")
            _make_file(path, marks)
        connection = database.connected(path, "rw")
    except OSError as error:
        raise from_os(error, "making the log") from error
    except sqlite3.Error as error:
        raise from_sqlite(error, "opening the log for writing") from error
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {LONGEST_WAL_BYTES}")
        housekeeping.limit_pages(connection, quota_bytes)
        _take_over(connection, marks)
    except sqlite3.Error as error:
        connection.close()
        raise from_sqlite(error, "opening the log for writing") from error
    except LogError:
        connection.close()
        raise
    return connection


def _make_file(path: Path, marks: Marks) -> None:
    """Put a new, empty log in place."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new-{uuid.uuid4().hex[:8]}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(database.empty_image(marks.facts))
            file.flush()
            os.fsync(descriptor)
        _put_in_place(temporary, path)
        sync_folder(folder)
        marks.file_epoch = marks.facts.epoch
    except FileExistsError:
        pass  # another process was quicker: its file is looked at like any other
    finally:
        temporary.unlink(missing_ok=True)


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


def _take_over(connection: sqlite3.Connection, marks: Marks) -> None:
    """Check that the file is still what was opened, and say that it is being written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        facts = database.facts_in(connection)
        if facts is None:
            raise LogDamaged("the log's description does not check out")
        last = database.last_in(connection, facts)
        if facts.epoch != marks.file_epoch:
            raise LogFenced(expected=marks.last, last=last)
        boot = boot_name() or f"unknown-{uuid.uuid4().hex}"
        now = LogFacts(marks.facts.epoch, facts.first, boot)
        database.write_facts(connection, now)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    marks.facts, marks.file_epoch = now, now.epoch
    marks.first, marks.last = now.first, last
