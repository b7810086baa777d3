"""The one checkpoint per file that Jupyter's clients keep and go back to.

Copies lie in our own state folder, by the file's path below the served folder, and go where
the file goes. All of it blocks: call it from a thread.
"""

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from tailrace.files.beneath import parts_of
from tailrace.jupyter.times import iso_time
from tailrace.server.jupyter.answers import Unfit

COPY_ID = "checkpoint"
_NAME = ".copy"  # no path of the workspace has it: hidden files do not exist there


class KeptCopies:
    """`root` names the served folder, so that several have their own."""

    def __init__(self, folder: Path, root: Path) -> None:
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()
        self._folder = folder / digest[:24]

    def keep(self, path: str, data: bytes) -> dict[str, Any]:
        place = self._place(path)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = place / f"{_NAME}.new"
        scratch.write_bytes(data)
        scratch.replace(place / _NAME)
        return self._model(place / _NAME)

    def all(self, path: str) -> list[dict[str, Any]]:
        copy = self._place(path) / _NAME
        return [self._model(copy)] if copy.is_file() else []

    def read(self, path: str, copy_id: str) -> bytes:
        """Raises `Unfit` (404) where there is none."""
        try:
            return self._copy(path, copy_id).read_bytes()
        except OSError:
            raise _missing(path, copy_id) from None

    def delete(self, path: str, copy_id: str) -> None:
        try:
            self._copy(path, copy_id).unlink()
        except OSError:
            raise _missing(path, copy_id) from None

    def rename(self, old: str, new: str) -> None:
        """With the copies of everything inside."""
        source, target = self._place(old), self._place(new)
        if source.exists() and source != target:
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            source.replace(target)

    def forget(self, path: str) -> None:
        with suppress(OSError):
            shutil.rmtree(self._place(path))

    def _copy(self, path: str, copy_id: str) -> Path:
        if copy_id != COPY_ID:
            raise _missing(path, copy_id)
        return self._place(path) / _NAME

    def _place(self, path: str) -> Path:
        return self._folder.joinpath(*parts_of(path))

    def _model(self, copy: Path) -> dict[str, Any]:
        return {"id": COPY_ID, "last_modified": iso_time(copy.stat().st_mtime)}


def _missing(path: str, copy_id: str) -> Unfit:
    return Unfit(f"Checkpoint does not exist: {path}@{copy_id}", status=404)
