"""The frames that were shown, by handle, and for how long they are kept (TAB-4).

A frame that its owner still has costs nothing more here: the snapshot shares its memory.
Once the owner let go of it, it is ours alone: then it is kept while it is small enough, and
the oldest go first. So showing a frame never keeps more than `OWN_BYTES` alive.
"""

import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tailrace_kernel.tables.frame import Frame

HANDLES_MOST = 128
OWN_BYTES = 256 << 20  # of frames that nobody else has
ALONE_BYTES = 128 << 20  # the largest of these that is worth keeping


class _Entry:
    def __init__(self, frame: Frame, owner: "weakref.ref[Any] | None") -> None:
        self.frame: Frame | None = frame
        self.size_bytes = frame.size_bytes
        self.owner = owner

    @property
    def is_ours_alone(self) -> bool:
        return self.owner is None or self.owner() is None


class Kept:
    """`forgotten` is told each handle that goes."""

    def __init__(self, forgotten: Callable[[str], None]) -> None:
        self._forgotten = forgotten
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.RLock()

    def add(self, frame: Frame, original: Any) -> str:
        """Keep `frame`, whose memory is shared with `original`, if with any; its handle."""
        handle = "t" + secrets.token_hex(8)

        def orphaned(_: Any) -> None:
            # May run in any thread, in the middle of anything: takes no lock, and leaves the
            # entries as they are.
            entry = self._entries.get(handle)
            if entry is not None and entry.size_bytes > ALONE_BYTES:
                entry.frame = None

        owner = None if original is None else weakref.ref(original, orphaned)
        with self._lock:
            self._entries[handle] = _Entry(frame, owner)
            self.settle()
        return handle

    def get(self, handle: str) -> Frame | None:
        """The frame, which is then the newest."""
        with self._lock:
            entry = self._entries.get(handle)
            if entry is None:
                return None
            self._entries.move_to_end(handle)
            return entry.frame

    def settle(self) -> None:
        """Let go of what is too much: the oldest first."""
        with self._lock:
            for handle, entry in list(self._entries.items()):
                if entry.frame is None:
                    self._drop(handle)
            own = [entry for entry in self._entries.values() if entry.is_ours_alone]
            total = sum(entry.size_bytes for entry in own)
            for handle, entry in list(self._entries.items()):
                if total <= OWN_BYTES and len(self._entries) <= HANDLES_MOST:
                    return
                too_many = len(self._entries) > HANDLES_MOST
                if too_many or (total > OWN_BYTES and entry.is_ours_alone):
                    total -= entry.size_bytes if entry.is_ours_alone else 0
                    self._drop(handle)

    def _drop(self, handle: str) -> None:
        del self._entries[handle]
        self._forgotten(handle)
