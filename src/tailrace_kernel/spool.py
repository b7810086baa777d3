"""Numbered frames, kept until the other side has them in its log.

A plain data structure: no lock, no socket (`link.py` has both). `seq` counts from 1 without
gaps for the life of the process (KER-5). Frames are kept until acknowledged; those that
the present connection has not been given yet are the unsent ones.
"""

from collections import deque
from collections.abc import Iterator

from tailrace_kernel.wire import pack

LIMIT_BYTES = 64 * 1024 * 1024


class Spool:
    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.unsent_bytes = 0
        self.last = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._unsent: deque[memoryview] = deque()

    @property
    def is_full(self) -> bool:
        """Whoever wants to write must wait. One frame may reach over the limit."""
        return self.held_bytes >= self.limit_bytes

    def add(self, head: bytes, payload: bytes | memoryview) -> None:
        """Number and keep one frame; `head` is its header as JSON, without `seq`."""
        self.last += 1
        frame = pack(b'{"seq":%d,' % self.last + head[1:], payload)
        self._kept.append((self.last, frame))
        self._unsent.append(memoryview(frame))
        self.held_bytes += len(frame)
        self.unsent_bytes += len(frame)

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to `seq`."""
        kept = self._kept
        while kept and kept[0][0] <= seq:
            self.held_bytes -= len(kept.popleft()[1])

    def rewind(self, received: int) -> None:
        """A new connection has everything up to `received`: the rest is unsent again."""
        self.acknowledge(received)
        self._unsent = deque(memoryview(frame) for _, frame in self._kept)
        self.unsent_bytes = self.held_bytes

    def unsent(self, most: int = 64) -> list[memoryview]:
        """The next buffers to hand to the connection."""
        queue = self._unsent
        if len(queue) <= most:
            return list(queue)
        return [queue[index] for index in range(most)]

    def sent(self, count: int) -> None:
        """The connection took `count` bytes of what `unsent` gave."""
        self.unsent_bytes -= count
        queue = self._unsent
        while count:
            first = queue[0]
            if count < len(first):
                queue[0] = first[count:]
                return
            count -= len(first)
            queue.popleft()

    def frames(self) -> Iterator[bytes]:
        """Everything that is not acknowledged, oldest first."""
        return (frame for _, frame in self._kept)
