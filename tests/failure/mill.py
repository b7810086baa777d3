"""A server that may be killed at any moment and started again, and notebooks for it to serve."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tailrace.testing.native_client import NativeClient
from tests.failure.nursery import Forked, Nursery

TOKEN = "mill-token"
PATIENCE_S = 60.0


class Mill:
    """`home` holds its state, `folder` the notebooks. The port stays the same."""

    def __init__(
        self,
        home: Path,
        folder: Path,
        *,
        runner: list[str] | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        self.home = home
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.runner = runner or []
        self.nursery = nursery
        self.log = folder.parent / f"{folder.name}.server.log"

    def start(self, *arguments: str) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TAILRACE_") and name != "PYTHONDONTWRITEBYTECODE"
        }
        environment["TAILRACE_HOME"] = str(self.home)
        served = ["--no-browser", "--port", str(self.port), "--token", TOKEN]
        served += [*arguments, str(self.folder)]
        if self.nursery is not None:
            self.process = self.nursery.start(served, environment, self.log)
        else:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [*self.runner, sys.executable, "-m", "tailrace.cli", *served],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200:
                    return
            assert self.process is not None
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"the server did not answer:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """`kill -9` the server and nothing else."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
            self.process.wait(PATIENCE_S)

    def clean_up(self) -> None:
        """Leave no server, kernel or host behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run(
            [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all"],
            env={**os.environ, "TAILRACE_HOME": str(self.home)},
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )

    # ── notebooks ────────────────────────────────────────────────────────────

    def write(self, name: str, **sources: str) -> Path:
        """A notebook with these cells, id to source."""
        cells = [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": cell_id,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for cell_id, source in sources.items()
        ]
        file = self.folder / name
        file.write_text(
            json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
        return file

    def notebook_id(self, name: str) -> str:
        found = self.post("/api/v1/notebooks", {"path": name})
        return str(found["notebook_id"])

    def client(self, notebook_id: str, client_id: str | None = None) -> NativeClient:
        return NativeClient(self.url, TOKEN, notebook_id, client_id=client_id)

    def get(self, path: str, **query: Any) -> Any:
        answer = httpx.get(
            self.url + path, params=query, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = httpx.post(
            self.url + path, json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def rss_bytes(self) -> int:
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")


@contextlib.contextmanager
def mill(
    *,
    home: Path | None = None,
    runner: list[str] | None = None,
    nursery: Nursery | None = None,
) -> Iterator[Mill]:
    """A server in folders of its own, to be started, and nothing left of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="tr-") as scratch:
        folder = Path(scratch, "notebooks")
        folder.mkdir()
        made = Mill(home or Path(scratch, "home"), folder, runner=runner, nursery=nursery)
        try:
            yield made
        finally:
            made.clean_up()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
