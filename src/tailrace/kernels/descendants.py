"""Everything a kernel started: found, and ended with it (KER-14).

On Linux the host is the sub-reaper of its kernels: a process whose parent died becomes
the host's child instead of getting lost. Which kernel it came from is told by its
session, its group, or the mark `TAILRACE_KERNEL_ID` that every kernel's environment
carries and its descendants inherit. Elsewhere the process group is all there is to go by.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MARK = "TAILRACE_KERNEL_ID"
MARK_LENGTH = 64  # of the longest kernel id
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 100  # of looking again, while a process that keeps forking is being stopped


class Process(NamedTuple):
    pid: int
    parent: int
    group: int
    session: int


def processes() -> Iterator[Process]:
    """Every process that has not ended yet. Nothing where there is no `/proc`."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in names:
        if not name.isdigit():
            continue
        try:
            line = Path("/proc", name, "stat").read_bytes()
        except OSError:
            continue  # ended meanwhile
        # The command's name stands in parentheses and may hold any character.
        state, parent, group, session = line[line.rindex(b")") + 2 :].split(b" ", 4)[:4]
        if state not in b"ZX":
            yield Process(int(name), int(parent), int(group), int(session))


def mark_of(pid: int) -> str | None:
    """The kernel id in the environment that `pid` was started with."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    for entry in environment.split(b"\0"):
        if entry.startswith(MARK.encode() + b"="):
            return entry[len(MARK) + 1 :].decode("ascii", "replace")
    return None


def belonging_to(kernel_id: str, pid: int | None) -> set[int]:
    """The processes that descend from this kernel, without itself and the host."""
    return {
        process.pid
        for process in processes()
        if process.pid not in (pid, os.getpid())
        and (pid in (process.session, process.group) or mark_of(process.pid) == kernel_id)
    }


def unmarked_children(parent: int) -> set[int]:
    """Children of `parent` that no mark ties to a kernel: they cleaned their environment."""
    return {
        process.pid
        for process in processes()
        if process.parent == parent and mark_of(process.pid) is None
    }


def end_group(pid: int) -> None:
    """Kill the process group that `pid` leads, as far as there is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_descendants(kernel_id: str, pid: int) -> int:
    """Kill what the kernel left behind; how many. A fork bomb is frozen before it is killed."""
    end_group(pid)
    return end_marked(kernel_id, pid)


def end_marked(kernel_id: str, pid: int | None = None) -> int:
    """The same by the marks alone, for a kernel whose process id may be another's by now."""
    frozen: set[int] = set()
    for _ in range(_ROUNDS):
        found = belonging_to(kernel_id, pid) - frozen
        if not found:
            break
        _send(found, signal.SIGSTOP)
        frozen |= found
    _send(frozen, signal.SIGKILL)
    return len(frozen)


def end_all(pids: set[int]) -> None:
    _send(pids, signal.SIGKILL)


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        # Gone meanwhile, or of another user (a setuid program): not ours to end.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def become_subreaper() -> None:
    """Take in the orphans of our descendants, where the system can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def take_name(name: str) -> None:
    """Be shown as `name` by `ps -o comm` and `top`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


class MarkRoom:
    """Room for a kernel id in the environment block that this process was started with.

    A forked guest never passes through `exec`, so its `/proc/<pid>/environ` is the host's
    own block, in which room was left. Its forks inherit the block; what they `exec`
    inherits `os.environ`, which carries the mark too. To be made before anything changes
    the environment: `putenv` moves a variable out of the block.
    """

    def __init__(self) -> None:
        self._at: int | None = None
        if sys.platform == "linux":
            getenv = ctypes.CDLL(None).getenv
            getenv.restype = ctypes.c_void_p
            at = getenv(MARK.encode())
            if at and len(ctypes.string_at(at)) == MARK_LENGTH:
                self._at = at

    def write(self, kernel_id: str) -> None:
        if self._at is not None:
            ctypes.memmove(self._at, kernel_id.encode().ljust(MARK_LENGTH, b"\0"), MARK_LENGTH)
