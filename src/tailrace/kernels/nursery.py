"""The kernels of one host: started, signalled, stopped, buried.

Knows processes and folders, not sockets: whoever asked for a stop is told through the
callbacks it left. A kernel's end is complete when its descendants are gone too, its
cause is written down, and only then is anybody told.
"""

import contextlib
import os
import platform
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from tailrace.kernels import addresses, birth, descendants, plain
from tailrace.kernels.birth import Cradle, Newborn, Order
from tailrace.kernels.deaths import (
    Cause,
    OomCounter,
    cause_of,
    crash_site,
    oom_counter_file,
    signal_name,
    unknown,
)
from tailrace.kernels.run_folder import (
    KernelFolder,
    RunFolder,
    not_started,
    read_json,
    write_json,
    write_private,
)
from tailrace.protocol.errors import KernelError, KernelStartFailed

RETRY_S = 1.0  # how often a full disk is tried again
DEAD_KEPT_S = 7 * 86_400.0  # a dead kernel nobody forgot; its server may be off for a while

Told = Callable[[Cause], None]


@dataclass(slots=True)
class Child:
    """A living kernel. `stopping`: who wants to know of its end once a stop was asked for."""

    order: Order
    folder: KernelFolder
    pid: int
    python: str
    started_at: float
    liveness: int
    process: subprocess.Popen[bytes] | None
    stopping: list[Told] | None = None
    terminate_at: float | None = None
    kill_at: float | None = None


@dataclass(slots=True)
class Nursery:
    run: RunFolder
    loopback: bool
    environ: dict[str, str]
    wake: Callable[[], None] = lambda: None
    """Called from another thread when a kernel of the plain way ended."""
    living: dict[str, Child] = field(default_factory=dict)
    oom: OomCounter = field(default_factory=lambda: OomCounter(oom_counter_file()))
    _unwritten: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Deaths that the run folder has no room for."""

    @property
    def plain(self) -> bool:
        return plain.is_plain(self.environ)

    def start(self, order: Order, python: str | None) -> KernelFolder:
        """Start a kernel, or find the one of this id. Raises `KernelStartFailed`.

        In a forked child this does not return but raises `Newborn`.
        """
        folder = self.run.kernel(order.kernel_id)
        if order.kernel_id in self.living or self.cause(order.kernel_id) is not None:
            return folder
        if not os.path.isdir(order.cwd):
            raise KernelStartFailed(f"the folder {order.cwd} does not exist")
        try:
            return self._started(order, folder, python)
        except OSError as error:
            raise not_started(error, self.run.path) from error

    def _started(self, order: Order, folder: KernelFolder, python: str | None) -> KernelFolder:
        folder.remove()
        folder.create()
        if self.plain:
            return self._started_plainly(order, folder, python)
        secret = secrets.token_urlsafe(32) if self.loopback else None
        if secret is not None:
            write_private(folder.secret, secret.encode())
        listener, address = addresses.listen(None if self.loopback else folder.socket)
        liveness, alive = os.pipe()
        try:
            cradle = Cradle(folder, listener, secret, liveness)
            process = None
            if birth.may_fork(order, self.environ):
                if sys.platform == "win32":
                    raise KernelStartFailed("nothing can be forked here")
                pid = os.fork()
                if pid == 0:
                    os.close(alive)
                    raise Newborn(order, cradle)
            else:
                process = birth.spawn_guest(order, cradle)
                pid = process.pid
        except Exception:
            os.close(alive)
            os.close(liveness)
            listener.close()
            folder.remove()
            raise
        # Our copies are closed at once: whoever connects to a guest that died must see it.
        listener.close()
        os.close(liveness)
        return self._noted(order, folder, python, pid, alive, process, address.port)

    def _started_plainly(
        self, order: Order, folder: KernelFolder, python: str | None
    ) -> KernelFolder:
        try:
            write_private(folder.secret, secrets.token_urlsafe(32).encode())
            process = plain.spawn(order, folder, self.wake)
        except Exception:
            folder.remove()
            raise
        assert process.stdin is not None
        return self._noted(
            order, folder, python, process.pid, process.stdin.fileno(), process, None
        )

    def _noted(
        self,
        order: Order,
        folder: KernelFolder,
        python: str | None,
        pid: int,
        liveness: int,
        process: subprocess.Popen[bytes] | None,
        port: int | None,
    ) -> KernelFolder:
        child = Child(
            order=order,
            folder=folder,
            pid=pid,
            python=python or platform.python_version(),
            started_at=time.time(),
            liveness=liveness,
            process=process,
        )
        self.living[order.kernel_id] = child
        try:
            write_json(folder.description, _description(child, port, loopback=self.loopback))
        except OSError:  # nobody could ever find it
            name = order.kernel_id
            self.stop(name, kill=True, grace_s=0.0, told=lambda _: self.forget(name))
            raise
        return folder

    def close_in_child(self) -> None:
        """Let go, in a forked child, of what belongs to the other kernels."""
        for child in self.living.values():
            os.close(child.liveness)

    def interrupt(self, kernel_id: str) -> None:
        """SIGINT to the kernel and its process group, its child processes included."""
        child = self.living.get(kernel_id)
        if child is None:
            raise KernelError(f"there is no living kernel {kernel_id}")
        if self.plain and child.process is not None:
            plain.tell(child.process, plain.INTERRUPT)
        elif sys.platform != "win32":
            try:
                os.killpg(child.pid, signal.SIGINT)
            except ProcessLookupError:  # forked this instant: it leads no group yet
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGINT)

    def stop(
        self, kernel_id: str, *, kill: bool, grace_s: float, told: Told, asked: bool = True
    ) -> bool:
        """End a kernel and tell its cause; false when it does not live.

        When its server has `asked` it to leave on its own, half of the grace is for that,
        and half for what SIGTERM sets off.
        """
        child = self.living.get(kernel_id)
        if child is None:
            return False
        child.stopping = [*(child.stopping or ()), told]
        now = time.monotonic()
        if kill:
            self._kill(child)
            child.kill_at = now  # again, should it lead no group yet
        else:
            child.kill_at = min(now + grace_s, child.kill_at or now + grace_s)
            child.terminate_at = now + (grace_s / 2 if asked else 0.0)
        return True

    def pass_deadlines(self) -> float | None:
        """Signal those whose time is over; seconds until somebody's next deadline."""
        now = time.monotonic()
        next_at: float | None = None
        if self._unwritten:
            self._write_deaths()
            next_at = now + RETRY_S if self._unwritten else None
        for child in self.living.values():
            if child.kill_at is not None and now >= child.kill_at:
                self._kill(child)
                child.terminate_at = child.kill_at = None
            elif child.terminate_at is not None and now >= child.terminate_at:
                self._terminate(child)
                child.terminate_at = None
            for at in (child.terminate_at, child.kill_at):
                if at is not None:
                    next_at = at if next_at is None else min(next_at, at)
        return None if next_at is None else max(0.0, next_at - now)

    def _kill(self, child: Child) -> None:
        descendants.end_group(child.pid)
        if self.plain and child.process is not None:
            plain.kill(child.process)
        elif sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)

    def _terminate(self, child: Child) -> None:
        if self.plain and child.process is not None:
            plain.tell(child.process, plain.END)
        elif sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)

    def _reap_plain(self) -> list[tuple[str, Cause]]:
        ended = [
            (child, code)
            for child in self.living.values()
            if child.process is not None and (code := child.process.poll()) is not None
        ]
        return [(child.order.kernel_id, self._bury(child, code)) for child, code in ended]

    def reap(self) -> list[tuple[str, Cause]]:
        """Bury whoever ended, kernels and adopted orphans; the kernels with their causes."""
        if sys.platform == "win32" or self.plain:
            return self._reap_plain()
        buried: list[tuple[str, Cause]] = []
        by_pid = {child.pid: child for child in self.living.values()}
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return buried
            if pid == 0:
                return buried
            child = by_pid.get(pid)
            if child is not None:
                exit_code = os.waitstatus_to_exitcode(wait_status)
                buried.append((child.order.kernel_id, self._bury(child, exit_code)))

    def _bury(self, child: Child, exit_code: int) -> Cause:
        kernel_id = child.order.kernel_id
        stopped = child.stopping is not None
        killed = signal_name(-exit_code) == "SIGKILL" and not stopped
        cause = cause_of(
            exit_code,
            stopped=stopped,
            out_of_memory=self.oom.explains_a_death() if killed else None,
        )
        if cause["reason"] == "signalled" and (site := crash_site(child.folder.last_fault())):
            cause["message"] += f" Python was at: {site}"
        if cause["reason"] == "exited" and exit_code and (said := child.folder.last_words(1500)):
            cause["message"] += f" It said: {said}"
        if child.process is not None:
            child.process.returncode = exit_code  # it was waited for here, not by subprocess
        del self.living[kernel_id]
        others = {each.pid for each in self.living.values()}
        descendants.end_descendants(kernel_id, child.pid, others=others)
        if not self.living:
            descendants.end_all(descendants.unmarked_children(os.getpid()))
        if child.process is not None and child.process.stdin is not None:
            child.process.stdin.close()
        else:
            os.close(child.liveness)
        child.folder.socket.unlink(missing_ok=True)
        self._unwritten[kernel_id] = {"cause": cause, "at": time.time()}
        self._write_deaths()
        for told in child.stopping or ():
            told(cause)
        return cause

    def cause(self, kernel_id: str) -> Cause | None:
        """Why a dead kernel ended; None when it lives or nobody knows of it."""
        if kernel_id in self.living:
            return None
        if (death := self._unwritten.get(kernel_id)) is not None:
            return cast(Cause, death["cause"])
        return read_cause(self.run.kernel(kernel_id))

    def forget(self, kernel_id: str) -> None:
        """Stop listing a dead kernel."""
        if kernel_id in self.living:
            raise KernelError(f"kernel {kernel_id} lives; stop it first")
        self._unwritten.pop(kernel_id, None)
        self.run.kernel(kernel_id).remove()

    def relabel(self, kernel_id: str, label: str) -> None:
        """List it by another label from now on. One that is dead keeps its own."""
        child = self.living.get(kernel_id)
        if child is None:
            return
        child.order = replace(child.order, label=label)
        description = read_json(child.folder.description)
        if description is not None:
            write_json(child.folder.description, {**description, "label": label})

    def listed(self) -> list[dict[str, Any]]:
        entries = (listing(folder) for folder in self.run.kernels())
        return [self._with_cause(entry) for entry in entries if entry is not None]

    def _with_cause(self, entry: dict[str, Any]) -> dict[str, Any]:
        death = self._unwritten.get(entry["kernel_id"])
        return entry if death is None else {**entry, "alive": False, "cause": death["cause"]}

    def _write_deaths(self) -> None:
        """Write down why kernels ended; what a full disk does not take is kept and tried again."""
        for kernel_id, death in list(self._unwritten.items()):
            try:
                write_json(self.run.kernel(kernel_id).death, death)
            except FileNotFoundError:
                pass  # its folder was removed: nobody will ask
            except OSError:
                continue
            del self._unwritten[kernel_id]

    def take_over(self) -> None:
        """Write down the deaths of an earlier host's kernels, and forget the long dead."""
        for folder in self.run.kernels():
            death = read_json(folder.death)
            if death is None:
                descendants.end_descendants(folder.kernel_id, None, others=())
                folder.socket.unlink(missing_ok=True)
                death = {"cause": lost_with_host(folder), "at": time.time()}
                self._unwritten[folder.kernel_id] = death
            elif time.time() - float(death.get("at", 0.0)) > DEAD_KEPT_S:
                folder.remove()
        self._write_deaths()


def _description(child: Child, port: int | None, *, loopback: bool) -> dict[str, Any]:
    return {
        "kernel_id": child.order.kernel_id,
        "pid": child.pid,
        "label": child.order.label,
        "python": child.python,
        "interpreter": child.order.interpreter,
        "cwd": child.order.cwd,
        "started_at": child.started_at,
        "port": port,
        "loopback": loopback,
        "host_pid": os.getpid(),
    }


def read_cause(folder: KernelFolder) -> Cause | None:
    death = read_json(folder.death)
    return None if death is None else death["cause"]


def lost_with_host(folder: KernelFolder) -> Cause:
    host = (read_json(folder.description) or {}).get("host_pid", "unknown")
    return unknown(
        f"The kernel ended together with its kernel host (process {host}), "
        "which was killed or crashed; why cannot be told."
    )


def listing(folder: KernelFolder) -> dict[str, Any] | None:
    """What `list` says of a kernel, living or dead."""
    entry = read_json(folder.description)
    if entry is None:
        return None
    cause = read_cause(folder)
    return {**entry, "alive": cause is None, "cause": cause}
