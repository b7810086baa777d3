"""BlobStore: large values by the hash of their bytes.

A value is written once and never changed; putting it again does nothing. What `put`
returned is on disk (synced), so a record that names it may follow.
"""

from collections.abc import Set
from pathlib import Path
from typing import Protocol

from tailrace.protocol.ids import BlobHash


class BlobStore(Protocol):
    async def put(self, data: bytes) -> BlobHash:
        """Keep `data`; its SHA-256 in hexadecimal is its name.

        Raises `BlobFull` when there is no space; nothing is left behind then.
        """
        ...

    async def get(self, blob_hash: BlobHash) -> bytes:
        """The bytes put. Raises `BlobMissing`, `BlobDamaged` when they are not what they were."""
        ...

    async def open_path(self, blob_hash: BlobHash) -> Path | None:
        """A file that holds exactly these bytes, for sending; None where there is none."""
        ...

    async def has(self, blob_hash: BlobHash) -> bool: ...

    async def delete_unreferenced(self, keep: Set[BlobHash]) -> int:
        """Drop what is not in `keep`; returns the bytes freed.

        What was put since the last time this was called stays in any case: whoever put it
        may not have named it yet.
        """
        ...
