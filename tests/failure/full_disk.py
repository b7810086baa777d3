"""Disks that are full when a story says so. Run as a program, in a process of its own:

    python -m tests.failure.full_disk KIND STORY FOLDER

KIND `limit` is RLIMIT_FSIZE: writes end with EFBIG, short ones first. KIND `tmpfs` is a real
file system of one megabyte: ENOSPC. A story is a function below; it fails by an exception.
"""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tailrace.blobs.local import LocalBlobs
from tailrace.log.database import shm_of, wal_of
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import LogSnapshot
from tailrace.protocol.errors import BlobFull, LogFull
from tests.failure.log_files import copy_files, varied
from tests.log.stories import all_of, numbered

DISK_BYTES = 1 << 20


class Disk:
    """`room` bytes are left in each file (limit), or on the whole disk (tmpfs)."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder / "disk"
        self.folder.mkdir()
        if kind == "tmpfs":
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.folder],
                check=True,
            )
        self.elsewhere = folder

    def fill(self, room: int = 0) -> None:
        if self.kind == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
            return
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            left = shutil.disk_usage(self.folder).free - room
            while left > 0:
                left -= filler.write(bytes(min(left, 65_536)))

    def free(self) -> None:
        if self.kind == "limit":
            resource.setrlimit(
                resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )
        else:
            (self.folder / "filler").unlink()


async def _append_for_ever(log: EmbeddedLog, *, count: int, size: int) -> None:
    while log.last < 10_000:
        await log.append(numbered(log.last + 1, count, size=size), expected=log.last)


async def fills_up_and_recovers(disk: Disk) -> None:
    """LOG-10, LOG-11."""
    path = disk.folder / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 5), expected=0)
    disk.fill(room=200_000)
    with pytest.raises(LogFull):
        await _append_for_ever(log, count=3, size=900)
    last = log.last
    assert 5 < last < 1_000
    assert isinstance(log.trouble, LogFull)
    assert await all_of(log) == [*numbered(1, 5), *numbered(6, last - 5, size=900)]

    for _ in range(3):
        with pytest.raises(LogFull):
            await log.append(numbered(last + 1, 200, size=900), expected=last)
    assert log.last == last

    disk.free()
    await log.append(numbered(last + 1, 40, size=900), expected=last)
    assert log.trouble is None
    assert await log.sync() == last + 40
    await log.close()

    log = await EmbeddedLog.open(path)
    assert log.damage is None
    assert await all_of(log) == [*numbered(1, 5), *numbered(6, last + 35, size=900)]
    await log.close()


async def a_crash_while_full_keeps_what_was_appended(disk: Disk) -> None:
    """LOG-10: what a failed append left in the write-ahead log is nobody's record."""
    path = disk.folder / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 5), expected=0)
    disk.fill(room=100_000)
    with pytest.raises(LogFull):
        await _append_for_ever(log, count=2, size=3_000)
    last = log.last
    disk.free()
    copy_files(path, disk.elsewhere / "crashed" / "log.db")
    await log.close()

    log = await EmbeddedLog.open(disk.elsewhere / "crashed" / "log.db")
    assert log.damage is None
    assert (log.first, log.last) == (1, last)
    assert (await all_of(log))[5:] == numbered(6, last - 5, size=3_000)
    await log.close()


async def a_large_append_does_not_take_a_small_one_with_it(disk: Disk) -> None:
    """LOG-10."""
    log = await EmbeddedLog.open(disk.folder / "log.db")
    await log.append(numbered(1, 5), expected=0)
    disk.fill(room=300_000)
    large = log.append(numbered(6, 100, size=20_000), expected=5)
    behind_it = log.append(numbered(106, 1), expected=105)
    small = log.append(numbered(6, 1), expected=5)
    outcomes = await asyncio.gather(large, behind_it, small, return_exceptions=True)

    assert isinstance(outcomes[0], LogFull)
    assert isinstance(outcomes[1], LogFull)  # not fenced: nobody else wrote
    assert outcomes[2] is None
    assert await all_of(log) == numbered(1, 6)
    # Nor when it comes after the large one was refused, which it could not know.
    with pytest.raises(LogFull):
        await log.append(numbered(7, 100, size=20_000), expected=6)
    with pytest.raises(LogFull):
        await log.append(numbered(107, 1), expected=106)
    disk.free()
    await log.close()


async def opening_on_a_full_disk_reads(disk: Disk) -> None:
    """LOG-11, after a clean end and after a crash, with SQLite's index file and without."""
    living = disk.elsewhere / "living" / "log.db"
    log = await EmbeddedLog.open(living)
    await log.append(varied(1, 30), expected=0)
    await log.close()
    copy_files(living, disk.folder / "clean.db")
    log = await EmbeddedLog.open(living)
    await log.append(varied(31, 10), expected=30)
    copy_files(living, disk.folder / "crashed.db")
    await log.close()

    for name, last in (("clean.db", 30), ("crashed.db", 40)):
        path = disk.folder / name
        disk.fill()
        log = await EmbeddedLog.open(path)
        assert log.damage is None
        assert await all_of(log) == varied(1, last), name
        assert await log.read_topic("first", position=10)
        if disk.kind == "limit" or not wal_of(path).exists():
            with pytest.raises(LogFull):
                await log.append(varied(last + 1, 20), expected=last)
            assert isinstance(log.trouble, LogFull)
        assert await all_of(log) == varied(1, last), name
        disk.free()
        await log.append(varied(last + 1, 20), expected=last)
        assert await all_of(log) == varied(1, last + 20), name
        assert await log.sync() == last + 20
        await log.close()
        assert not shm_of(path).exists()


async def a_new_notebook_on_a_full_disk_waits_for_space(disk: Disk) -> None:
    """LOG-11."""
    disk.fill()
    log = await EmbeddedLog.open(disk.folder / "log.db")
    epoch = log.epoch
    for _ in range(3):
        with pytest.raises(LogFull):
            await log.append(numbered(1, 5), expected=0)
    with pytest.raises(LogFull):
        await log.save_snapshot(LogSnapshot(0, b"state"))
    assert [name for name in os.listdir(disk.folder) if name != "filler"] == []
    disk.free()
    await log.append(numbered(1, 5), expected=0)
    assert log.epoch == epoch
    assert await all_of(log) == numbered(1, 5)
    await log.close()


async def a_damaged_log_on_a_full_disk_is_read_from_memory(disk: Disk) -> None:
    """LOG-11, LOG-14."""
    path = disk.folder / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(varied(1, 100), expected=0)
    await log.close()
    data = bytearray(path.read_bytes())
    data[40] ^= 4
    data[18] ^= 1
    path.write_bytes(data)
    disk.fill()

    log = await EmbeddedLog.open(path)
    assert log.damage is not None
    assert isinstance(log.trouble, LogFull)
    assert await all_of(log) == varied(1, 100)
    epoch = log.epoch
    with pytest.raises(LogFull):
        await log.append(varied(101, 5), expected=100)
    assert path.read_bytes() == data

    disk.free()
    await log.append(varied(101, 5), expected=100)
    assert log.epoch == epoch
    assert await all_of(log) == varied(1, 105)
    assert log.damage.quarantined.read_bytes() == data
    await log.close()

    log = await EmbeddedLog.open(path)
    assert (log.damage, log.epoch) == (None, epoch)
    assert await all_of(log) == varied(1, 105)
    await log.close()


async def closing_on_a_full_disk_loses_nothing(disk: Disk) -> None:
    """LOG-10."""
    path = disk.folder / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(varied(1, 60), expected=0)
    disk.fill()
    await log.close()
    log = await EmbeddedLog.open(path)
    assert await all_of(log) == varied(1, 60)
    disk.free()
    await log.append(varied(61, 1), expected=60)
    await log.close()


async def a_blob_that_finds_no_space_leaves_nothing(disk: Disk) -> None:
    """BLOB-3."""
    blobs = LocalBlobs(disk.folder / "blobs")
    kept = await blobs.put(b"kept")
    disk.fill(room=20_000)
    with pytest.raises(BlobFull):
        await blobs.put(bytes(100_000))
    assert await blobs.get(kept) == b"kept"
    files = [path for path in (disk.folder / "blobs").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [kept]
    disk.free()
    assert await blobs.get(await blobs.put(bytes(100_000))) == bytes(100_000)


STORIES: dict[str, Callable[[Disk], Awaitable[None]]] = {
    story.__name__: story
    for story in (
        fills_up_and_recovers,
        a_crash_while_full_keeps_what_was_appended,
        a_large_append_does_not_take_a_small_one_with_it,
        opening_on_a_full_disk_reads,
        a_new_notebook_on_a_full_disk_waits_for_space,
        a_damaged_log_on_a_full_disk_is_read_from_memory,
        closing_on_a_full_disk_loses_nothing,
        a_blob_that_finds_no_space_leaves_nothing,
    )
}


async def main(kind: str, story: str, folder: str) -> None:
    await STORIES[story](Disk(kind, Path(folder)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
