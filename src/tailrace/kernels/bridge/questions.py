"""Questions about a Jupyter kernel's namespace, in the words of KER-8."""

import os
import sys
import time
from typing import Any

from tailrace.kernels.bridge.channels import Channels
from tailrace.protocol.errors import KernelError
from tailrace_kernel.endings import descendants

BUDGET_S = 4.0  # below the five seconds that a server waits

Result = dict[str, Any]


class Questions:
    """`about` is what the kernel said of itself when it started."""

    def __init__(self, channels: Channels, about: dict[str, Any]) -> None:
        self._channels = channels
        self._about = about

    async def answer(self, kind: str, header: dict[str, Any]) -> Result:
        """Raises `KernelError` for what this kernel cannot say, or not now."""
        match kind:
            case "complete":
                return await self._complete(header["code"], int(header["cursor"]))
            case "inspect":
                wanted = {
                    "code": header["code"],
                    "cursor_pos": int(header["cursor"]),
                    "detail_level": int(header.get("detail") or 0),
                }
                found = await self._ask("inspect_request", wanted)
                return {"found": bool(found.get("found")), "data": found.get("data") or {}}
            case "is-complete":
                found = await self._ask("is_complete_request", {"code": header["code"]})
                status = found.get("status", "unknown")
                return {"status": status, "indent": found.get("indent", "")}
            case "variables":
                return {"variables": [], "complete": False}
            case "usage":
                return _usage()
            case "kernel-info":
                return {**self._about, "execution_count": None}
            case "history":
                return await self._history(header)
            case _:
                raise KernelError(f"a kernel of this language knows no request {kind!r}")

    async def _ask(self, kind: str, content: dict[str, Any]) -> Result:
        return await self._channels.answer(kind, content, within_s=BUDGET_S)

    async def _complete(self, code: str, cursor: int) -> Result:
        found = await self._ask("complete_request", {"code": code, "cursor_pos": cursor})
        typed = {
            each.get("text"): each
            for each in (found.get("metadata") or {}).get("_jupyter_types_experimental") or []
        }
        matches = [
            {
                "text": text,
                "kind": str(typed.get(text, {}).get("type") or ""),
                "signature": str(typed.get(text, {}).get("signature") or ""),
            }
            for text in found.get("matches") or []
        ]
        start, end = found.get("cursor_start", cursor), found.get("cursor_end", cursor)
        return {"matches": matches, "start": start, "end": end}

    async def _history(self, header: dict[str, Any]) -> Result:
        wanted = {
            "hist_access_type": header.get("access", "tail"),
            "raw": bool(header.get("raw", True)),
            "output": bool(header.get("output", False)),
        }
        for name in ("session", "start", "stop", "n", "pattern", "unique"):
            if header.get(name) is not None:
                wanted[name] = header[name]
        found = await self._ask("history_request", wanted)
        return {"history": found.get("history") or []}


def _usage() -> Result:
    """Memory and processor time of the kernel with all its children, and of this bridge."""
    if sys.platform == "win32":
        return {"pid": os.getpid(), "rss_bytes": 0, "cpu_s": time.process_time()}
    pids = [os.getpid(), *descendants(os.getpid())]
    ticks = os.sysconf("SC_CLK_TCK")
    rss = used = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                rss += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
        except OSError:
            continue  # it ended just now, or this system has no /proc
    return {"pid": pids[-1] if len(pids) > 1 else pids[0], "rss_bytes": rss, "cpu_s": used / ticks}
