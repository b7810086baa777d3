"""A reverse proxy as people put them in front: a path of its own, streams, sockets or none.

Plain sockets and threads: what comes is handed on as it comes. Each request has a connection
of its own to the server, as with most proxies that were not told otherwise.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HEAD_BYTES = 64 << 10
PIECE_BYTES = 64 << 10


class Proxy:
    """Hands on what is asked below `prefix` to `port`; `lets_sockets` False: no WebSockets.
    `upgrades` counts those that were asked for."""

    def __init__(self, port: int, *, prefix: str = "/", lets_sockets: bool = True) -> None:
        self.prefix = prefix.rstrip("/")
        self.lets_sockets = lets_sockets
        self.upgrades = 0
        self.paths: list[str] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Every connection breaks, as when the proxy is started again."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, self._kept(client), suppress(OSError):
            head, rest = _head_of(client)
            if not head:
                return
            method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            self.paths.append(f"{method} {path}")
            is_upgrade = re.search(rb"^upgrade: *websocket", head, re.M | re.I) is not None
            self.upgrades += is_upgrade
            if not path.startswith(self.prefix):
                client.sendall(_answer("404 Not Found"))
            elif is_upgrade and not self.lets_sockets:
                client.sendall(_answer("403 Forbidden"))
            else:
                self._hand_on(client, head if is_upgrade else _closing(head), rest)

    def _hand_on(self, client: socket.socket, head: bytes, rest: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server, self._kept(server):
            server.sendall(head + rest)
            up = threading.Thread(target=_pour, args=(client, server), daemon=True)
            up.start()
            _pour(server, client)
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            up.join()

    @contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)


@contextmanager
def proxied(port: int, *, prefix: str = "/", lets_sockets: bool = True) -> Iterator[Proxy]:
    proxy = Proxy(port, prefix=prefix, lets_sockets=lets_sockets)
    try:
        yield proxy
    finally:
        proxy.close()


def _head_of(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < HEAD_BYTES:
        piece = client.recv(PIECE_BYTES)
        if not piece:
            return b"", b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _closing(head: bytes) -> bytes:
    kept = re.sub(rb"^connection:.*\r\n", b"", head, flags=re.M | re.I)
    return kept[:-2] + b"Connection: close\r\n\r\n"


def _answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
