"""The run folder's disk is full: kernels that live go on, and new ones say what is missing."""

import asyncio
import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.kernels.provider import HostProvider
from tailrace.protocol.errors import KernelStartFailed
from tests.failure.test_full_disk_session import KINDS, TMPFS_BYTES
from tests.kernels.stage import FORK, Remembered, fresh_id, killed, ran, run_folder, server, started

NOTHING = (0, resource.RLIM_INFINITY)
ANYTHING = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Disk:
    """The one below a run folder. `limit`: the host itself may write no byte to any file."""

    def __init__(self, kind: str, run: Path) -> None:
        self._kind = kind
        self._filler = run / "filler"

    async def fill(self, provider: HostProvider) -> None:
        if self._kind == "limit":
            host = await provider.host_identity()
            assert host is not None
            resource.prlimit(host["pid"], resource.RLIMIT_FSIZE, NOTHING)
            return
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass

    async def free(self, provider: HostProvider) -> None:
        if self._kind == "limit":
            host = await provider.host_identity()
            assert host is not None
            resource.prlimit(host["pid"], resource.RLIMIT_FSIZE, ANYTHING)
        else:
            self._filler.unlink()


@contextlib.contextmanager
def disk(kind: str) -> Iterator[tuple[Path, Disk]]:
    with run_folder(FORK) as run:
        if kind == "tmpfs":
            run.mkdir(parents=True, mode=0o700)
            size = f"size={TMPFS_BYTES},mode=700"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", run], check=True)
        try:
            yield run, Disk(kind, run)
        finally:
            if kind == "tmpfs":
                subprocess.run(["umount", "-l", run], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_that_dies_on_a_full_disk_takes_no_other_with_it(kind: str) -> None:  # KER-26
    async def story(run: Path, place: Disk) -> None:
        async with server(run, FORK) as provider:
            one, other = Remembered(), Remembered()
            dying = await started(provider, one)
            living = await started(provider, other)
            await place.fill(provider)
            process = one.attached[0].pid
            killed(process)

            cause = await one.until_dead()
            assert cause.reason == "signalled"
            assert (await ran(living, other, "print('goes on')")).status == "ok"
            listed = {each.kernel_id: each for each in await provider.list()}
            assert listed[dying.kernel_id].cause == cause
            assert listed[living.kernel_id].alive

            with pytest.raises(KernelStartFailed, match=r"needs a little space in .*make space"):
                await started(provider, Remembered(), kernel_id=fresh_id())
            assert {each.kernel_id for each in await provider.list() if each.alive} == {
                living.kernel_id
            }
            await place.free(provider)
            sink = Remembered()
            kernel = await started(provider, sink)
            assert (await ran(kernel, sink, "1")).status == "ok"

    with disk(kind) as (run, place):
        asyncio.run(story(run, place))
