"""marimo, as its page drives it: POST to run a cell, a WebSocket for what happens."""

import asyncio
import json
import secrets
import time
import urllib.request
from collections import deque
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.memory import descendants
from benchmarks.products.product import Said, Seat, Server, free_port

CELL_SOURCE = """import marimo

app = marimo.App()


@app.cell
def _():
    pass
    return


if __name__ == "__main__":
    app.run()
"""


class Marimo:
    name = "marimo"

    def __init__(self, folder: Path, peers: Path) -> None:
        self._folder = folder
        self._notebooks = folder / "notebooks"
        self._notebooks.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        home = folder / "home"
        home.mkdir(exist_ok=True)
        self._server = Server(
            [
                str(peers / "bin" / "marimo"),
                "-q",
                "edit",
                str(self._notebooks),
                "--headless",
                "--no-token",
                "--no-skew-protection",
                "--skip-update-check",
                "--port",
                str(self.port),
            ],
            f"http://127.0.0.1:{self.port}/health",
            folder,
            {"HOME": str(home), "PATH": f"{peers / 'bin'}:/usr/bin:/bin"},
        )

    async def start(self) -> float:
        return await self._server.start()

    async def sit_down(self, number: int) -> "MarimoSeat":
        file = self._notebooks / f"n{number}.py"
        file.write_text(CELL_SOURCE)
        seat = MarimoSeat(self.port, str(file))
        await seat.connect()
        return seat

    async def join(self, seat: Seat) -> "MarimoSeat":
        assert isinstance(seat, MarimoSeat)
        other = MarimoSeat(self.port, seat.file)
        await other.connect(kiosk=True)
        return other

    def kill(self) -> None:
        self._server.kill()

    async def stop(self) -> None:
        await self._server.stop()

    def server_id(self) -> int:
        return self._server.pid

    def process_ids(self) -> list[int]:
        return descendants(self._server.pid)


class MarimoSeat:
    def __init__(self, port: int, file: str) -> None:
        self.file = file
        self._port = port
        self._session = f"s_{secrets.token_hex(3)}"
        self._socket: ClientConnection | None = None
        self._cell = ""
        self._frames = 0
        self._busy = False
        self._said: deque[Said] = deque()

    async def connect(self, *, kiosk: bool = False) -> None:
        extra = "&kiosk=true" if kiosk else ""
        self._socket = await connect(
            f"ws://127.0.0.1:{self._port}/ws?session_id={self._session}&file={self.file}{extra}",
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        if self._cell:
            return
        while True:
            message = json.loads(await self._socket.recv())
            if message["op"] == "kernel-ready":
                self._cell = message["data"]["cell_ids"][0]
                break
        if not kiosk and not message["data"].get("resumed"):
            await self._post("instantiate", {"objectIds": [], "values": [], "autoRun": False})

    async def _post(self, action: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/kernel/{action}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Marimo-Session-Id": self._session},
        )
        await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=60).read())

    async def run(self, code: str) -> None:
        self._busy = False
        await self._post("run", {"cellIds": [self._cell], "codes": [code]})

    async def interrupt(self) -> None:
        await self._post("interrupt", {})

    async def next(self) -> Said:
        while not self._said:
            assert self._socket is not None
            message = json.loads(await self._socket.recv())
            at = time.perf_counter()
            self._frames += 1
            if message["op"] != "cell-op":
                continue
            data = message["data"]
            console = data.get("console") or []
            for item in console if isinstance(console, list) else [console]:
                if item.get("channel") in ("stdout", "stderr"):
                    self._said.append(Said(at, "text", str(item["data"]), self._frames))
                elif item.get("channel") in ("media", "output"):
                    self._said.append(Said(at, "display", "", self._frames))
            output = data.get("output")
            if output and output.get("data") not in (None, "", []):
                kind = "error" if output.get("channel") == "marimo-error" else "result"
                self._said.append(Said(at, kind, str(output["data"])[:1000], self._frames))  # type: ignore[arg-type]
            # `completed-run` also ends what opening the notebook began; the cell's own status
            # is about this run.
            if data.get("status") in ("queued", "running"):
                self._busy = True
            elif data.get("status") == "idle" and self._busy:
                self._busy = False
                self._said.append(Said(at, "finished", "", self._frames))
        return self._said.popleft()

    async def drop(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def come_back(self, *, as_somebody_else: bool) -> None:
        if as_somebody_else:
            self._session = f"s_{secrets.token_hex(3)}"
        await self.connect()

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
