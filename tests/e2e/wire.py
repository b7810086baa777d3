"""The wire between a browser and its server, which can be cut and mended.

A page knows two kinds of trouble: a server that refuses, and one that is not there. Cut,
this is the second: open connections are reset and new ones refused, those of the page's own
origin included, until the wire is mended at the same address.
"""

import contextlib
import selectors
import socket
import struct
from threading import Event, Thread
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)  # closing sends a reset, not a farewell


class Wire:
    """Stands at an address of its own for the server at `base`."""

    def __init__(self, base: str) -> None:
        self._port = 0
        self.lead_to(base)
        self._stop = Event()
        self._thread: Thread | None = None
        self.mend()
        self.base = f"http://127.0.0.1:{self._port}"

    def lead_to(self, base: str) -> None:
        """New connections go to the server at `base`."""
        parts = urlsplit(base)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 80)

    def mend(self) -> None:
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = int(listener.getsockname()[1])
        self._stop = Event()
        self._thread = Thread(target=self._carry, args=(listener, self._stop), daemon=True)
        self._thread.start()

    def cut(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _carry(self, listener: socket.socket, stop: Event) -> None:
        others: dict[socket.socket, socket.socket] = {}
        with selectors.DefaultSelector() as ready:
            ready.register(listener, selectors.EVENT_READ)
            while not stop.is_set():
                for key, _ in ready.select(timeout=0.02):
                    if key.fileobj is listener:
                        here, _ = listener.accept()
                        try:
                            there = socket.create_connection(self._server)
                        except ConnectionRefusedError:  # no server is there now
                            here.close()
                            continue
                        others |= {here: there, there: here}
                        for end in (here, there):
                            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                            ready.register(end, selectors.EVENT_READ)
                    elif key.fileobj in others:
                        self._pass_on(key.fileobj, others, ready)
            listener.close()
            for end in others:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.close()

    def _pass_on(
        self,
        end: socket.socket,
        others: dict[socket.socket, socket.socket],
        ready: selectors.BaseSelector,
    ) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = end.recv(1 << 16)
            if data:
                others[end].sendall(data)
                return
        for each in (end, others[end]):
            del others[each]
            ready.unregister(each)
            each.close()
