"""A full disk makes a log read-only, and it recovers by itself when there is space."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.failure.full_disk import STORIES

ROOT = Path(__file__).parents[2]

# The mount lives in a namespace of its own and is gone with the process.
IN_A_NAMESPACE = ["unshare", "--mount", "--map-root-user"]


@cache
def can_mount() -> bool:
    try:
        tried = subprocess.run(
            [*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def kinds() -> list[str]:
    """Both where mounting is permitted, else the limit alone: it tells the same stories."""
    return ["limit", "tmpfs"] if can_mount() else ["limit"]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("story", STORIES)
def test_on_a_full_disk(tmp_path: Path, kind: str, story: str) -> None:  # LOG-10, LOG-11
    program = [sys.executable, "-m", "tests.failure.full_disk", kind, story, str(tmp_path)]
    told = subprocess.run(
        [*(IN_A_NAMESPACE if kind == "tmpfs" else []), *program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert told.returncode == 0, told.stderr
