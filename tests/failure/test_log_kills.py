"""`kill -9` at any moment: what `append` returned for is there, in order, once."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tailrace.log.embedded import EmbeddedLog
from tests.failure.log_writer import check

ROOT = Path(__file__).parents[2]
SEED = 20261121
KILLS = 220


@pytest.mark.timeout(300)  # a quarter of a minute on two free cores
def test_nothing_that_was_appended_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:  # LOG-4
    path = tmp_path / "log.db"

    told = subprocess.run(
        [sys.executable, "-m", "tests.failure.log_writer", str(path), str(SEED), str(KILLS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert told.returncode == 0, f"seed {SEED}\n{told.stderr}"
    kills, acknowledged = map(int, told.stdout.split())
    assert kills == KILLS
    assert acknowledged > KILLS

    async def story() -> None:
        log = await EmbeddedLog.open(path)
        await check(log, acknowledged)
        await log.close()

    asyncio.run(story())
