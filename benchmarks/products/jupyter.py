"""jupyter_server with ipykernel: REST, and the kernel's WebSocket in its binary form."""

import asyncio
import itertools
import json
import secrets
import struct
import time
import urllib.request
from collections import deque
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.memory import descendants
from benchmarks.products.product import Said, Seat, Server, free_port

SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"


class Jupyter:
    name = "jupyter"

    def __init__(self, folder: Path, peers: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        home = folder / "home"
        home.mkdir(exist_ok=True)
        self._server = Server(
            [
                str(peers / "bin" / "jupyter-server"),
                "--no-browser",
                "--allow-root",
                f"--port={self.port}",
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=",
                "--ServerApp.password=",
                "--ServerApp.disable_check_xsrf=True",
                f"--ServerApp.root_dir={folder}",
            ],
            f"http://127.0.0.1:{self.port}/api",
            folder,
            {
                "HOME": str(home),
                "JUPYTER_RUNTIME_DIR": str(home / "run"),
                "PATH": f"{peers / 'bin'}:/usr/bin:/bin",
            },
        )

    async def start(self) -> float:
        return await self._server.start()

    async def sit_down(self, number: int) -> "JupyterSeat":
        kernel = await asyncio.to_thread(self._post, "/api/kernels", {"name": "python3"})
        seat = JupyterSeat(self.port, kernel["id"])
        await seat.connect()
        return seat

    async def join(self, seat: Seat) -> "JupyterSeat":
        assert isinstance(seat, JupyterSeat)
        other = JupyterSeat(self.port, seat.kernel_id)
        await other.connect()
        return other

    def kill(self) -> None:
        self._server.kill()

    async def stop(self) -> None:
        await self._server.stop()

    def server_id(self) -> int:
        return self._server.pid

    def process_ids(self) -> list[int]:
        return descendants(self._server.pid)

    def _post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body or {}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
            return json.loads(data) if data else {}


class JupyterSeat:
    def __init__(self, port: int, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self._port = port
        self._session = secrets.token_hex(16)
        self._socket: ClientConnection | None = None
        self._asked: set[str] = set()
        self._said: deque[Said] = deque()
        self._frames = 0

    async def connect(self) -> None:
        self._socket = await connect(
            f"ws://127.0.0.1:{self._port}/api/kernels/{self.kernel_id}/channels"
            f"?session_id={self._session}",
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            compression=None,
            max_size=None,
            ping_interval=None,
        )

    async def run(self, code: str) -> None:
        assert self._socket is not None
        message_id = secrets.token_hex(16)
        self._asked.add(message_id)
        header = {
            "msg_id": message_id,
            "username": "",
            "session": self._session,
            "date": "2026-01-01T00:00:00Z",
            "msg_type": "execute_request",
            "version": "5.3",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        await self._socket.send(_packed("shell", header, {}, {}, content))

    async def interrupt(self) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/kernels/{self.kernel_id}/interrupt", b""
        )
        await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=30).read())

    async def next(self) -> Said:
        while not self._said:
            assert self._socket is not None
            data = await self._socket.recv(decode=False)
            at = time.perf_counter()
            self._frames += 1
            channel, header, content = _unpacked(data)
            if channel != "iopub":
                continue
            match header.get("msg_type"):
                case "stream":
                    self._said.append(Said(at, "text", content["text"], self._frames))
                case "execute_result":
                    plain = content["data"].get("text/plain", "")
                    self._said.append(Said(at, "result", plain, self._frames))
                case "display_data":
                    self._said.append(Said(at, "display", "", self._frames))
                case "error":
                    self._said.append(Said(at, "error", content["ename"], self._frames))
                case "status" if content["execution_state"] == "idle" and self._is_ours(data):
                    self._said.append(Said(at, "finished", "", self._frames))
        return self._said.popleft()

    def _is_ours(self, data: bytes) -> bool:
        parent = _parent(data)
        return parent.get("msg_type") == "execute_request"

    async def drop(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def come_back(self, *, as_somebody_else: bool) -> None:
        if as_somebody_else:
            self._session = secrets.token_hex(16)
        await self.connect()

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()


def _packed(channel: str, header: Any, parent: Any, metadata: Any, content: Any) -> bytes:
    parts = [
        channel.encode(),
        *(json.dumps(p).encode() for p in (header, parent, metadata, content)),
    ]
    offsets = [8 * (1 + len(parts) + 1)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join([struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets), *parts])


def _parts(data: bytes) -> list[bytes]:
    (count,) = struct.unpack_from("<Q", data)
    offsets = struct.unpack_from(f"<{count}Q", data, 8)
    return [data[a:b] for a, b in itertools.pairwise(offsets)]


def _unpacked(data: bytes) -> tuple[str, dict[str, Any], dict[str, Any]]:
    channel, header, _, _, content, *_ = _parts(data)
    return channel.decode(), json.loads(header), json.loads(content)


def _parent(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_parts(data)[2])
    return found
