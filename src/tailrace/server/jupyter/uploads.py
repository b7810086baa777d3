"""Files that come in pieces: gathered aside, and put in their place when they are whole.

A client that goes away leaves nothing half written. All of it blocks: call it from a thread.
"""

import hashlib
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from tailrace.server.jupyter.answers import Unfit

FILE_BYTES = 4 << 30
ABANDONED_S = 24 * 3600.0


class Uploads:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._next: dict[str, int] = {}

    def add(self, path: str, number: int, piece: bytes) -> bytes | None:
        """Take piece `number` (from 1; -1 is the last). Returns the whole after the last."""
        part = self._part(path)
        with self._lock:
            expected = self._next.get(path, 1)
            if number == 1:
                self._begin(part)
            elif number not in (-1, expected):
                raise Unfit(f"chunk {expected} is next, not {number}")
            elif expected == 1 and number != -1:
                raise Unfit("an upload begins with chunk 1")
            elif expected == 1:
                self._begin(part)
            with part.open("ab") as file:
                if file.tell() + len(piece) > FILE_BYTES:
                    raise Unfit("the file is too large", status=413)
                file.write(piece)
            if number != -1:
                self._next[path] = number + 1
                return None
            self._next.pop(path, None)
            whole = part.read_bytes()
            part.unlink()
            return whole

    def size_of(self, path: str) -> int:
        with suppress(OSError):
            return self._part(path).stat().st_size
        return 0

    def changed_at(self, path: str) -> float:
        with suppress(OSError):
            return self._part(path).stat().st_mtime
        return time.time()

    def _begin(self, part: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in self._folder.iterdir():
            with suppress(OSError):
                if time.time() - other.stat().st_mtime > ABANDONED_S:
                    other.unlink()
        with suppress(FileNotFoundError):
            part.unlink()

    def _part(self, path: str) -> Path:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{os.getpid()}-{digest[:32]}"
