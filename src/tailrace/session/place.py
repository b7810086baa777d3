"""Where a notebook is: its file, its folder, its name for people, its id.

The id is made from the file's real path, so that no table is needed to find a notebook's
log again, and a link and its target are one notebook.
"""

import base64
import hashlib
from pathlib import Path

from msgspec import Struct

from tailrace.protocol.ids import NotebookId


class Place(Struct, frozen=True):
    """`file` is absolute and real (no links); `name` is relative to the served folder."""

    notebook_id: NotebookId
    file: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.file.parent


def place_of(file: Path, name: str) -> Place:
    """The place of an existing file. `file` may be a link."""
    real = file.resolve()
    digest = hashlib.sha256(str(real).encode("utf-8", "surrogateescape")).digest()
    short = base64.b32encode(digest[:15]).decode().lower()
    return Place(NotebookId(f"nb-{short}"), real, name)
