"""Files and folders as one zip, made while it is sent: nothing is kept of it.

What the workspace does not show is not in it: hidden files, and links that lead out. A file
that cannot be read is left out and named in `LEFT OUT.txt`, so that one does not cost the rest.
"""

import zipfile
from collections.abc import Iterator, Sequence
from time import localtime

from tailrace.files.workspace import Entry, Workspace
from tailrace.protocol.errors import FileError

PIECE_BYTES = 256 << 10
LEVEL = 1  # a local network is faster than a better compression
DEEPEST = 100  # a link may lead to a folder above itself
_OLDEST = (1980, 1, 1, 0, 0, 0)


class _Pipe:
    """What `zipfile` writes into: taken out again by whoever sends it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def zipped(workspace: Workspace, paths: Sequence[str]) -> Iterator[bytes]:
    """The zip of these, each under its own name. Raises `FileError` at once for one that is
    not there; later nothing but what ends the sending."""
    entries = [workspace.entry(path) for path in paths]
    return _pieces(workspace, entries)


def _pieces(workspace: Workspace, entries: Sequence[Entry]) -> Iterator[bytes]:
    pipe = _Pipe()
    left_out: list[str] = []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:  # type: ignore[call-overload]
        for entry in entries:
            start = len(entry.path or "") - len(entry.name)
            for found in _below(workspace, entry, left_out, 0):
                yield from _file(workspace, archive, pipe, found, start, left_out)
        if left_out:
            archive.writestr("LEFT OUT.txt", "\n".join(left_out) + "\n")
    yield pipe.taken()


def _below(workspace: Workspace, entry: Entry, left_out: list[str], depth: int) -> Iterator[Entry]:
    """The entry and, of a folder, all that is in it."""
    yield entry
    if entry.kind != "folder" or entry.path is None:
        return
    if depth == DEEPEST:
        left_out.append(f"{entry.path}: too deep")
        return
    try:
        inner = workspace.list(entry.path)
    except FileError as problem:
        left_out.append(f"{entry.path}: {problem}")
        return
    for each in inner:
        # A folder behind a link is the link's target, and may be this very one.
        if not (each.is_link and each.kind == "folder"):
            yield from _below(workspace, each, left_out, depth + 1)


def _file(
    workspace: Workspace,
    archive: zipfile.ZipFile,
    pipe: _Pipe,
    entry: Entry,
    start: int,
    left_out: list[str],
) -> Iterator[bytes]:
    if entry.path is None or entry.kind == "other":
        left_out.append(f"{entry.name}: cannot be read")
        return
    name = entry.path[start:]
    at = localtime(entry.modified_at)[:6]
    if entry.kind == "folder":
        archive.writestr(zipfile.ZipInfo(f"{name}/", max(at, _OLDEST)), b"")
        yield pipe.taken()
        return
    info = zipfile.ZipInfo(name, max(at, _OLDEST))
    info.compress_type = zipfile.ZIP_DEFLATED
    try:
        file = workspace.open(entry.path)
    except FileError as problem:
        left_out.append(f"{entry.path}: {problem}")
        return
    with file, archive.open(info, "w", force_zip64=True) as target:
        while piece := file.read(PIECE_BYTES):
            target.write(piece)
            yield pipe.taken()
    yield pipe.taken()
