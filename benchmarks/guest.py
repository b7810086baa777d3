"""What the guest alone reaches, without a server: start by fork, latency, floods.

`python benchmarks/guest.py` prints one line per figure. The reader is a plain socket in
this process, so the figures are the guest's floor, not a product's.
"""

import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tailrace_kernel.serve import serve, warm  # noqa: E402
from tailrace_kernel.wire import FrameBuffer, send_frame  # noqa: E402


class Reader:
    """Attaches to a guest and runs cells in it."""

    def __init__(self, path: str) -> None:
        self.control = self._attach(path, "control")
        self.output = self._attach(path, "output")
        self.buffer = FrameBuffer()
        self.buffer.feed(b"")
        self.waiting: list[tuple[dict, bytes]] = []
        self.ran = 0
        while not self.waiting:  # the greeting
            self.waiting = self.buffer.feed(self.output.recv(1 << 16))
        self.waiting.clear()

    def _attach(self, path: str, channel: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                sock.connect(path)
                break
            except OSError:
                time.sleep(0.0002)
        send_frame(sock, {"kind": "attach", "protocol": 1, "channel": channel, "received": 0})
        return sock

    def run(self, source: str, on_text: Callable[[bytes], None] | None = None) -> dict:
        """Frames and bytes of text until the cell has finished."""
        self.ran += 1
        execution_id = f"e{self.ran}"
        send_frame(
            self.control,
            {"kind": "execute", "execution_id": execution_id, "cell_id": "c", "source": source},
        )
        frames = size = 0
        while True:
            for header, payload in self.buffer.feed(self.output.recv(1 << 20)):
                frames += 1
                size += len(payload)
                if on_text is not None and header["kind"] == "text":
                    on_text(payload)
                if header["kind"] == "finished":
                    send_frame(self.control, {"kind": "acknowledge", "seq": header["seq"]})
                    return {"frames": frames, "bytes": size, "status": header["status"]}
            if size > 1 << 20:
                send_frame(self.control, {"kind": "acknowledge", "seq": header["seq"]})


def forked(folder: str) -> int:
    pid = os.fork()
    if pid == 0:
        serve(folder, "bench")
    return pid


def timed(label: str, reader: Reader, source: str) -> None:
    start = time.perf_counter()
    found = reader.run(source)
    took = time.perf_counter() - start
    print(f"{label:42} {took:8.3f} s   {found['frames']} frames, {found['bytes']} bytes")


def percentiles(label: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    high = ordered[int(len(ordered) * 0.99)]
    print(f"{label:42} {statistics.median(ordered):8.3f} ms  p99 {high:.3f} ms")


def main() -> None:
    started = time.perf_counter()
    warm()
    print(f"{'warm, once per host':42} {time.perf_counter() - started:8.3f} s")
    starts = []
    for _ in range(10):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            pid = forked(folder)
            reader = Reader(os.path.join(folder, "guest.sock"))
            reader.run("1+1")
            starts.append((time.perf_counter() - start) * 1000)
            private = private_bytes(pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    percentiles("fork to first result of 1+1", starts)
    print(f"{'private memory after it':42} {private / 1e6:8.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        pid = forked(folder)
        try:
            measure(Reader(os.path.join(folder, "guest.sock")), pid)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def measure(reader: Reader, pid: int) -> None:
    stops = []
    for _ in range(6):
        sent: list[float] = []

        def interrupt(payload: bytes, sent: list[float] = sent) -> None:
            if not sent:
                time.sleep(0.05)
                sent.append(time.perf_counter())
                os.kill(pid, signal.SIGINT)

        reader.run("print('on')\nwhile True: pass", interrupt)
        stops.append((time.perf_counter() - sent[0]) * 1000)
    print(f"{'interrupt of a busy loop to its end':42} first {stops[0]:.3f} ms")
    percentiles("the next five", stops[1:])
    trips = []
    for _ in range(300):
        start = time.perf_counter()
        reader.run("1+1")
        trips.append((time.perf_counter() - start) * 1000)
    percentiles("1+1 round trip", trips)
    delays: list[float] = []

    def note(payload: bytes) -> None:
        text = payload.strip()
        if text:
            delays.append((time.perf_counter() - float(text)) * 1000)

    pauses = "import time\nfor _ in range(200):\n    time.sleep(0.01); print(time.perf_counter())"
    reader.run(pauses, note)
    percentiles("print to reader when idle", delays)
    first: list[float] = []
    source = (
        "import time\nt=time.perf_counter()\nprint(t)\nwhile time.perf_counter()-t < 1: print(t)"
    )
    reader.run(source, lambda p: first or first.append(time.perf_counter() - float(p.split()[0])))
    print(f"{'first line of a busy print loop':42} {first[0] * 1000:8.3f} ms")
    timed("1,000,000 lines", reader, "for i in range(1_000_000): print(i)")
    timed("one string of 50 MB", reader, "print('x' * 50_000_000)")
    bar = "import sys\nfor i in range(20000):\n    print(f'\\r{i} ' + '#'*60, end='', flush=True)"
    timed("20,000 updates of one line, each flushed", reader, bar)
    timed("100,000 displays", reader, "for i in range(100_000): display(i)")
    timed("1,000,000 lines of a child process", reader, "!seq 1 1000000 > /dev/stdout")


def private_bytes(pid: int) -> int:
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


if __name__ == "__main__":
    main()
