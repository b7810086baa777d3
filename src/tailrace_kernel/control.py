"""The control thread: whatever the main thread does, someone answers.

Accepts connections (KER-3, KER-4), hands executions and comm messages to the main thread,
takes acknowledgements and answers to prompts at once, and passes questions on to
`answers.py`. It never waits: what a peer does not take is kept and sent when it can be.
"""

import hmac
import json
import os
import platform
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from tailrace_kernel.endings import Endings
from tailrace_kernel.link import Link
from tailrace_kernel.pump import Waker
from tailrace_kernel.wire import (
    MAX_FRAME_BYTES,
    PROTOCOL,
    FrameBuffer,
    WireError,
    encode,
    split_buffers,
)

UNREAD_LIMIT_BYTES = 256 * 1024 * 1024  # replies that a peer leaves unread, then it is cut off
HELLO_BYTES = 64 * 1024  # the longest first frame; anything longer is not ours
HANDSHAKE_LIMIT = 64  # connections that have not attached yet

Header = dict[str, Any]
Answer = Callable[[dict[str, Any] | None, str | None], None]
Ask = Callable[[str, Header, Answer], None]


class Runs(Protocol):
    """Whoever executes: the shell of a guest, or a bridge to a kernel of another language."""

    @property
    def known(self) -> list[str]: ...

    def submit(
        self, execution_id: str, cell_id: str, source: str, asked: dict[str, Any] | None = None
    ) -> None: ...

    def interrupt(self, execution_id: str) -> None: ...

    def call(self, function: Callable[..., None], *arguments: Any) -> None: ...

    def stop(self) -> None: ...


class Prompted(Protocol):
    def answer(self, prompt_id: str, value: str | None) -> None: ...


class _Peer:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = FrameBuffer(HELLO_BYTES)
        self.channel: str | None = None
        self.unsent = bytearray()


class Control(threading.Thread):
    def __init__(
        self,
        kernel_id: str,
        listener: socket.socket,
        secret: str | None,
        *,
        link: Link,
        executions: Runs,
        prompts: Prompted,
        endings: Endings,
        handle_comm: Callable[[str, Header, list[bytes]], None],
        ask: Ask,
        running: Callable[[], str | None],
        liveness_fd: int | None,
        about: dict[str, str] | None = None,
    ) -> None:
        super().__init__(name="tailrace-control", daemon=True)
        self._about = about or {"python": sys.executable, "version": platform.python_version()}
        self._kernel_id = kernel_id
        self._listener = listener
        self._secret = secret
        self._link = link
        self._executions = executions
        self._prompts = prompts
        self._endings = endings
        self._handle_comm = handle_comm
        self._ask = ask
        self._running = running
        self._liveness_fd = liveness_fd
        self._selector = selectors.DefaultSelector()
        self._waker = Waker()
        self._control: _Peer | None = None
        self._peers: set[_Peer] = set()
        self._lock = threading.Lock()  # guards `unsent` of the control peer

    def close(self) -> None:
        """In a forked child: none of these belong to it."""
        self._selector.close()
        self._waker.close()
        self._listener.close()
        for peer in self._peers:
            peer.sock.close()
        if self._liveness_fd is not None:
            os.close(self._liveness_fd)

    def run(self) -> None:
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._waker.reader, selectors.EVENT_READ)
        if self._liveness_fd is not None:
            self._selector.register(self._liveness_fd, selectors.EVENT_READ)
        while True:
            for key, mask in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj == self._waker.reader:
                    self._waker.clear()
                    self._watch_control()
                elif key.fileobj == self._liveness_fd:
                    if not os.read(self._liveness_fd, 64):
                        self._endings.end_with_children()
                else:
                    self._serve_peer(key.data, mask)

    def reply(self, header: Header) -> None:
        """Send to the server from any thread; without one there is nobody to tell."""
        data = encode(header)
        with self._lock:
            peer = self._control
            if peer is None:
                return
            peer.unsent += data
            self._push(peer)
        self._waker.wake()

    # ── connections ──────────────────────────────────────────────────────────

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        waiting = sum(1 for peer in self._peers if peer.channel is None)
        if waiting >= HANDSHAKE_LIMIT or not _is_ours(sock):
            sock.close()
            return
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        peer = _Peer(sock)
        self._peers.add(peer)
        self._selector.register(sock, selectors.EVENT_READ, peer)

    def _serve_peer(self, peer: _Peer, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            with self._lock:
                self._push(peer)
            self._watch_control()
        if not mask & selectors.EVENT_READ:
            return
        try:
            data = peer.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(peer)
            return
        try:
            for header, payload in peer.buffer.feed(data):
                self._on_frame(peer, header, payload)
        except (WireError, KeyError, TypeError, ValueError, AttributeError) as error:
            self._refuse(peer, "malformed", f"a frame could not be read: {error!r}")
        except OSError:
            self._drop(peer)  # it went while it was being greeted

    def _drop(self, peer: _Peer) -> None:
        if peer not in self._peers:
            return
        self._peers.discard(peer)
        self._selector.unregister(peer.sock)
        if peer.channel == "output":
            self._link.detach(peer.sock)
        with self._lock:
            if self._control is peer:
                self._control = None
        peer.sock.close()

    def _refuse(self, peer: _Peer, code: str, message: str) -> None:
        if peer.channel != "output":  # numbered frames may be half sent there
            with self._lock:
                peer.unsent += encode({"kind": "refused", "code": code, "message": message})
                self._push(peer)
        self._drop(peer)

    def _push(self, peer: _Peer) -> None:
        """Send what the peer takes; the lock is held."""
        try:
            while peer.unsent:
                count = peer.sock.send(peer.unsent)
                del peer.unsent[:count]
        except BlockingIOError:
            if len(peer.unsent) > UNREAD_LIMIT_BYTES:
                peer.unsent.clear()
                peer.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            peer.unsent.clear()  # reading will find that it is gone

    def _watch_control(self) -> None:
        peer = self._control
        if peer is not None and peer in self._peers:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
            self._selector.modify(peer.sock, wanted, peer)

    # ── frames ───────────────────────────────────────────────────────────────

    def _on_frame(self, peer: _Peer, header: Header, payload: bytes) -> None:
        if peer.channel is None:
            self._attach(peer, header)
        elif peer.channel == "control":
            self._on_control(header, payload)
        else:
            raise WireError("nothing is expected on the output channel")

    def _attach(self, peer: _Peer, header: Header) -> None:
        if header.get("kind") != "attach":
            raise WireError("the first frame is not attach")
        if header.get("protocol") != PROTOCOL:
            message = f"this kernel speaks protocol {PROTOCOL}, not {header.get('protocol')}"
            self._refuse(peer, "protocol", message)
            return
        if self._secret is not None and not hmac.compare_digest(
            str(header.get("secret") or "").encode(), self._secret.encode()
        ):
            self._refuse(peer, "secret", "the secret is wrong")
            return
        channel = header["channel"]
        if channel not in ("output", "control"):
            raise WireError(f"no channel is called {channel!r}")
        for other in [other for other in self._peers if other.channel == channel]:
            if channel == "control":  # numbered frames may be half sent on the other
                with self._lock:
                    other.unsent += encode({"kind": "replaced"})
                    self._push(other)
            self._drop(other)
        peer.channel = channel
        peer.buffer.limit_bytes = MAX_FRAME_BYTES
        if channel == "control":
            with self._lock:
                self._control = peer
                peer.unsent += self._greeting(self._link.last)
                self._push(peer)
            self._watch_control()
        else:
            self._link.attach(peer.sock, int(header.get("received") or 0), self._greeting)

    def _greeting(self, last: int) -> bytes:
        return encode(
            {
                "kind": "attached",
                "kernel_id": self._kernel_id,
                "pid": os.getpid(),
                **self._about,
                "running": self._running(),
                "known": self._executions.known,
                "last": last,
            }
        )

    def _on_control(self, header: Header, payload: bytes) -> None:
        match header["kind"]:
            case "execute":
                self._executions.submit(
                    header["execution_id"],
                    header.get("cell_id") or "",
                    header["source"],
                    header.get("asked") or {},
                )
            case "interrupted":
                self._executions.interrupt(header["execution_id"])
            case "acknowledge":
                self._link.acknowledge(int(header["seq"]))
            case "input":
                self._prompts.answer(header["prompt_id"], header.get("value"))
            case "comm-open" | "comm-message" | "comm-close" as kind:
                buffers = split_buffers(header.get("buffer_sizes") or [], payload)
                self._executions.call(self._handle_comm, kind, header, buffers)
            case "shutdown":
                self._executions.stop()
                self._endings.end_soon()
            case "ping":
                self._reply_to(header)({}, None)
            case kind:
                self._ask(kind, header, self._reply_to(header))

    def _reply_to(self, header: Header) -> Answer:
        request_id = header["request_id"]

        def answer(result: dict[str, Any] | None, error: str | None) -> None:
            reply: Header = {"kind": "reply", "request_id": request_id, "ok": error is None}
            reply.update({"result": result} if error is None else {"error": error})
            self.reply(reply)

        return answer


def listen(folder: str, *, loopback: bool) -> socket.socket:
    """The guest's listening socket (KER-17)."""
    if loopback:
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        return listener
    if sys.platform == "win32":
        raise OSError("there are no unix sockets here")
    path = os.path.join(folder, "guest.sock")
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    _bind(listener, path)
    listener.listen(16)
    return listener


def _bind(listener: socket.socket, path: str) -> None:
    """A unix socket's path may have about 100 bytes: reach a longer one from its folder."""
    try:
        listener.bind(path)
    except OSError:
        if sys.platform == "win32":
            raise
        folder, name = os.path.split(path)
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(folder)
            listener.bind(name)
        finally:
            os.fchdir(before)
            os.close(before)


def announce(folder: str, listener: socket.socket) -> None:
    """Say that the kernel can be reached."""
    import IPython

    is_unix = hasattr(socket, "AF_UNIX") and listener.family == socket.AF_UNIX
    port = None if is_unix else listener.getsockname()[1]
    if port is not None:
        _write(os.path.join(folder, "guest.port"), str(port))
    ready = {
        "pid": os.getpid(),
        "protocol": PROTOCOL,
        "python": sys.executable,
        "version": platform.python_version(),
        "ipython": IPython.__version__,
        "port": port,
    }
    _write(os.path.join(folder, "ready"), json.dumps(ready))


def _write(path: str, text: str) -> None:
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def _is_ours(sock: socket.socket) -> bool:
    """Whether the peer of a unix socket runs as our user (KER-3); TCP has the secret."""
    if sys.platform == "win32" or sock.family in (socket.AF_INET, socket.AF_INET6):
        return True
    if hasattr(socket, "SO_PEERCRED"):
        packed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", packed)[1]
    elif sys.platform == "darwin":
        local_peercred, sol_local = 1, 0
        credentials = sock.getsockopt(sol_local, local_peercred, 76)  # struct xucred
        uid = struct.unpack_from("II", credentials)[1]
    else:
        return False
    return bool(uid == os.getuid())
