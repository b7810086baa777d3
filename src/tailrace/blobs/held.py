"""Blobs that are not on the disk yet: those of a notebook that was only opened.

A file's large pictures are named by hash in what clients are shown, as a kernel's are. But
opening a notebook writes nothing: until its first change they are held in memory here, and
can be had all the same.
"""

import hashlib
from collections.abc import Set
from pathlib import Path

from tailrace.blobs.blob_store import BlobStore
from tailrace.protocol.ids import BlobHash


def name_of(data: bytes) -> BlobHash:
    """The name that every store gives these bytes."""
    return BlobHash(hashlib.sha256(data).hexdigest())


class HeldBlobs:
    """A `BlobStore` over `store`, with what is held in memory in front of it."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._held: dict[BlobHash, bytes] = {}

    def hold(self, data: bytes) -> BlobHash:
        """Keep `data` in memory until `write_held`; its name as with `put`."""
        blob_hash = name_of(data)
        self._held[blob_hash] = data
        return blob_hash

    async def write_held(self) -> None:
        """Put everything that is held. Raises `BlobFull`; what has found no space stays held."""
        for blob_hash, data in list(self._held.items()):
            await self._store.put(data)
            self._held.pop(blob_hash, None)

    async def put(self, data: bytes) -> BlobHash:
        return await self._store.put(data)

    async def get(self, blob_hash: BlobHash) -> bytes:
        held = self._held.get(blob_hash)
        return held if held is not None else await self._store.get(blob_hash)

    async def open_path(self, blob_hash: BlobHash) -> Path | None:
        return None if blob_hash in self._held else await self._store.open_path(blob_hash)

    async def has(self, blob_hash: BlobHash) -> bool:
        return blob_hash in self._held or await self._store.has(blob_hash)

    async def delete_unreferenced(self, keep: Set[BlobHash]) -> int:
        return await self._store.delete_unreferenced(keep)
