from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import tailrace


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    stopped = tailrace(folder, "kernels", "stop", "--all", "--kill")
    assert stopped.returncode == 0, stopped.stderr
