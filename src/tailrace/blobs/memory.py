"""Blobs of a notebook that nobody keeps."""

import asyncio
import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Set
from pathlib import Path

from tailrace.protocol.errors import BlobMissing
from tailrace.protocol.ids import BlobHash


class MemoryBlobs:
    """A `BlobStore` in memory; only `open_path` makes a file, in a folder that goes with it."""

    def __init__(self) -> None:
        self._blobs: dict[BlobHash, bytes] = {}
        self._unswept: set[BlobHash] = set()
        self._folder: Path | None = None

    async def put(self, data: bytes) -> BlobHash:
        blob_hash = BlobHash(hashlib.sha256(data).hexdigest())
        self._blobs[blob_hash] = bytes(data)
        self._unswept.add(blob_hash)
        return blob_hash

    async def get(self, blob_hash: BlobHash) -> bytes:
        try:
            return self._blobs[blob_hash]
        except KeyError:
            raise BlobMissing(f"there is no blob {blob_hash}") from None

    async def open_path(self, blob_hash: BlobHash) -> Path | None:
        data = self._blobs.get(blob_hash)
        if data is None:
            return None
        return await asyncio.to_thread(self._write, blob_hash, data)

    async def has(self, blob_hash: BlobHash) -> bool:
        return blob_hash in self._blobs

    async def delete_unreferenced(self, keep: Set[BlobHash]) -> int:
        spared, self._unswept = self._unswept, set()
        gone = [name for name in self._blobs if name not in keep and name not in spared]
        return sum(len(self._blobs.pop(name)) for name in gone)

    def _write(self, blob_hash: BlobHash, data: bytes) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="tailrace-blobs-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / blob_hash
        if not path.exists():
            path.write_bytes(data)
        return path
