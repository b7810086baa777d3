"""The blob store in a folder keeps the contract, and its files are whole or absent."""

import os
import stat
from pathlib import Path

import pytest

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.local import LocalBlobs
from tailrace.protocol.errors import BlobDamaged
from tests.blobs.contract import BlobStoreContract
from tests.log.stories import told


class TestLocalBlobs(BlobStoreContract):
    def made(self, folder: Path) -> BlobStore:
        return LocalBlobs(folder / "blobs")


@told
async def test_nothing_is_made_before_the_first_put(tmp_path: Path) -> None:  # BLOB-1
    blobs = LocalBlobs(tmp_path / "blobs")

    await blobs.delete_unreferenced(set())

    assert os.listdir(tmp_path) == []


@told
async def test_a_blob_lies_two_folders_deep_for_its_owner_alone(tmp_path: Path) -> None:  # BLOB-1
    blobs = LocalBlobs(tmp_path / "blobs")

    blob_hash = await blobs.put(b"x")

    path = tmp_path / "blobs" / blob_hash[:2] / blob_hash[2:4] / blob_hash
    assert await blobs.open_path(blob_hash) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@told
async def test_another_server_finds_what_was_put(tmp_path: Path) -> None:  # BLOB-1
    blob_hash = await LocalBlobs(tmp_path).put(b"kept")

    assert await LocalBlobs(tmp_path).get(blob_hash) == b"kept"


@told
async def test_damaged_bytes_are_refused_and_putting_repairs_them(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)  # BLOB-2
    blob_hash = await blobs.put(b"0123456789")
    path = await blobs.open_path(blob_hash)
    assert path is not None

    for damaged in (b"0123456780", b"01234", b""):
        path.write_bytes(damaged)
        with pytest.raises(BlobDamaged):
            await blobs.get(blob_hash)
        assert await blobs.put(b"0123456789") == blob_hash
        assert await blobs.get(blob_hash) == b"0123456789"
