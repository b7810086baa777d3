from collections.abc import Iterator

import pytest

from tests.guest.driver import Guest, started


@pytest.fixture
def guest() -> Iterator[Guest]:
    """A fresh guest, attached."""
    with started() as guest:
        yield guest


@pytest.fixture(scope="module")
def shared() -> Iterator[Guest]:
    """One guest for a module's stories that leave it as it was."""
    with started() as guest:
        yield guest
