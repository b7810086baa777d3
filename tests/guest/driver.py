"""A real guest, driven by frames: starts the process, attaches, collects what it says."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tailrace_kernel
from tailrace_kernel.wire import PROTOCOL, Frame, FrameBuffer, read_frame, send_frame

PACKAGE = Path(tailrace_kernel.__file__).parent
# Another interpreter to run all guests in: how other versions of Python and IPython are tried.
INTERPRETER = os.environ.get("TAILRACE_TEST_INTERPRETER", sys.executable)
PATIENCE_S = 60.0  # for what must come; a machine of the CI is slow


class Guest:
    """One guest process and the attached server's side. Frames are kept as they came."""

    def __init__(
        self,
        folder: Path,
        *,
        interpreter: str = INTERPRETER,
        loopback: bool = False,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        liveness_fd: int | None = None,
        attach: bool = True,
    ) -> None:
        self.folder = folder
        self.kernel_id = "k" + secrets.token_hex(4)
        self.loopback = loopback
        self.frames: list[tuple[dict[str, Any], bytes]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.changed = threading.Condition()
        self.auto_acknowledge = True
        self.read_pause_s = 0.0
        self.output: socket.socket | None = None
        self.control: socket.socket | None = None
        self._readers: list[threading.Thread] = []
        self.output_closed = False
        self.attached: dict[str, Any] = {}
        self.texts: dict[tuple[str, str | None], bytearray] = defaultdict(bytearray)
        self.keep_text = True
        self.text_bytes = 0
        self.patience_s = PATIENCE_S
        self._answered: set[str] = set()
        self._ids = itertools.count(1)
        self._send_lock = threading.Lock()
        arguments = [
            interpreter,
            str(PACKAGE),
            "--folder",
            str(folder),
            "--kernel-id",
            self.kernel_id,
        ]
        if loopback:
            self.secret = secrets.token_hex(16)
            path = folder / "secret"
            path.touch(mode=0o600)
            path.write_text(self.secret)
            arguments.append("--loopback")
        if liveness_fd is not None:
            arguments += ["--liveness-fd", str(liveness_fd)]
        home = folder / "home"
        home.mkdir(exist_ok=True)
        self.log = open(folder / "log.txt", "wb")  # noqa: SIM115
        self.process = subprocess.Popen(
            arguments,
            cwd=cwd or folder,
            env={**os.environ, "IPYTHONDIR": str(home), "MPLCONFIGDIR": str(home), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            pass_fds=() if liveness_fd is None else (liveness_fd,),
        )
        self._wait(lambda: (folder / "ready").exists(), "ready")
        self.ready: dict[str, Any] = json.loads((folder / "ready").read_text())
        if attach:
            self.attach()

    # ── connections ──────────────────────────────────────────────────────────

    def connect(self) -> socket.socket:
        if self.loopback:
            sock = socket.create_connection(("127.0.0.1", self.ready["port"]))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.folder / "guest.sock"))
        return sock

    def greet(self, channel: str, received: int = 0, **fields: Any) -> tuple[socket.socket, Any]:
        sock = self.connect()
        hello = {
            "kind": "attach",
            "protocol": PROTOCOL,
            "channel": channel,
            "received": received,
            **({"secret": self.secret} if self.loopback else {}),
            **fields,
        }
        send_frame(sock, hello)
        answer = read_frame(sock)
        return sock, answer[0] if answer else None

    def attach(self, received: int | None = None) -> None:
        """Attach both channels; after an earlier connection, from what was received on."""
        if received is None:
            received = self.last_seq
        self.control, _ = self.greet("control")
        self._read_by(self._read_control, self.control)
        self.attach_output(received)

    def attach_output(self, received: int) -> None:
        self.output, self.attached = self.greet("output", received)
        self.output_closed = False
        self._read_by(self._read_output, self.output)

    def _read_by(self, read: Callable[[socket.socket], None], sock: socket.socket) -> None:
        reader = threading.Thread(target=read, args=(sock,), daemon=True)
        self._readers.append(reader)
        reader.start()

    def detach(self) -> None:
        """Close both channels; what had arrived by then is in `frames`."""
        attached = [sock for sock in (self.output, self.control) if sock is not None]
        for sock in attached:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for reader in self._readers:
            reader.join()
        for sock in attached:
            sock.close()
        self._readers.clear()
        self.output = self.control = None

    def _read_output(self, sock: socket.socket) -> None:
        buffer = FrameBuffer()
        with contextlib.suppress(OSError):
            while data := sock.recv(1 << 20):
                frames = buffer.feed(data)
                if frames:
                    with self.changed:
                        self._take(frames)
                        self.changed.notify_all()
                    if self.auto_acknowledge:
                        with contextlib.suppress(OSError):
                            self.send({"kind": "acknowledge", "seq": frames[-1][0]["seq"]})
                if self.read_pause_s:
                    time.sleep(self.read_pause_s)
        with self.changed:
            if self.output is sock:
                self.output_closed = True
            self.changed.notify_all()

    def _take(self, frames: list[Frame]) -> None:
        self.text_bytes += sum(len(payload) for header, payload in frames)
        if not self.keep_text:
            frames = [(header, b"") for header, _ in frames]
        self.frames += frames
        for header, payload in frames:
            if header["kind"] == "text":
                self.texts[header["execution_id"], header["stream"]] += payload
                self.texts[header["execution_id"], None] += payload

    def _read_control(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (frame := read_frame(sock)) is not None:
                with self.changed:
                    self.replies[frame[0].get("request_id", frame[0]["kind"])] = frame[0]
                    self.changed.notify_all()

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        with self._send_lock:
            if self.control is None:
                raise OSError("not attached")
            send_frame(self.control, header, payload)

    # ── what a server does ───────────────────────────────────────────────────

    def execute(self, source: str, execution_id: str | None = None) -> str:
        execution_id = execution_id or f"e{next(self._ids)}"
        self.send(
            {"kind": "execute", "execution_id": execution_id, "cell_id": "c", "source": source}
        )
        return execution_id

    def run(self, source: str) -> Outcome:
        """Execute and wait until it has finished."""
        return self.finished(self.execute(source))

    def finished(self, execution_id: str) -> Outcome:
        frame = self.wait_for(
            lambda header: header["kind"] == "finished" and header["execution_id"] == execution_id
        )
        return Outcome(self, execution_id, frame[0])

    def interrupt(self, execution_id: str | None = None) -> None:
        """By a signal, and by name where one is given, as a server does."""
        os.kill(self.process.pid, signal.SIGINT)
        if execution_id is not None:
            self.send({"kind": "interrupted", "execution_id": execution_id})

    def ask(self, kind: str, **arguments: Any) -> dict[str, Any]:
        request_id = f"r{next(self._ids)}"
        self.send({"kind": kind, "request_id": request_id, **arguments})
        self._wait(lambda: request_id in self.replies, f"the answer to {kind}")
        return self.replies.pop(request_id)

    def answer_prompt(self, value: str | None) -> dict[str, Any]:
        """Answer the oldest prompt that was not answered yet, waiting for one."""
        asked, _ = self.wait_for(
            lambda header: (
                header["kind"] == "input-request" and header["prompt_id"] not in self._answered
            )
        )
        self.answer(asked["prompt_id"], value)
        return asked

    def answer(self, prompt_id: str, value: str | None) -> None:
        self._answered.add(prompt_id)
        self.send({"kind": "input", "prompt_id": prompt_id, "value": value})

    # ── what came ────────────────────────────────────────────────────────────

    @property
    def last_seq(self) -> int:
        return self.frames[-1][0]["seq"] if self.frames else 0

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> Frame:
        """The first frame, past or to come, that is wanted."""
        found: list[Frame] = []
        seen = 0

        def look() -> bool:
            nonlocal seen
            for frame in self.frames[seen:]:
                seen += 1
                if wanted(frame[0]):
                    found.append(frame)
                    return True
            return False

        self._wait(look, "a frame")
        return found[0]

    def wait_for_text(self, execution_id: str, text: str) -> None:
        self._wait(lambda: text.encode() in self.texts[execution_id, None], repr(text))

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + self.patience_s
        with self.changed:
            while not condition():
                if self.process.poll() is not None and not condition():
                    self.changed.wait(0.5)
                    if condition():
                        return
                    raise AssertionError(
                        f"the guest ended ({self.process.returncode}) before {what}: {self.said()}"
                    )
                if time.monotonic() > until:
                    raise AssertionError(f"no {what} in time: {self.said()}")
                self.changed.wait(0.05)

    def said(self) -> str:
        log = (self.folder / "log.txt").read_text(errors="replace")
        return f"{self.frames[-8:]!r:.3000}\nlog: {log[-3000:]}"

    def of(self, execution_id: str, kind: str) -> list[dict[str, Any]]:
        return [
            header
            for header, _ in list(self.frames)
            if header["kind"] == kind and header.get("execution_id") == execution_id
        ]

    def text(self, execution_id: str, stream: str | None = None) -> str:
        return self.texts[execution_id, stream].decode()

    # ── the end ──────────────────────────────────────────────────────────────

    def wait_for_end(self) -> int:
        """The exit status, once everything that was sent has been read."""
        status = self.process.wait(PATIENCE_S)
        until = time.monotonic() + PATIENCE_S
        with self.changed:
            while self.output is not None and not self.output_closed:
                assert time.monotonic() < until, "the connection did not close"
                self.changed.wait(0.05)
        return status

    def left_frames(self) -> list[tuple[dict[str, Any], bytes]]:
        path = self.folder / "left.frames"
        return FrameBuffer().feed(path.read_bytes()) if path.exists() else []

    def close(self) -> None:
        """Let go, and leave nothing of the process behind: neither it nor its children."""
        self.detach()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.log.close()


class Outcome:
    """One finished execution."""

    def __init__(self, guest: Guest, execution_id: str, header: dict[str, Any]) -> None:
        self.guest = guest
        self.execution_id = execution_id
        self.header = header

    @property
    def status(self) -> str:
        return str(self.header["status"])

    @property
    def out(self) -> str:
        return self.guest.text(self.execution_id, "stdout")

    @property
    def err(self) -> str:
        return self.guest.text(self.execution_id, "stderr")

    @property
    def text(self) -> str:
        return self.guest.text(self.execution_id)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return self.guest.of(self.execution_id, kind)

    @property
    def result(self) -> str | None:
        shown = [display for display in self.of("display") if "execution_count" in display]
        return shown[-1]["data"]["text/plain"] if shown else None

    @property
    def kinds(self) -> list[str]:
        return [
            header["kind"]
            for header, _ in self.guest.frames
            if header.get("execution_id") == self.execution_id
        ]


@contextlib.contextmanager
def started(**options: Any) -> Iterator[Guest]:
    """A guest in a folder of its own, killed at the end."""
    with tempfile.TemporaryDirectory(prefix="trg") as folder:
        guest = Guest(Path(folder), **options)
        try:
            yield guest
        finally:
            guest.close()
