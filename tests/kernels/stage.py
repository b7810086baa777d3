"""What the stories about kernels are played on: a sink that remembers, a folder, a host."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tailrace.kernels.kernel import Kernel, KernelProvider
from tailrace.kernels.provider import HostProvider
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import KernelError
from tailrace.protocol.ids import CellId, ExecutionId, KernelId
from tailrace.protocol.reports import Attached, Died, Error, Finished, Report, Text

PATIENCE_S = 60.0
HOST_IDLE_S = 60.0

FORK: dict[str, str] = {}
SPAWN = {"TAILRACE_START": "spawn"}
LOOPBACK = {"TAILRACE_TRANSPORT": "loopback"}
PLAIN = {**SPAWN, **LOOPBACK}


class Remembered:
    """A sink that keeps everything; with `room` reports in it, it says that it is full."""

    def __init__(self, room: int | None = None) -> None:
        self.reports: list[Report] = []
        self.room = room
        self._changed = asyncio.Event()

    def put_reports(self, reports: Sequence[Report], size_bytes: int) -> bool:
        if reports:
            self.reports.extend(reports)
            self._changed.set()
        return self.room is None or len(self.reports) < self.room

    async def until(self, is_so: Callable[[], Any]) -> None:
        """Wait until what was reported makes it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def until_finished(self, execution_id: str) -> Finished:
        await self.until(lambda: self.finished(execution_id))
        finished = self.finished(execution_id)
        assert finished is not None
        return finished

    async def until_dead(self) -> DeathCause:
        await self.until(lambda: self.cause)
        assert self.cause is not None
        return self.cause

    async def until_text(self, text: str) -> None:
        await self.until(lambda: text in self.text())

    def finished(self, execution_id: str) -> Finished | None:
        for report in self.reports:
            if isinstance(report, Finished) and report.execution_id == execution_id:
                return report
        return None

    @property
    def cause(self) -> DeathCause | None:
        return next((each.cause for each in self.reports if isinstance(each, Died)), None)

    @property
    def attached(self) -> list[Attached]:
        return [report for report in self.reports if isinstance(report, Attached)]

    @property
    def errors(self) -> list[Error]:
        return [report for report in self.reports if isinstance(report, Error)]

    @property
    def seqs(self) -> list[int]:
        return [report.seq for report in self.reports if report.seq]

    def text(self, stream: str = "stdout") -> str:
        pieces = (each for each in self.reports if isinstance(each, Text))
        return "".join(each.text for each in pieces if each.stream == stream)


def fresh_id() -> KernelId:
    return KernelId(f"k-{secrets.token_hex(6)}")


async def started(
    provider: KernelProvider,
    sink: Remembered,
    *,
    kernel_id: KernelId | None = None,
    interpreter: str | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Kernel:
    return await provider.start(
        kernel_id or fresh_id(),
        sink,
        interpreter=interpreter,
        cwd=str(cwd or Path.cwd()),
        label="a story",
        env=env,
    )


async def ran(kernel: Kernel, sink: Remembered, source: str, name: str = "x1") -> Finished:
    """Execute `source` and wait for its end."""
    kernel.execute(ExecutionId(name), CellId("c1"), source)
    return await sink.until_finished(name)


async def asked_for_ever(kernel: Kernel) -> None:
    """Ask until there is no answer: it hangs in C."""
    while True:
        await kernel.ask("ping", {}, timeout_s=1.0)


@contextmanager
def run_folder(environ: Mapping[str, str], *, below: str = "") -> Iterator[Path]:
    """A run folder whose host, and all that descends from it, is gone afterwards."""
    with TemporaryDirectory(prefix="tr") as name:
        run = Path(name, below, "run")
        try:
            yield run
        finally:
            asyncio.run(_ended(run, environ))


async def _ended(run: Path, environ: Mapping[str, str]) -> None:
    provider = provided(run, environ)
    identity = await provider.host_identity()
    with suppress(KernelError):
        await provider.shut_down_host(kill_kernels=True)
    await provider.close()
    if identity is not None:
        await until_gone(identity["pid"])


def provided(run: Path, environ: Mapping[str, str]) -> HostProvider:
    return HostProvider(run, environ={**os.environ, **environ}, host_idle_s=HOST_IDLE_S)


@asynccontextmanager
async def server(run: Path, environ: Mapping[str, str]) -> AsyncIterator[HostProvider]:
    """A server's provider, let go in the end as a server does that is shut down."""
    provider = provided(run, environ)
    try:
        yield provider
    finally:
        await provider.close()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descriptors(pid: int) -> set[str]:
    """What the process has open, as Linux names it; what it closes meanwhile is not told."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(os.readlink(entry))
    return found


async def until_gone(*pids: int) -> None:
    await asyncio.to_thread(_wait_while, lambda: any(is_alive(pid) for pid in pids))


async def until_group_is_gone(group: int) -> None:
    await asyncio.to_thread(_wait_while, lambda: _has_members(group))


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_while(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while is_so():
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.01)


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
