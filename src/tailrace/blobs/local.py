"""Blobs as files, `<root>/ab/cd/abcd…`, written so that a file is whole or absent.

Nothing is made before the first `put`. All disk work happens off the event loop.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import uuid
from collections.abc import Set
from pathlib import Path

from tailrace.protocol.errors import BlobDamaged, BlobError, BlobFull, BlobMissing
from tailrace.protocol.ids import BlobHash

_HASH = re.compile(r"\A[0-9a-f]{64}\Z")
_INCOMING = ".incoming"  # files being written; whatever is left in it belongs to nobody
_NO_SPACE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
)


class LocalBlobs:
    """A `BlobStore` in a folder that one server owns."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unswept: set[BlobHash] = set()

    async def put(self, data: bytes) -> BlobHash:
        return await asyncio.to_thread(self._put, data)

    async def get(self, blob_hash: BlobHash) -> bytes:
        return await asyncio.to_thread(self._get, blob_hash)

    async def open_path(self, blob_hash: BlobHash) -> Path | None:
        path = self._path(blob_hash)
        return path if path is not None and await asyncio.to_thread(path.is_file) else None

    async def has(self, blob_hash: BlobHash) -> bool:
        return await self.open_path(blob_hash) is not None

    async def delete_unreferenced(self, keep: Set[BlobHash]) -> int:
        spared, self._unswept = self._unswept, set()
        return await asyncio.to_thread(self._sweep, frozenset(keep) | spared)

    def _path(self, blob_hash: str) -> Path | None:
        """Where it stands; None for a text that is no hash (it may come from a URL)."""
        if _HASH.match(blob_hash) is None:
            return None
        return self._root / blob_hash[:2] / blob_hash[2:4] / blob_hash

    def _put(self, data: bytes) -> BlobHash:
        blob_hash = BlobHash(hashlib.sha256(data).hexdigest())
        self._unswept.add(blob_hash)
        path = self._root / blob_hash[:2] / blob_hash[2:4] / blob_hash
        if _holds(path, data):
            return blob_hash
        temporary = self._root / _INCOMING / uuid.uuid4().hex
        try:
            temporary.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_synced(temporary, data)
            os.replace(temporary, path)
            for folder in (path.parent, path.parent.parent, self._root):
                _sync_folder(folder)
        except OSError as error:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            if error.errno in _NO_SPACE:
                raise BlobFull(
                    f"{len(data)} bytes could not be stored: {error.strerror}; make space and retry"
                ) from error
            raise BlobError(f"{len(data)} bytes could not be stored: {error}") from error
        return blob_hash

    def _get(self, blob_hash: BlobHash) -> bytes:
        path = self._path(blob_hash)
        try:
            data = path.read_bytes() if path is not None else None
        except FileNotFoundError:
            data = None
        except OSError as error:
            raise BlobError(f"blob {blob_hash} cannot be read: {error.strerror}") from error
        if data is None:
            raise BlobMissing(f"there is no blob {blob_hash}")
        if hashlib.sha256(data).hexdigest() != blob_hash:
            raise BlobDamaged(f"blob {blob_hash} is damaged on disk; run its cell again")
        return data

    def _sweep(self, keep: frozenset[BlobHash]) -> int:
        freed = 0
        for path in self._root.glob("??/??/*"):
            if _HASH.match(path.name) is not None and path.name not in keep:
                size = path.stat().st_size
                path.unlink()
                freed += size
        return freed


def _holds(path: Path, data: bytes) -> bool:
    """Whether `path` holds `data`, byte for byte: a damaged blob is written anew."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
