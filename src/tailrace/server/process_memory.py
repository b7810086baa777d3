"""How much memory processes take, as the system counts it."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def resident_bytes(pids: Sequence[int]) -> dict[int, int]:
    """Resident memory of each process that still lives. Reads `/proc`, or asks `ps`."""
    if sys.platform == "linux":
        return {pid: size for pid in pids if (size := _from_proc(pid)) is not None}
    if not pids or sys.platform == "win32":
        return {}
    listed = subprocess.run(
        ["/bin/ps", "-o", "pid=,rss=", "-p", ",".join(map(str, pids))],
        capture_output=True,
        text=True,
        check=False,  # it fails when one of them is gone, and still lists the others
    ).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid): int(kilobytes) * 1024 for pid, kilobytes in rows}


async def resident_bytes_of(pids: Sequence[int]) -> dict[int, int]:
    """The same, off the event loop."""
    return await asyncio.to_thread(resident_bytes, pids)


def _from_proc(pid: int) -> int | None:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None
