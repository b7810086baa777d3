"""The disk fills up under a session: it says so, nothing is torn, and it goes on by itself.

Two kinds of full disk: `limit` is RLIMIT_FSIZE set on the running server from outside,
`tmpfs` a real file system of a few megabytes (it needs the right to mount; without it only
the first kind is tried).
"""

import asyncio
import contextlib
import json
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tests.failure.mill import Mill, mill

TMPFS_BYTES = 8 << 20
ROOM = 300_000

COUNTER = (
    "import pathlib, time\ni = 0\nwhile not pathlib.Path({stop!r}).exists():\n"
    "    print(i, 'x' * 2000)\n    i += 1\n    time.sleep(0.002)\nprint('end', i)"
)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as place:
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place],
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            subprocess.run(["umount", place], check=True)
        return tried.returncode == 0


KINDS = ["limit", "tmpfs"] if can_mount() else ["limit"]


class Disk:
    """Where a mill has its home and its notebooks; `fill` leaves `ROOM` bytes or so."""

    def __init__(self, kind: str, scratch: Path) -> None:
        self.kind = kind
        self.place = scratch / "disk"
        self.place.mkdir()
        if kind == "tmpfs":
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", self.place],
                check=True,
            )
        self.filler = self.place / "filler"

    def fill(self, site: Mill, room: int = ROOM) -> None:
        if self.kind == "limit":
            assert site.process is not None
            resource.prlimit(
                site.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)
            )
            return
        with self.filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            left = shutil.disk_usage(self.place).free - room
            while left > 0:
                left -= filler.write(bytes(min(left, 65_536)))

    def free(self, site: Mill) -> None:
        if self.kind == "limit":
            assert site.process is not None
            resource.prlimit(
                site.process.pid,
                resource.RLIMIT_FSIZE,
                (resource.RLIM_INFINITY, resource.RLIM_INFINITY),
            )
        else:
            self.filler.unlink()


@contextlib.contextmanager
def disk(kind: str) -> Iterator[Disk]:
    with tempfile.TemporaryDirectory(prefix="tr-") as scratch:
        made = Disk(kind, Path(scratch))
        try:
            yield made
        finally:
            if kind == "tmpfs":
                subprocess.run(["umount", "-l", made.place], check=True)


@contextlib.contextmanager
def mill_on(place: Disk) -> Iterator[Mill]:
    with mill(home=place.place / "home") as site:
        if place.kind == "tmpfs":
            site.folder = place.place / "notebooks"
            site.folder.mkdir()
        yield site


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_told_nothing_is_torn_and_it_goes_on(kind: str) -> None:  # LOG-10
    async def story(site: Mill, place: Disk, stop: Path) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.until(lambda state: state.generation is not None)
        await client.submit(op.RunCells((CellId("count"),)))
        await client.until(lambda state: client.text("count").startswith("0 "))
        await asyncio.to_thread(place.fill, site)
        await client.until(lambda _: client.status is not None and client.status.storage == "full")

        assert client.status is not None
        assert client.status.message
        refused = await client.submit(op.ClearOutputs())
        assert refused.refusal is not None
        assert refused.refusal.code == "log.full"
        json.loads((site.folder / "n.ipynb").read_bytes())  # old or new, never torn

        await asyncio.to_thread(place.free, site)
        await client.until(
            lambda _: client.status is not None and client.status.storage == "writable"
        )
        await asyncio.to_thread(stop.touch)
        await client.until(
            lambda state: state.executions[state.cells[CellId("count")]].phase == "finished"
        )
        execution_id = client.state.cells[CellId("count")]
        lines = client.recorded_text(execution_id).splitlines()
        assert lines[-1] == f"end {len(lines) - 1}"
        assert [line.split()[0] for line in lines[:-1]] == [
            str(number) for number in range(len(lines) - 1)
        ]
        await client.submit(op.Save())
        await client.until(lambda state: state.checkpoint.upto >= client.state.sequence - 2)
        saved = json.loads((site.folder / "n.ipynb").read_bytes())
        assert saved["cells"][0]["outputs"]
        await client.close()

    with disk(kind) as place, mill_on(place) as site:
        stop = site.log.with_suffix(".stop")
        site.write("n.ipynb", count=COUNTER.format(stop=str(stop)))
        site.start()
        asyncio.run(story(site, place, stop))


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_works_on_a_full_disk(kind: str) -> None:
    async def story(site: Mill, place: Disk) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.submit(op.RunCells((CellId("count"),)))
        await client.until(lambda state: client.text("count").startswith("0 "))
        await asyncio.to_thread(place.fill, site, 100_000)
        await client.until(lambda _: client.status is not None and client.status.storage == "full")
        answer = await client.submit(op.Interrupt())
        assert answer.refusal is None
        await asyncio.to_thread(place.free, site)
        await client.until(
            lambda state: state.executions[state.cells[CellId("count")]].phase == "finished"
        )
        execution = client.state.executions[client.state.cells[CellId("count")]]
        assert execution.status == "interrupted"
        await client.close()

    with disk(kind) as place, mill_on(place) as site:
        site.write("n.ipynb", count=COUNTER.format(stop="/nonexistent/stop"))
        site.start()
        asyncio.run(story(site, place))


def test_a_server_starts_on_a_full_disk_and_shows_what_is_there() -> None:
    async def before(site: Mill) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        assert await client.run("a") == ["ok"]
        await client.close()

    async def after(site: Mill) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.until(lambda state: CellId("a") in state.cells)
        assert client.text("a") == "before\n"
        answer = await client.submit(op.RunCells((CellId("a"),)))
        assert answer.refusal is not None
        assert answer.refusal.code == "log.full"
        await client.close()

    with mill() as site:
        site.write("n.ipynb", a="print('before')")
        site.start()
        asyncio.run(before(site))
        site.end()
        site.runner = ["prlimit", "--fsize=0", "--"]
        site.start()
        asyncio.run(after(site))


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_disk_that_was_full_from_the_start_cells_run_once_there_is_space(
    kind: str,
) -> None:  # LOG-10, KER-26
    async def story(site: Mill, place: Disk) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.until(lambda state: state.generation is not None)
        answer = await client.submit(op.RunCells((CellId("a"),)))
        assert answer.refusal is not None
        assert answer.refusal.code == "log.full"
        assert "make space" in answer.refusal.message

        # Nothing waits to be written, and still the session notices that there is space.
        await asyncio.to_thread(place.free, site)
        await client.until(
            lambda _: client.status is not None and client.status.storage == "writable"
        )
        assert await client.run("a") == ["ok"]
        assert client.text("a") == "at last\n"
        await client.close()

    with disk(kind) as place, mill_on(place) as site:
        site.write("n.ipynb", a="print('at last')")
        if kind == "limit":
            site.runner = ["prlimit", "--fsize=0:unlimited", "--"]
        else:
            place.fill(site, room=0)
        site.start()
        asyncio.run(story(site, place))
