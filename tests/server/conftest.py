from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.site import Site, running_site

TOKEN = "a-token-for-programs"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, token=TOKEN) as running:
        yield running
