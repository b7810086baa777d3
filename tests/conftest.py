"""Random tests are not timed: the machine may be busy with others. Long files come first, so
that no worker is left alone with one at the end.

Two things cost the processor and help no test: httpx reads the certificates for each client,
50 ms, though all servers here speak plain HTTP; and `jsonschema`, where it finds the package
`rfc3987_syntax` (which jupyter_server brings), builds 38 grammars for a format that no schema
here has, 3 s in each worker.
"""

import functools
import ssl
import sys

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ssl.create_default_context = functools.cache(ssl.create_default_context)
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

LONG = (
    "tests/failure/test_server_kills",
    "tests/failure/",
    "tests/kernels/",
    "tests/headless/",
    "tests/guest/",
    "tests/cli/test_run",
    "tests/server/test_socket",
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
