"""What a scenario may ask of a product: start it, sit down at a notebook, run code, listen.

A *seat* is one client of one open notebook. All products are driven through their own
protocol, by the same WebSocket library, from one event loop; times are taken when a
message has arrived and been decoded.
"""

import asyncio
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Kind = Literal["text", "result", "display", "error", "finished"]


class Said(NamedTuple):
    """One thing a client was told. `at` is `time.perf_counter()` on arrival."""

    at: float
    kind: Kind
    text: str
    frame: int


class Seat(Protocol):
    async def run(self, code: str) -> None:
        """Ask for `code` to be run; what happens then comes out of `next`."""
        ...

    async def next(self) -> Said: ...

    async def interrupt(self) -> None: ...

    async def drop(self) -> None:
        """Lose the connection."""
        ...

    async def come_back(self, *, as_somebody_else: bool) -> None:
        """Connect again, with the same client id or a new one (a page reload)."""
        ...

    async def close(self) -> None: ...


class Product(Protocol):
    name: str

    async def start(self) -> float:
        """Start the server; seconds until HTTP answers 200."""
        ...

    async def sit_down(self, number: int) -> Seat:
        """Open notebook `number` in a session of its own."""
        ...

    async def join(self, seat: Seat) -> Seat:
        """A further client on the notebook of `seat`."""
        ...

    def kill(self) -> None:
        """`kill -9` the server, and only it."""
        ...

    async def stop(self) -> None: ...

    def process_ids(self) -> list[int]:
        """The server and everything that it started."""
        ...

    def server_id(self) -> int: ...


class Unsupported(Exception):
    """The product has no such thing; the table says so."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process, started with a bytecode cache and measured until it answers."""

    def __init__(
        self, command: list[str], ready_url: str, folder: Path, env: dict[str, str]
    ) -> None:
        self._command = command
        self._ready_url = ready_url
        self._folder = folder
        self._env = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | env
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self, *, within_s: float = 60.0) -> float:
        log = (self._folder / "server.log").open("ab")
        began = time.perf_counter()
        self.process = subprocess.Popen(  # noqa: ASYNC220  # it is what is measured
            self._command,
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        while time.perf_counter() - began < within_s:
            if await asyncio.to_thread(self._answers):
                return time.perf_counter() - began
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.002)
        text = (self._folder / "server.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self._command[:4]} did not answer:\n{text}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._ready_url, timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as refused:
            return refused.code in (401, 403)
        except OSError:
            return False

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, 15)
        except subprocess.TimeoutExpired:
            self.kill()
