"""Kernels from the kernel host: started, found again, listed. The host is started when needed.

One provider serves one server. It owns the link to the host and every kernel it attached;
`close` lets go of them all and ends nothing.
"""

import asyncio
import builtins
import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import tailrace
from tailrace.kernels import addresses, environments, interpreters, kernelspecs, plain
from tailrace.kernels.descendants import MARK, MARK_LENGTH
from tailrace.kernels.guest_link import GuestKernel
from tailrace.kernels.host_link import HostLink
from tailrace.kernels.kernel import KernelInfo, ReportSink
from tailrace.kernels.nursery import listing, lost_with_host
from tailrace.kernels.run_folder import RunFolder, not_started, read_json
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import (
    KernelError,
    KernelStartFailed,
    KernelUnreachable,
)
from tailrace.protocol.ids import KernelId

log_ = logging.getLogger("tailrace.kernels")

_HOST_START_S = 30.0
_HOST_LOOK_S = 0.02
_GUEST_START_S = 60.0  # a cold import of IPython from a network disk
_GUEST_ATTACH_S = 1.0  # one that is busy in C answers when it can
_KEPT = frozenset({"TAILRACE_HOME"})  # of our own variables, what a kernel may see


def kernel_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without what is the server's own: tokens above all (KER-20)."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("TAILRACE_") or name in _KEPT
    }


class HostProvider:
    """Implements `KernelProvider`. `environ` stands in for the process's own environment."""

    def __init__(
        self,
        run_folder: Path,
        *,
        environ: Mapping[str, str] | None = None,
        host_idle_s: float | None = None,
    ) -> None:
        self._run = RunFolder(Path(os.path.abspath(run_folder)))
        self._environ = os.environ if environ is None else environ
        self._host_idle_s = host_idle_s
        self._link: HostLink | None = None
        self._linking = asyncio.Lock()
        self._kernels: dict[KernelId, GuestKernel] = {}
        self._catching_up: asyncio.Task[None] | None = None
        self._closed = False

    # ── KernelProvider ───────────────────────────────────────────────────────

    async def warm(self) -> None:
        """Have a host ready, so that the first kernel starts at once."""
        await self._host()

    async def start(
        self,
        kernel_id: KernelId,
        sink: ReportSink,
        *,
        interpreter: str | None,
        cwd: str,
        label: str,
        env: dict[str, str] | None = None,
    ) -> GuestKernel:
        """`env` is added to the user's environment. Starting an id twice finds the first."""
        folder = self._run.kernel(kernel_id)
        environment = {**kernel_environment(self._environ), **(env or {})}
        python: str | None = None
        if (name := kernelspecs.named_by(interpreter)) is not None:
            spec = await asyncio.to_thread(kernelspecs.usable, name)
            executable, python = kernelspecs.PREFIX + spec.name, spec.language
            environment = environments.activated(environments.own_interpreter(), environment)
        else:
            executable = environments.resolved(interpreter, beside=Path(cwd))
            environment = environments.activated(executable, environment)
            if not interpreters.is_same(executable, environments.own_interpreter()):
                python = (await environments.usable(executable, environment)).python
        host = await self._host()
        kernel = GuestKernel(kernel_id, folder, sink, self, received=0)
        self._remember(kernel)
        try:
            started = await host.request(
                "start",
                kernel_id=kernel_id,
                interpreter=executable,
                cwd=cwd,
                label=label,
                env=environment,
                python=python,
            )
            if started["pid"] is None:
                cause = await self.cause_of(kernel_id)
                raise KernelStartFailed(cause.message if cause else "the kernel is dead already")
            await self._connect_new(kernel, executable)
        except BaseException:
            self._kernels.pop(kernel_id, None)
            await kernel.let_go()
            raise
        kernel.live()
        return kernel

    async def _connect_new(self, kernel: GuestKernel, executable: str) -> None:
        try:
            await kernel.connect()
            if not await kernel.wait_until_attached(_GUEST_START_S):
                raise KernelUnreachable(f"It did not answer within {_GUEST_START_S:.0f} s.")
        except KernelError as error:
            cause = await kernel.wait_for_cause(2.0) or await self.cause_of(kernel.kernel_id)
            if cause is None:  # it lives, but is of no use
                said = self._run.kernel(kernel.kernel_id).last_words()
                await self.stop(kernel.kernel_id, kill=True)
                problem = f"{error} It said: {said}" if said else str(error)
            else:
                problem = cause.message
            raise KernelStartFailed(f"{executable} did not become a kernel. {problem}") from error

    async def attach(
        self, kernel_id: KernelId, sink: ReportSink, *, received: int
    ) -> GuestKernel | None:
        folder = self._run.kernel(kernel_id)
        if not folder.description.exists():
            return None
        kernel = GuestKernel(kernel_id, folder, sink, self, received)
        cause = await self.cause_of(kernel_id)
        if cause is None:
            self._remember(kernel)
            try:
                await kernel.connect()
                await kernel.wait_until_attached(_GUEST_ATTACH_S)
            except KernelUnreachable:
                cause = await kernel.wait_for_cause(2.0) or await self.cause_of(kernel_id)
                if cause is None:
                    del self._kernels[kernel_id]
                    raise
        if cause is not None:
            self._kernels.pop(kernel_id, None)
            await kernel.report_end(cause)
        else:
            kernel.live()
        return kernel

    async def list(self) -> list[KernelInfo]:
        """The living and the dead that nobody forgot. Starts no host."""
        host = await self._host_if_any()
        if host is not None:
            found = (await host.request("list"))["kernels"]
        else:
            found = [
                {**entry, "alive": False, "cause": entry["cause"] or lost_with_host(folder)}
                for folder in self._run.kernels()
                if (entry := listing(folder)) is not None
            ]
        return msgspec.convert(found, builtins.list[KernelInfo])

    async def relabel(self, kernel_id: KernelId, label: str) -> None:
        host = await self._host_if_any()
        if host is not None:
            await host.request("relabel", kernel_id=kernel_id, label=label)

    async def forget(self, kernel_id: KernelId) -> None:
        """List a dead kernel no longer. Raises `KernelError` while it lives."""
        host = await self._host_if_any()
        if host is not None:
            await host.request("forget", kernel_id=kernel_id)
        else:
            self._run.kernel(kernel_id).remove()

    async def close(self) -> None:
        self._closed = True
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)
        for kernel in builtins.list(self._kernels.values()):
            await kernel.let_go()
        self._kernels.clear()
        if self._link is not None:
            self._link.close()
            self._link = None

    # ── beyond the protocol ──────────────────────────────────────────────────

    async def stop(self, kernel_id: KernelId, *, kill: bool, grace_s: float = 3.0) -> bool:
        """Stop a kernel that this server need not be attached to; false when none lives."""
        host = await self._host_if_any()
        if host is None or not self._run.kernel(kernel_id).description.exists():
            return False
        if (await host.request("cause", kernel_id=kernel_id))["cause"] is not None:
            return False
        kernel = self._kernels.get(kernel_id)
        if kernel is not None:
            await kernel.stop(kill=kill, grace_s=grace_s)
        else:
            ended = await self.begin_stop(kernel_id, kill=kill, grace_s=grace_s)
            async with asyncio.timeout(grace_s + 10):
                await ended
        return True

    async def host_identity(self) -> dict[str, Any] | None:
        """The running host's pid, version, interpreter; None when none runs."""
        host = await self._host_if_any()
        return None if host is None else await host.request("ping")

    async def shut_down_host(self, *, kill_kernels: bool) -> bool:
        """End the host. Raises `KernelError` when kernels live and may not be ended."""
        host = await self._host_if_any()
        if host is None:
            return False
        await host.request("shutdown", kill_kernels=kill_kernels)
        await host.lost.wait()
        return True

    # ── what kernels need of the host ────────────────────────────────────────

    async def cause_of(self, kernel_id: KernelId) -> DeathCause | None:
        """Why it ended; None while it lives. With the host gone nothing lives any more."""
        cause: Any
        host = await self._host_if_any()
        if host is not None:
            try:
                cause = (await host.request("cause", kernel_id=kernel_id))["cause"]
            except KernelUnreachable:
                return await self.cause_of(kernel_id)
        else:
            folder = self._run.kernel(kernel_id)
            cause = (read_json(folder.death) or {}).get("cause") or lost_with_host(folder)
        return None if cause is None else msgspec.convert(cause, DeathCause)

    async def interrupt(self, kernel_id: KernelId) -> None:
        host = await self._host_if_any()
        if host is None:
            raise KernelUnreachable("the kernel host is gone, and the kernel with it")
        try:
            await host.request("interrupt", kernel_id=kernel_id)
        except KernelUnreachable:
            raise
        except KernelError as error:
            raise KernelUnreachable(str(error)) from error

    async def begin_stop(
        self, kernel_id: KernelId, *, kill: bool, grace_s: float
    ) -> asyncio.Future[dict[str, Any]]:
        """The host knows now that this end is wanted; the future is done when it came."""
        host = await self._host_if_any()
        if host is None:
            raise KernelUnreachable("the kernel host is gone, and the kernel with it")
        ended = host.send("stop", kernel_id=kernel_id, kill=kill, grace_s=grace_s)
        if not kill:
            await host.request("ping")  # answered in order: the host has read the stop
        return ended

    def _remember(self, kernel: GuestKernel) -> None:
        living = {each.kernel_id: each for each in self._kernels.values() if not each.has_ended}
        self._kernels = {**living, kernel.kernel_id: kernel}

    # ── the link to the host ─────────────────────────────────────────────────

    async def _host(self) -> HostLink:
        """The link to the host, which is started when there is none."""
        async with self._linking:
            link = await self._linked()
            for _ in range(3):
                if link is not None and not await self._is_outdated(link):
                    return link
                await self._launch()
                link = await self._linked()
            raise KernelStartFailed(
                f"the kernel host ended as soon as it was started; see {self._run.log}"
            )

    async def _host_if_any(self) -> HostLink | None:
        if self._link is not None and self._link.is_open:
            return self._link
        async with self._linking:
            return await self._linked()

    async def _linked(self) -> HostLink | None:
        """Connect to a host that runs; None when none does."""
        if self._link is not None and self._link.is_open:
            return self._link
        address, secret = addresses.Address(path=self._run.socket), None
        if not addresses.HAS_UNIX_SOCKETS or not self._run.socket.exists():
            port = (read_json(self._run.description) or {}).get("port")
            if port is None:
                return None
            address, secret = addresses.Address(port=port), self._run.own_secret()
        try:
            link = await self._connected(address)
            self._link = await HostLink.over(link, self._on_died, self._on_lost, secret=secret)
        except (OSError, KernelUnreachable):
            return None
        return self._link

    async def _connected(self, address: addresses.Address) -> Any:
        while True:
            try:
                return addresses.connect(address)
            except BlockingIOError:
                await asyncio.sleep(0.01)

    async def _is_outdated(self, link: HostLink) -> bool:
        """An idle host of another version is asked to leave, so that an upgrade takes effect."""
        identity = link.identity
        if identity["version"] == tailrace.__version__ or identity["kernels"]:
            return False
        try:
            await link.request("shutdown", kill_kernels=False)
        except KernelUnreachable:
            return True
        except KernelError:  # a kernel was started meanwhile
            return False
        await link.lost.wait()
        return True

    async def _launch(self) -> None:
        try:
            self._run.prepare()
            self._run.check_room()
            code = await asyncio.to_thread(self._run_starter)
        except OSError as error:
            raise not_started(error, self._run.path) from error
        if code != 0:
            said = ""
            with contextlib.suppress(OSError):
                said = self._run.log.read_text("utf-8", "replace").strip()[-1000:]
            raise KernelStartFailed(f"the kernel host could not be started: {said}")

    def _run_starter(self) -> int:
        """Run the program that becomes the host; it returns when the host listens."""
        command = [sys.executable, "-m", "tailrace.kernels.host", "--folder", str(self._run.path)]
        if self._host_idle_s is not None:
            command += ["--idle-s", str(self._host_idle_s)]
        switches = ("TAILRACE_START", "TAILRACE_TRANSPORT")
        environ = {
            **kernel_environment(self._environ),
            **{name: self._environ[name] for name in switches if name in self._environ},
            MARK: "-" * MARK_LENGTH,  # room for the id of whoever is forked (descendants.py)
        }
        if plain.is_plain(self._environ):
            return self._run_plain_host([*command, "--foreground"], environ)
        log = os.open(self._run.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.run(
                command,
                cwd=self._run.path,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                timeout=_HOST_START_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return -1
        finally:
            os.close(log)

    def _run_plain_host(self, command: builtins.list[str], environ: dict[str, str]) -> int:
        """The same where nothing forks: the program is the host itself, and goes on."""
        log = os.open(self._run.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            host = subprocess.Popen(
                command,
                cwd=self._run.path,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                creationflags=plain.APART,
                start_new_session=True,
            )
        finally:
            os.close(log)
        # Should it end before us, somebody must have waited; elsewhere it is nobody's child.
        threading.Thread(target=host.wait, name="tailrace-host-wait", daemon=True).start()
        until = time.monotonic() + _HOST_START_S
        while time.monotonic() < until:
            # Another one may have been quicker; then ours has ended, and well.
            code = host.poll()
            found = read_json(self._run.description) or {}
            if code is not None or found.get("pid") == host.pid:
                return code or 0
            time.sleep(_HOST_LOOK_S)
        host.kill()
        return -1

    def _on_died(self, kernel_id: KernelId, cause: DeathCause) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is not None:
            kernel.died(cause)

    def _on_lost(self, link: HostLink) -> None:
        if link is self._link:
            self._link = None
            if self._kernels and not self._closed:
                self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """After the host's link was lost: hear of the deaths that were told meanwhile.

        Where the host is gone, each kernel's own output ends, and its link asks then.
        """
        host = await self._host_if_any()
        if host is None:
            return
        for kernel_id, kernel in builtins.list(self._kernels.items()):
            if not kernel.has_ended:
                cause = await self.cause_of(kernel_id)
                if cause is not None:
                    kernel.died(cause)
