"""Python's clients of Jupyter's API, unchanged, each driving a kernel here."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx
import pytest
from jupyter_kernel_client import JupyterKernelClient

from tests.e2e.conftest import TOKEN, Server
from tests.jupyter.client import Client

pytestmark = pytest.mark.filterwarnings("default")  # those of the clients are their makers'

STARTS_S = 60
GATEWAY_TOKEN = "token-of-the-server-in-between"


def test_jupyter_kernel_client_drives_a_kernel(server: Server) -> None:  # JUP-41
    with JupyterKernelClient(server_url=server.base, token=TOKEN) as kernel:
        reply = kernel.execute("import os\nprint(os.getcwd())\nx = 1 + 1\nx")
        kernel.set_variable("given", [1, 2])
        variables = {each["name"]: each["type"] for each in kernel.list_variables()}
        failed = kernel.execute("1 / 0")
        value = kernel.get_variable("given")
        kernel.restart()
        gone = kernel.execute("x")

    assert reply["status"] == "ok"
    shown = {each["output_type"]: each for each in reply["outputs"]}
    text = "".join(each["text"] for each in reply["outputs"] if each["output_type"] == "stream")
    assert text == f"{server.folder}\n"
    assert shown["execute_result"]["data"]["text/plain"] == "2"
    assert value == [1, 2]
    assert {"x", "given"} <= set(variables)
    assert failed["status"] == "error"
    assert gone["outputs"][0]["ename"] == "NameError"


class Between:
    """`jupyter server --gateway-url OURS`, as a person starts it."""

    def __init__(self, folder: Path, ours: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyter_server",
                f"--gateway-url={ours}",
                f"--GatewayClient.auth_token={TOKEN}",
                f"--IdentityProvider.token={GATEWAY_TOKEN}",
                f"--ServerApp.root_dir={folder}",
                "--ServerApp.port=0",
                "--no-browser",
                "--allow-root",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "JUPYTER_CONFIG_DIR": str(folder), "HOME": str(folder),
                 "JUPYTER_RUNTIME_DIR": str(folder / "run")},
        )  # fmt: skip
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.base = self._address()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put(line)

    def _address(self) -> str:
        while True:
            try:
                line = self._lines.get(timeout=STARTS_S)
            except Empty:
                raise AssertionError("".join(self.said)) from None
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                return found[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def between(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Between]:
    between = Between(tmp_path_factory.mktemp("between"), server.base)
    try:
        yield between
    finally:
        between.stop()


def test_jupyter_server_as_a_gateway_client_drives_a_kernel(
    server: Server, between: Between, api: httpx.Client
) -> None:  # JUP-41
    headers = {"Authorization": f"token {GATEWAY_TOKEN}"}
    # It says where it listens before it does.
    patient = httpx.HTTPTransport(retries=6)
    with httpx.Client(
        base_url=between.base, headers=headers, timeout=60, transport=patient
    ) as theirs:
        specs = theirs.get("/api/kernelspecs").json()
        assert (specs["default"], specs["kernelspecs"]["python3"]["name"]) == ("python3", "python3")
        wanted = {"path": "n.ipynb", "type": "notebook", "name": "n", "kernel": {"name": "python3"}}
        started = theirs.post("/api/sessions", json=wanted)
        assert started.status_code == 201, started.text
        kernel_id = started.json()["kernel"]["id"]
        assert kernel_id in [kernel["id"] for kernel in api.get("/api/kernels").json()]

        with Client(between.base, kernel_id, token=GATEWAY_TOKEN) as client:
            messages = client.run("print('through'); 6 * 7")
            kinds = [message.kind for message in messages]
            assert "stream" in kinds
            result = next(m for m in messages if m.kind == "execute_result")
            assert result.content["data"]["text/plain"] == "42"
            asked = client.execute("input('Who? ')")
            prompt = client.until("input_request", asked)
            client.send("input_reply", {"value": "me"}, channel="stdin", parent=prompt.header)
            client.until("execute_result", asked)
            client.until("status", asked, execution_state="idle")
            runs = client.execute("import time; time.sleep(60)")
            client.until("execute_input", runs)
            assert theirs.post(f"/api/kernels/{kernel_id}/interrupt").status_code == 204
            assert client.until("execute_reply", runs).content["ename"] == "KeyboardInterrupt"
        assert theirs.post(f"/api/kernels/{kernel_id}/restart").status_code == 200
        assert theirs.delete(f"/api/kernels/{kernel_id}").status_code == 204
        assert api.get(f"/api/kernels/{kernel_id}").status_code == 404
