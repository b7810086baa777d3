"""The blob store in memory keeps the contract."""

from pathlib import Path

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.held import HeldBlobs
from tailrace.blobs.memory import MemoryBlobs
from tests.blobs.contract import BlobStoreContract
from tests.log.stories import told


class TestMemoryBlobs(BlobStoreContract):
    def made(self, folder: Path) -> BlobStore:
        return MemoryBlobs()


class TestHeldBlobs(BlobStoreContract):
    def made(self, folder: Path) -> BlobStore:
        return HeldBlobs(MemoryBlobs())

    @told
    async def test_what_is_held_can_be_had_and_is_put_later(self, tmp_path: Path) -> None:  # BLOB-5
        store = MemoryBlobs()
        blobs = HeldBlobs(store)
        name = blobs.hold(b"held")

        assert await blobs.get(name) == b"held"
        assert await blobs.has(name)
        assert not await store.has(name)
        await blobs.write_held()
        assert await store.get(name) == b"held"
        assert await blobs.open_path(name) is not None
