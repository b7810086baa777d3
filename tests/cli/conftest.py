import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.kernels.provider import HostProvider
from tests.cli.terminal import folders_of


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of Tailrace's own; what still runs for it is ended, what lies elsewhere removed."""
    folder = tmp_path / "home"
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
