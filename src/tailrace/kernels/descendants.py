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
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

MARK = "TAILRACE_KERNEL_ID"
MARK_LENGTH = 64  # of the longest kernel id
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 100  # of looking again, while there still is something to kill
_UNSURE_ROUNDS = 6  # with nothing found, though something ended while it was looked for
_NEWEST_LOOKS = 200  # some ten milliseconds


class Process(NamedTuple):
    pid: int
    parent: int
    group: int
    session: int
    has_ended: bool


def processes() -> Iterator[Process | None]:
    """What runs now, the newest first: one that forks and exits all the time is found only
    while it is new. None stands for one that ended meanwhile. Nothing without `/proc`."""
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return
    for name in sorted(names, key=int, reverse=True):
        yield _process(name)


def newest() -> Iterator[Process | None]:
    """What was started last, again and again: quicker than a process that forks and exits all
    the time can hop from one look at everything to the next. Nothing without `/proc`."""
    for _ in range(_NEWEST_LOOKS):
        try:
            with open("/proc/loadavg", "rb", buffering=0) as file:
                yield _process(file.read(200).rsplit(None, 1)[1].decode("ascii"))
        except OSError:
            return


def _process(name: str) -> Process | None:
    try:
        with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
            line = file.read(1024)
    except OSError:
        return None
    if not line:
        return None
    # The command's name stands in parentheses and may hold any character.
    state, parent, group, session = line[line.rindex(b")") + 2 :].split(b" ", 4)[:4]
    return Process(int(name), int(parent), int(group), int(session), state in b"ZX")


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


def unmarked_children(parent: int) -> set[int]:
    """Children of `parent` that no mark ties to a kernel: they cleaned their environment."""
    return {
        each.pid
        for each in processes()
        if each and each.parent == parent and not each.has_ended and mark_of(each.pid) is None
    }


def end_group(pid: int) -> None:
    """Kill the process group that `pid` leads, as far as there is one."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def end_all(pids: set[int]) -> None:
    if sys.platform == "win32":
        return
    for pid in pids:
        # Gone meanwhile, or of another user (a setuid program): not ours to end.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def end_descendants(kernel_id: str, pid: int | None, *, others: Collection[int]) -> None:
    """Kill what a kernel left behind: `pid` was its process, None if that may be another's
    by now; `others` are the host's other kernels.

    Whole groups are killed, which is one step for the system. It is looked for again until
    nothing is found and nothing ended in between, for that may have forked just before:
    everything is looked at, then what is newest, in turns.
    """
    if sys.platform == "win32":
        return  # what `taskkill` did not find is not found here either
    if pid is not None:
        end_group(pid)
    unsure = 0
    for _ in range(_ROUNDS):
        seen = newest() if unsure % 2 else processes()
        found, is_sure = _end_those_seen(seen, kernel_id, pid, others)
        unsure = 0 if found else unsure + 1
        if not found and ((is_sure and unsure % 2) or unsure == _UNSURE_ROUNDS):
            return


def _end_those_seen(
    seen: Iterable[Process | None], kernel_id: str, pid: int | None, others: Collection[int]
) -> tuple[bool, bool]:
    """Whether something was found, and whether nothing ended before it was looked at."""
    if sys.platform == "win32":
        return False, True
    me, found, is_sure = os.getpid(), False, True
    for each in seen:
        if each is None:
            is_sure = False
        elif each.pid == me or each.pid in others:
            continue
        elif each.has_ended:
            if each.parent == me:  # an orphan of ours
                is_sure = False
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(each.pid, os.WNOHANG)
        elif pid in (each.session, each.group) or mark_of(each.pid) == kernel_id:
            found = True
            if each.group != os.getpgrp():
                end_group(each.group)
            end_all({each.pid})
    return found, is_sure


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
