"""A change by somebody else is told, once and whole (docs/spec/sync.md, FIL-20 to FIL-22)."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

from tailrace.files.checkpoint import ANYTHING, digest_of, write_checkpoint
from tailrace.files.watcher import FileChange, changes_of


def told(story: Callable[[AsyncIterator[FileChange]], object], path: Path, **more: object) -> None:
    """Run a story with the changes of `path`, quicker than in life."""

    async def run() -> None:
        changes = changes_of(path, poll_s=0.01, settle_s=0.01, **more)  # type: ignore[arg-type]
        async with aclosing(changes), asyncio.timeout(60):  # type: ignore[type-var]
            await story(changes)  # type: ignore[misc]

    asyncio.run(run())


async def after(changes: AsyncIterator[FileChange], act: Callable[[], object]) -> FileChange:
    """The next change told, `act` being done while we wait."""
    waiting = asyncio.ensure_future(anext(changes))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)  # so that the first look is before
    assert not waiting.done()
    act()
    return await waiting


def test_each_way_of_writing_a_file_is_told(tmp_path: Path) -> None:  # FIL-20
    path, other = tmp_path / "n.ipynb", tmp_path / "other"
    path.write_bytes(b"0")

    def replace() -> None:
        other.write_bytes(b"2")
        os.replace(other, path)

    async def story(changes: AsyncIterator[FileChange]) -> None:
        change = await after(changes, lambda: path.write_bytes(b"1"))
        assert change == FileChange(path, digest_of(b"1"))
        assert (await after(changes, replace)).digest == digest_of(b"2")
        assert (await after(changes, path.unlink)).digest is None
        assert (await after(changes, lambda: path.write_bytes(b"3"))).digest == digest_of(b"3")

    told(story, path)


def test_the_target_of_a_link_is_watched(tmp_path: Path) -> None:  # FIL-20
    path, link = tmp_path / "n.ipynb", tmp_path / "link.ipynb"
    path.write_bytes(b"0")
    link.symlink_to(path)

    async def story(changes: AsyncIterator[FileChange]) -> None:
        assert (await after(changes, lambda: path.write_bytes(b"1"))).digest == digest_of(b"1")

    told(story, link)


def test_a_file_that_is_being_written_is_told_when_it_is_whole(tmp_path: Path) -> None:  # FIL-21
    path = tmp_path / "n.ipynb"
    path.write_bytes(b"")

    async def story(changes: AsyncIterator[FileChange]) -> None:
        async def write_slowly() -> None:
            for _ in range(20):
                with path.open("ab") as file:
                    file.write(b"x" * 1000)
                await asyncio.sleep(0.002)

        writing = asyncio.ensure_future(write_slowly())
        change = await anext(changes)
        while not writing.done() or change.digest != digest_of(b"x" * 20_000):
            change = await anext(changes)
        await writing

    told(story, path)


def test_what_we_wrote_ourselves_is_not_told(tmp_path: Path) -> None:  # FIL-22
    path = tmp_path / "n.ipynb"
    path.write_bytes(b"0")
    ours = [digest_of(b"0")]

    def save(data: bytes) -> None:
        ours[0] = digest_of(data)
        write_checkpoint(path, data, expected=ANYTHING, backup_folder=None)

    async def story(changes: AsyncIterator[FileChange]) -> None:
        def ours_then_theirs() -> None:
            save(b"ours")
            os.utime(path)

        waiting = asyncio.ensure_future(anext(changes))  # type: ignore[arg-type]
        for turn in range(5):
            save(b"%d" % turn)
            await asyncio.sleep(0.03)
        assert not waiting.done()
        path.write_bytes(b"theirs")
        assert (await waiting).digest == digest_of(b"theirs")

    told(story, path, known=lambda: ours[0])


def test_a_file_that_differs_from_the_start_is_told_at_once(tmp_path: Path) -> None:  # FIL-22
    path = tmp_path / "n.ipynb"
    path.write_bytes(b"theirs")

    async def story(changes: AsyncIterator[FileChange]) -> None:
        assert (await anext(changes)).digest == digest_of(b"theirs")
        assert (await after(changes, path.unlink)).digest is None

    told(story, path, known=lambda: digest_of(b"ours"))


def test_a_touch_is_no_change_once_the_content_is_known(tmp_path: Path) -> None:  # FIL-22
    path = tmp_path / "n.ipynb"
    path.write_bytes(b"0")

    async def story(changes: AsyncIterator[FileChange]) -> None:
        await after(changes, lambda: path.write_bytes(b"1"))
        waiting = asyncio.ensure_future(anext(changes))  # type: ignore[arg-type]
        for _ in range(3):
            path.touch()
            await asyncio.sleep(0.03)
        assert not waiting.done()
        path.write_bytes(b"2")
        assert (await waiting).digest == digest_of(b"2")

    told(story, path)
