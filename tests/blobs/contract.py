"""What every blob store promises."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from tailrace.blobs.blob_store import BlobStore
from tailrace.protocol.errors import BlobMissing
from tailrace.protocol.ids import BlobHash
from tests.log.stories import told


class BlobStoreContract:
    """Inherit, define `made`, and call the class `Test…`."""

    def made(self, folder: Path) -> BlobStore:
        raise NotImplementedError

    @told
    async def test_what_was_put_is_got_by_its_hash(self, tmp_path: Path) -> None:  # BLOB-1
        blobs = self.made(tmp_path)
        for data in (b"", b"x", bytes(range(256)) * 9_000):
            blob_hash = await blobs.put(data)

            assert blob_hash == hashlib.sha256(data).hexdigest()
            assert await blobs.get(blob_hash) == data
            assert await blobs.has(blob_hash)
            path = await blobs.open_path(blob_hash)
            assert path is not None
            assert await asyncio.to_thread(path.read_bytes) == data

    @told
    async def test_putting_twice_keeps_one(self, tmp_path: Path) -> None:  # BLOB-1
        blobs = self.made(tmp_path)

        hashes = await asyncio.gather(*(blobs.put(b"same" * 10_000) for _ in range(20)))

        assert len(set(hashes)) == 1
        assert await blobs.get(hashes[0]) == b"same" * 10_000

    @pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 64 + "\n"])
    @told
    async def test_what_was_never_put_is_missing(self, tmp_path: Path, name: str) -> None:
        blobs = self.made(tmp_path)  # BLOB-2

        assert not await blobs.has(BlobHash(name))
        assert await blobs.open_path(BlobHash(name)) is None
        with pytest.raises(BlobMissing):
            await blobs.get(BlobHash(name))

    @told
    async def test_only_what_nobody_names_is_deleted(self, tmp_path: Path) -> None:  # BLOB-4
        blobs = self.made(tmp_path)
        named, forgotten = await blobs.put(b"named"), await blobs.put(b"forgotten")

        assert await blobs.delete_unreferenced({named}) == 0  # put since the last time
        late = await blobs.put(b"late")
        assert await blobs.delete_unreferenced({named}) == len(b"forgotten")

        assert await blobs.get(named) == b"named"
        assert await blobs.get(late) == b"late"
        assert not await blobs.has(forgotten)
        assert await blobs.delete_unreferenced(set()) == len(b"named") + len(b"late")
        assert await blobs.get(await blobs.put(b"forgotten")) == b"forgotten"
