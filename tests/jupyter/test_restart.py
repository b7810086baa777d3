"""The server ends under Jupyter's clients, and they miss nothing."""

import contextlib
import signal
import subprocess
import tempfile
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import TOKEN, Server
from tests.jupyter.client import Client

CODE = "import time\nfor n in range(30):\n    print(n, flush=True); time.sleep(0.1)\n'end'"


def test_a_client_goes_on_after_the_server_was_killed() -> None:  # JUP-16, JUP-22
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="tr-"))
        folder, home = Path(place, "files"), Path(place, "home")
        folder.mkdir()
        first = Server(folder, home)
        stack.callback(first.stop)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=first.base, headers=headers, timeout=60) as api:
            kernel_id = api.post("/api/kernels", json={"name": "python3"}).json()["id"]
        with Client(first.base, kernel_id) as client, contextlib.suppress(ConnectionClosed):
            runs = client.execute(CODE)
            client.until("stream", runs)  # before anything is written now and then
            first.process.send_signal(signal.SIGKILL)
            client.until("nothing")

        second = Server(folder, home)
        stack.callback(second.stop)
        stack.callback(stop_kernels, home)
        with httpx.Client(base_url=second.base, headers=headers, timeout=60) as api:
            while api.get(f"/api/kernels/{kernel_id}").status_code == 404:
                pass  # the kernels that live are being found again
            with Client(second.base, kernel_id, session_id=client.session_id) as back:
                back.until("status", runs, execution_state="idle")
                again = back.run("n")
            api.delete(f"/api/kernels/{kernel_id}")

    heard = {m.message_id: m for m in [*client.of(runs), *back.of(runs)]}
    text = "".join(m.content["text"] for m in heard.values() if m.kind == "stream")
    assert text == "".join(f"{n}\n" for n in range(30))
    replies = [m.content for m in heard.values() if m.kind == "execute_reply"]
    assert [reply["status"] for reply in replies] == ["ok"]
    assert next(m for m in again if m.kind == "execute_result").content["data"] == {
        "text/plain": "29"
    }


def stop_kernels(home: Path) -> None:
    import os
    import sys

    subprocess.run(
        [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all"],
        env={**os.environ, "TAILRACE_HOME": str(home)},
        check=False,
        capture_output=True,
    )
