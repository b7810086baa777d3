"""Text on its way into frames: pieces joined by execution and stream, in order.

A plain data structure without a lock (`link.py` holds it). Pieces of one execution and one
stream that follow each other become one run; a run becomes payloads of at most 1 MiB that
are never cut inside a character (KER-6).
"""

import json
from collections import deque

from tailrace_kernel.attribution import SILENT, Into
from tailrace_kernel.overwritten import without_overwritten

PAYLOAD_BYTES = 1024 * 1024
EARLY_CHARS = 4_000_000  # of text that waits for the first execution

Piece = tuple[str | None, str, str]
"""The execution (None: not known by its context), `stdout` or `stderr`, the text."""


class _Run:
    __slots__ = ("execution_id", "stream", "texts")

    def __init__(self, execution_id: str, stream: str) -> None:
        self.execution_id = execution_id
        self.stream = stream
        self.texts: list[str] = []


class Gather:
    """`default` is the execution of text that does not know its own; none before the first
    execution: such text waits for it, the newest `EARLY_CHARS` of it."""

    def __init__(self) -> None:
        self.size = 0  # in characters: near enough to bytes to decide when to send
        self.default: str | None = None
        self._early: deque[tuple[str, str]] = deque()
        self._early_size = self._early_dropped = 0
        self._runs: deque[_Run] = deque()
        self._encoded: deque[tuple[bytes, memoryview]] = deque()

    def __bool__(self) -> bool:
        return bool(self._runs or self._encoded)

    def begin(self, execution_id: str) -> None:
        """Text that does not know its execution belongs to this one from now on."""
        self.default = execution_id
        early, self._early = self._early, deque()
        if self._early_dropped:
            note = f"[{self._early_dropped} characters written before the first cell are gone]\n"
            self._join(execution_id, "stderr", [note], len(note))
            self._early_dropped = self._early_size = 0
        for stream, text in early:
            self._join(execution_id, stream, [text], len(text))

    def absorb(self, pieces: list[Piece]) -> None:
        """Take the pieces that are in the list now; others may be added to it meanwhile."""
        count = len(pieces)
        taken = pieces[:count]
        del pieces[:count]
        ids, streams, texts = zip(*taken, strict=True)
        if ids.count(ids[0]) == count and streams.count(streams[0]) == count:
            self._add(ids[0], streams[0], texts)
            return
        for execution_id, stream, text in taken:
            self._add(execution_id, stream, (text,))

    def add(self, execution_id: str | None, stream: str, text: str) -> None:
        self._add(execution_id, stream, (text,))

    def _add(self, execution_id: str | None, stream: str, texts: tuple[str, ...]) -> None:
        if execution_id is None:
            execution_id = self.default
        if execution_id == SILENT:
            return
        text = texts[0] if len(texts) == 1 else "".join(texts)
        if not text:
            return
        if execution_id is None:
            self._keep_early(stream, text)
        else:
            self._join(execution_id, stream, [text], len(text))

    def _keep_early(self, stream: str, text: str) -> None:
        self._early.append((stream, text))
        self._early_size += len(text)
        while self._early_size > EARLY_CHARS:
            dropped = len(self._early.popleft()[1])
            self._early_size -= dropped
            self._early_dropped += dropped

    def _join(self, execution_id: str, stream: str, texts: list[str], size: int) -> None:
        runs = self._runs
        if not runs or runs[-1].stream != stream or runs[-1].execution_id != execution_id:
            runs.append(_Run(execution_id, stream))
        runs[-1].texts += texts
        self.size += size

    def next_payload(self) -> tuple[bytes, memoryview] | None:
        """The oldest text as a frame's header (without `seq`) and payload; None: empty."""
        while not self._encoded and self._runs:
            self._encode(self._runs.popleft())
        if not self._encoded:
            return None
        head, payload = self._encoded.popleft()
        if not self._encoded and not self._runs:
            self.size = 0
        else:
            self.size -= len(payload)
        return head, payload

    def _encode(self, run: _Run) -> None:
        text = without_overwritten("".join(run.texts))
        if isinstance(run.execution_id, Into):
            frame = run.execution_id.target.text(run.stream, text)
            self._encoded.extend([(frame, memoryview(b""))] if frame is not None else [])
            return
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "backslashreplace")
        head = b'{"kind":"text","execution_id":%s,"stream":"%s"}' % (
            json.dumps(run.execution_id).encode("ascii"),
            run.stream.encode("ascii"),
        )
        view = memoryview(data)
        start, end = 0, len(view)
        while start < end:
            stop = min(start + PAYLOAD_BYTES, end)
            while stop < end and view[stop] & 0xC0 == 0x80:
                stop -= 1
            self._encoded.append((head, view[start:stop]))
            start = stop
