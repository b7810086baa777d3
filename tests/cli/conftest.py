import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tailrace.kernels.provider import HostProvider
from tests.cli.terminal import folders_of


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of Tailrace's own; what still runs for it is ended, what lies elsewhere removed."""
    with made_home(tmp_path / "home") as folder:
        yield folder


@contextmanager
def made_home(folder: Path) -> Iterator[Path]:
    yield folder
    run = folders_of(folder).run
    asyncio.run(_end_host(run))
    shutil.rmtree(run, ignore_errors=True)


async def _end_host(run: Path) -> None:
    provider = HostProvider(run)
    try:
        await provider.shut_down_host(kill_kernels=True)
    finally:
        await provider.close()
