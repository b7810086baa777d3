"""Why a kernel ended: its wait status and the evidence about memory, put into words.

Runs in the kernel host, which alone can know: it is the parent. "Out of memory" is said
only when the cgroup's own counter of OOM kills rose (KER-13); a SIGKILL without that is
a SIGKILL. Each rise explains one death: the kernel killed next is not blamed on it again.
"""

import os
import signal
from pathlib import Path
from typing import TypedDict


class Cause(TypedDict):
    """The JSON form of `tailrace.protocol.causes.DeathCause`."""

    reason: str
    message: str
    exit_code: int | None
    signal: str | None


_SIGNAL_MEANS = {
    "SIGSEGV": "it touched memory that is not its own, usually in a C extension",
    "SIGBUS": "it touched memory that is not there, say of a file that was cut short",
    "SIGABRT": "it aborted itself, usually a C or C++ library that found its state damaged",
    "SIGFPE": "a forbidden arithmetic operation in compiled code",
    "SIGILL": "an instruction this processor does not know; a library built for another one",
    "SIGTERM": "somebody asked the process to end",
    "SIGHUP": "its terminal or parent hung up",
    "SIGXCPU": "its limit of processor time was used up",
    "SIGXFSZ": "its limit of file size was exceeded",
}


_STATUS_MEANS = {  # of Windows, where there are no signals
    0xC0000005: _SIGNAL_MEANS["SIGSEGV"],
    0xC00000FD: "its stack overflowed",
    0xC0000409: _SIGNAL_MEANS["SIGABRT"],
    0xC000001D: _SIGNAL_MEANS["SIGILL"],
    0xC0000017: "there was not enough memory for it",
}


def unknown(message: str) -> Cause:
    return Cause(reason="unknown", message=message, exit_code=None, signal=None)


def cause_of(exit_code: int, *, stopped: bool, out_of_memory: bool | None) -> Cause:
    """The cause behind an exit code (negative: the signal that ended it).

    `out_of_memory` is None where the system keeps no counter to look at.
    """
    if exit_code >= 0:
        if stopped:
            return Cause(
                reason="stopped",
                message="The kernel was stopped.",
                exit_code=exit_code,
                signal=None,
            )
        message = f"The kernel's process ended by itself with exit code {exit_code}."
        if exit_code in _STATUS_MEANS:
            message = f"The kernel crashed ({exit_code:#010x}): {_STATUS_MEANS[exit_code]}."
        return Cause(reason="exited", message=message, exit_code=exit_code, signal=None)
    name = signal_name(-exit_code)
    if stopped:
        return Cause(
            reason="stopped", message="The kernel was stopped.", exit_code=None, signal=name
        )
    if name == "SIGKILL" and out_of_memory:
        return Cause(
            reason="out-of-memory",
            message="The system killed the kernel because memory ran out "
            "(SIGKILL, and the counter of out-of-memory kills rose).",
            exit_code=None,
            signal=name,
        )
    if name == "SIGKILL":
        told = (
            "this system does not tell whether memory ran out"
            if out_of_memory is None
            else "not by the system for lack of memory: its counter did not rise"
        )
        message = f"The kernel was killed (SIGKILL), {told}."
    else:
        means = _SIGNAL_MEANS.get(name)
        message = f"The kernel was ended by {name}" + (f": {means}." if means else ".")
    return Cause(reason="signalled", message=message, exit_code=None, signal=name)


def crash_site(fault: str) -> str | None:
    """The innermost Python line in what `faulthandler` wrote down (KER-18)."""
    _, found, stack = fault.partition("most recent call first")
    for line in stack.splitlines() if found else ():
        if line.lstrip().startswith("File "):
            return line.strip()
    return None


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class OomCounter:
    """The number of processes that the system killed in a cgroup for lack of memory."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._explained = self._read() or 0

    def explains_a_death(self) -> bool | None:
        """Whether the counter rose by more than the deaths it explained before."""
        now = self._read()
        if now is None:
            return None
        if now <= self._explained:
            return False
        self._explained += 1
        return True

    def _read(self) -> int | None:
        if self._file is None:
            return None
        try:
            lines = self._file.read_text("ascii").splitlines()
        except OSError:
            return None
        for line in lines:
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
        return None


def oom_counter_file(root: Path = Path("/")) -> Path | None:
    """The file with `oom_kill` for this process's cgroup, v2 or v1; None where there is none.

    In a container the group's path often names the host's tree; then the mount's own root
    is our group.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text("ascii").splitlines()
    except OSError:
        return None
    found: list[Path] = []
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if "memory" in controllers.split(","):
            mount, name = root / "sys/fs/cgroup/memory", "memory.oom_control"
        elif controllers == "":
            mount, name = root / "sys/fs/cgroup", "memory.events"
        else:
            continue
        found += [mount / path.lstrip("/") / name, mount / name]
    for file in found:
        try:
            if "oom_kill " in file.read_text("ascii"):
                return file
        except OSError:
            continue
    return None


def exit_code_of(wait_status: int) -> int:
    """0 and up: the exit code; below: minus the signal."""
    return os.waitstatus_to_exitcode(wait_status)
