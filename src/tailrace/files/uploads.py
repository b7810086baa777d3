"""Files that arrive in pieces: kept under a hidden name beside their place, then named.

Nothing is seen of an upload before it is whole, and finishing it replaces nothing. What is
left by a client that went away is removed after some time, and when the server ends.

All of it blocks: call it from a thread.
"""

import os
import secrets
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tailrace.files.checkpoint import TEMP_PREFIX
from tailrace.files.fates import fate_of
from tailrace.files.workspace import Entry, Workspace
from tailrace.protocol.errors import DiskFull, FileMissing, RequestError

AT_ONCE = 64
FORGOTTEN_AFTER_S = 3600.0


class _Upload:
    def __init__(self, path: str, size: int, temporary: Path, at: float) -> None:
        self.path = path
        self.size = size
        self.temporary = temporary
        self.received = 0
        self.at = at
        self.lock = threading.Lock()


class Uploads:
    """`monotonic` tells which were left alone."""

    def __init__(self, workspace: Workspace, monotonic: Callable[[], float]) -> None:
        self._workspace = workspace
        self._monotonic = monotonic
        self._open: dict[str, _Upload] = {}
        self._lock = threading.Lock()

    def begin(self, path: str, size: int) -> str:
        """Make room for a new file. Raises what `Workspace.create` raises for its name,
        `DiskFull` where so much does not fit."""
        self._forget_old()
        folder = self._workspace.place_for(path).parent
        if size > shutil.disk_usage(folder).free:
            raise DiskFull(f"there is no space for {path}: it has {size >> 20} MB")
        upload_id = secrets.token_urlsafe(16)
        temporary = folder / f"{TEMP_PREFIX}upload-{secrets.token_hex(8)}"
        with fate_of(path):
            temporary.touch(exist_ok=False)  # with the mode that any new file gets
        with self._lock:
            if len(self._open) >= AT_ONCE:
                temporary.unlink()
                raise RequestError(f"{AT_ONCE} uploads are under way; wait for one of them")
            self._open[upload_id] = _Upload(path, size, temporary, self._monotonic())
        return upload_id

    def write(self, upload_id: str, offset: int, data: bytes) -> int:
        """Put the next piece in; how much has come. One that came already is not put in
        twice, so a client that heard no answer may send it again."""
        upload = self._find(upload_id)
        with upload.lock:
            upload.at = self._monotonic()
            if offset + len(data) <= upload.received:
                return upload.received
            if offset != upload.received or offset + len(data) > upload.size:
                raise RequestError(f"the next piece begins at {upload.received}")
            with fate_of(upload.path), upload.temporary.open("r+b") as file:
                file.seek(offset)
                file.write(data)
            upload.received += len(data)
            return upload.received

    def finish(self, upload_id: str) -> Entry:
        """Give it its name. Raises `FileTaken` when that was given away meanwhile; then the
        upload is gone."""
        upload = self._find(upload_id)
        with upload.lock:
            if upload.received != upload.size:
                raise RequestError(f"{upload.size - upload.received} bytes are missing")
            with fate_of(upload.path):
                descriptor = os.open(upload.temporary, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            try:
                return self._workspace.adopt(upload.temporary, upload.path)
            finally:
                self.abandon(upload_id)

    def abandon(self, upload_id: str) -> None:
        with self._lock:
            upload = self._open.pop(upload_id, None)
        if upload is not None:
            with suppress(OSError):
                upload.temporary.unlink(missing_ok=True)

    def close(self) -> None:
        for upload_id in list(self._open):
            self.abandon(upload_id)

    def _find(self, upload_id: str) -> _Upload:
        upload = self._open.get(upload_id)
        if upload is None:
            raise FileMissing("this upload is over; begin it anew")
        return upload

    def _forget_old(self) -> None:
        since = self._monotonic() - FORGOTTEN_AFTER_S
        for upload_id, upload in list(self._open.items()):
            if upload.at < since:
                self.abandon(upload_id)
