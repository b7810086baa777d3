from collections.abc import Iterator

import pytest

from tests.guest.driver import Guest, started


@pytest.fixture
def guest() -> Iterator[Guest]:
    """A fresh guest, attached."""
    with started() as guest:
        yield guest
