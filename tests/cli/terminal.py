"""The `tailrace` command as a person at a terminal has it: real processes, a home of its own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
from websockets.sync.client import ClientConnection, connect

from tailrace.folders import StateFolders, state_folders

PATIENCE_S = 90


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILRACE_")}
    for screen in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        kept.pop(screen, None)
    return {**kept, "TAILRACE_HOME": str(home), "PYTHONUNBUFFERED": "1", **more}


def tailrace(
    home: Path, *arguments: str | Path, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tailrace.cli", *map(str, arguments)],
        cwd=cwd,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@dataclass
class Served:
    """A server that was started by the command; `address` is what it printed."""

    process: subprocess.Popen[str]
    printed: str
    address: str
    base: str
    token: str
    _log: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.base, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )

    def end(self, sig: signal.Signals) -> tuple[int, str]:
        """Send `sig`; the exit status and what was said after that."""
        self.process.send_signal(sig)
        said, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self.process.wait(PATIENCE_S)


TOKEN = "canary-of-the-command-line"


def serve(
    home: Path,
    *arguments: str | Path,
    cwd: Path | None = None,
    limit_file_size: int | None = None,
    **more: str,
) -> Served:
    """Start a server and wait until its address is printed."""
    command = [sys.executable, "-m", "tailrace.cli", *map(str, arguments)]
    if limit_file_size is not None:
        command = ["sh", "-c", f'ulimit -f {limit_file_size}; exec "$@"', "sh", *command]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(home, TAILRACE_TOKEN=TOKEN, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = _until_told(process.stdout)
    found = re.search(r"(http://\S+?:\d+)(/\S*code=\S+)", printed)
    assert found, f"no address was printed: {printed!r}"
    return Served(process, printed, found[0], found[1], TOKEN)


def _until_told(stdout: IO[str]) -> str:
    told = ""
    for line in stdout:
        told += line
        if "on_terminate" in line:
            return told
    return told


class Page:
    """A notebook's socket, by the JSON form of the protocol."""

    def __init__(self, served: Served, path: str) -> None:
        with served.client() as client:
            opened = client.post("/api/v1/notebooks", json={"path": path})
            opened.raise_for_status()
        notebook_id = opened.json()["notebook_id"]
        self._count = 0
        self._stack = contextlib.ExitStack()
        self.socket: ClientConnection = self._stack.enter_context(
            connect(
                f"{served.base.replace('http', 'ws')}/api/v1/notebooks/{notebook_id}/socket",
                additional_headers={"Authorization": f"Bearer {served.token}"},
                subprotocols=["tailrace.v1.json"],  # type: ignore[list-item]
                open_timeout=PATIENCE_S,
                max_size=None,
            )
        )
        self.send({"kind": "hello", "protocol": 1, "client_id": "a-test"})

    def close(self) -> None:
        self._stack.close()

    def send(self, frame: dict[str, object]) -> None:
        self.socket.send(json.dumps(frame))

    def submit(self, **operation: object) -> None:
        self._count += 1
        self.send({"kind": "submit", "operation_id": f"op-{self._count}", "operation": operation})

    def events_until(self, kind: str, **wanted: object) -> list[dict[str, object]]:
        """All events up to the one of `kind` in which `wanted` stands."""
        seen = []
        while True:
            frame = json.loads(self.socket.recv(timeout=PATIENCE_S))
            for record in frame.get("records", ()):
                event = record["event"]
                seen.append(event)
                if event["kind"] == kind and wanted.items() <= event.items():
                    return seen


def folders_of(home: Path) -> StateFolders:
    return state_folders({"TAILRACE_HOME": str(home)})


def write_notebook(file: Path, *sources: str) -> None:
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    file.write_text(json.dumps(notebook))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
