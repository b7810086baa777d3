"""What the process uses: memory and processor time, its children's memory included."""

import os
import sys
import time
from typing import Any

from tailrace_kernel.endings import descendants


def usage(header: dict[str, Any]) -> dict[str, Any]:
    pid = os.getpid()
    children = sum(_resident(child) or 0 for child in descendants(pid))
    return {
        "pid": pid,
        "rss_bytes": (_resident(pid) or _peak()) + children,
        "cpu_s": round(time.process_time(), 3),
    }


def _resident(pid: int) -> int | None:
    if sys.platform == "win32":
        return None
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _peak() -> int:
    """Where there is no /proc, the most it ever had."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
