"""What the threads of one open log tell each other, and the event loop.

Plain attributes, each written by one thread: the writer raises `first`, `last` and
`written_bytes`, the syncer `durable`; any may set `broken`.
"""

import sys
import threading
from pathlib import Path

from tailrace.log.database import LogFacts
from tailrace.protocol.errors import LogError


class Marks:
    """`facts` are the log's as its owner knows them; `file_epoch` is the epoch that stands in
    the file (None: there is no file), until the first write brings the two together.
    `trouble` is why the last write failed, None once one succeeds. `broken` is set for good:
    read, close, open anew."""

    __slots__ = (
        "broken",
        "checkpointing",
        "durable",
        "facts",
        "file_epoch",
        "first",
        "is_file_open",
        "last",
        "restart_wanted",
        "trouble",
        "written_bytes",
    )

    def __init__(self, facts: LogFacts, last: int, *, file_epoch: str | None = None) -> None:
        self.facts = facts
        self.file_epoch = file_epoch
        self.first = facts.first
        self.last = last
        self.durable = last
        self.trouble: LogError | None = None
        self.broken: LogError | None = None
        self.is_file_open = False  # for writing
        # Held during a checkpoint: SQLite turns a second one away at once.
        self.checkpointing = threading.Lock()
        self.restart_wanted = False  # by the syncer, of the writer: see `Syncer`
        self.written_bytes = 0  # to the write-ahead log since the log was opened, about

    def check_writable(self) -> None:
        if self.broken is not None:
            raise type(self.broken)(str(self.broken))


def boot_name() -> str:
    """A name of the running boot. What was handed to the system during another boot, and not
    synced, may be gone. Empty where the system has no such name."""
    if sys.platform == "linux":
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""  # a sandbox without /proc
    if sys.platform == "darwin":
        return _boot_session_uuid()
    return ""


def _boot_session_uuid() -> str:
    import ctypes

    system = ctypes.CDLL(None)
    buffer = ctypes.create_string_buffer(64)
    size = ctypes.c_size_t(len(buffer))
    found = system.sysctlbyname(b"kern.bootsessionuuid", buffer, ctypes.byref(size), None, 0)
    return buffer.value.decode() if found == 0 else ""
