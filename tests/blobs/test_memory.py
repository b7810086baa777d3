"""The blob store in memory keeps the contract."""

from pathlib import Path

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.memory import MemoryBlobs
from tests.blobs.contract import BlobStoreContract


class TestMemoryBlobs(BlobStoreContract):
    def made(self, folder: Path) -> BlobStore:
        return MemoryBlobs()
