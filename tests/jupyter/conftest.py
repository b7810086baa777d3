"""One real server for all of Jupyter's clients, and words to ask it."""

import json
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import TOKEN, Server, made_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a kernelspec of another language, and one that is broken."""
    specs = tmp_path_factory.mktemp("jupyter")
    for name, program in (("bash", sys.executable), ("broken", "no-such-program")):
        place = specs / "kernels" / name
        place.mkdir(parents=True)
        argv = [program, "-m", "bash_kernel", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "bash"}
        (place / "kernel.json").write_text(json.dumps(spec))
    with made_server(JUPYTER_PATH=str(specs)) as server:
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """Jupyter's API, asked by a program with the token."""
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as client:
        yield client
