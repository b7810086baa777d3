"""What a kernel and its machine use, as ipykernel answers `usage_request` (JUP-47)."""

import asyncio
import os
import platform
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

MEASURED_S = 0.1  # over which the processor's share is taken
_MEMORY = Path("/proc/meminfo")


async def usage_content(ask: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """`ask` asks the kernel what it uses by now."""
    before, at = await ask(), time.monotonic()
    await asyncio.sleep(MEASURED_S)
    now = await ask()
    seconds = time.monotonic() - at
    content = {
        "hostname": platform.node(),
        "pid": now["pid"],
        "kernel_cpu": round(100 * (now["cpu_s"] - before["cpu_s"]) / seconds, 1),
        "kernel_memory": now["rss_bytes"],
        "cpu_count": os.cpu_count(),
    }
    memory = await asyncio.to_thread(_memory)
    return content | ({} if memory is None else {"host_virtual_memory": memory})


def _memory() -> dict[str, Any] | None:
    """Of the machine, in bytes; None where it does not say."""
    try:
        lines = _MEMORY.read_text("ascii").splitlines()
    except OSError:
        return None
    found = {}
    for line in lines:
        name, _, amount = line.partition(":")
        found[name] = int(amount.split()[0]) * 1024
    total, available = found["MemTotal"], found.get("MemAvailable", found["MemFree"])
    return {
        "total": total,
        "available": available,
        "used": total - available,
        "free": found["MemFree"],
        "percent": round(100 * (total - available) / total, 1),
    }
