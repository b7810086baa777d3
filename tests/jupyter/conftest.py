"""One real server for all of Jupyter's clients, and words to ask it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import TOKEN, Server, made_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with made_server() as server:
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """Jupyter's API, asked by a program with the token."""
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as client:
        yield client
