"""Random tests are not timed: the machine may be busy with others. Long files come first, so
that no worker is left alone with one at the end. Certificates are read once: httpx reads them
for each client, 50 ms of the processor, though all servers here speak plain HTTP."""

import functools
import ssl

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ssl.create_default_context = functools.cache(ssl.create_default_context)

LONG = (
    "tests/failure/test_server_kills",
    "tests/failure/",
    "tests/kernels/",
    "tests/headless/",
    "tests/guest/",
    "tests/e2e/test_widgets",
    "tests/e2e/test_outputs",
    "tests/e2e/test_other_kernels",
    "tests/e2e/test_screens",
    "tests/e2e/test_home",
    "tests/e2e/test_table",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((at for at, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG))

    items.sort(key=place)
