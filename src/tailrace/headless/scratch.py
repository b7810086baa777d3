"""Where `tailrace run` keeps what its notebook says until the run is over: on the disk.

A folder of its own for each run, under the state folder and not in memory: a cell may print
more than memory holds. It is gone when the run ends; what a killed run left behind is removed
by the next one, which knows by the lock that nobody uses it any more.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from tailrace.blobs.local import LocalBlobs
from tailrace.folders import made
from tailrace.kernels.host_lock import taken_lock
from tailrace.log.embedded import EmbeddedLog

LOCK = "lock"
NO_QUOTA = 1 << 50  # the disk's own size is the limit


class WholeLog(EmbeddedLog):
    """One that keeps everything: whoever follows the run may be slower than the run."""

    async def compact(self, before: int, *, keep_topics: Sequence[str] = ()) -> None:
        return


class Scratch(Struct, frozen=True):
    log: EmbeddedLog
    blobs: LocalBlobs


@asynccontextmanager
async def scratch(runs: Path) -> AsyncIterator[Scratch]:
    """A log and blobs for one run, in a new folder below `runs`."""
    made(runs)
    await asyncio.to_thread(_remove_abandoned, runs)
    folder = made(runs / secrets.token_hex(6))
    lock = taken_lock(folder / LOCK)
    assert lock is not None, "a new folder is nobody's"
    try:
        log = await WholeLog.open(folder / "log.db", quota_bytes=NO_QUOTA)
        try:
            yield Scratch(log, LocalBlobs(folder / "blobs"))
        finally:
            await log.close()
    finally:
        os.close(lock)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _remove_abandoned(runs: Path) -> None:
    for folder in runs.iterdir():
        # One that is just being made has no lock yet; it is another run's.
        if (folder / LOCK).exists() and (lock := taken_lock(folder / LOCK)) is not None:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)
