"""Find a text in the names and the contents of what is served, within a time.

Notebooks are looked into as notebooks: the sources of their cells and the text of their
outputs. Other files are text or are passed over. Folders that programs fill (virtual
environments, `node_modules`, caches) and links to folders are left out.

Plain text, case ignored; linear in what is read. It blocks: call it from a thread.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from tailrace.files.workspace import Entry, EntryKind, Workspace
from tailrace.protocol.errors import FileError

FILES_MOST = 100
MATCHES_PER_FILE = 5
READ_BYTES = 16 << 20  # of one file; the rest of a longer one is not looked at
SHOWN_CHARS = 200

_PASSED = frozenset({"node_modules", "__pycache__", "site-packages"})

Where = Literal["source", "output", "text"]


class _Piece(NamedTuple):
    where: Where
    cell: int | None
    text: str


class FileMatch(Struct, frozen=True):
    """`cell` counts from 0 and is null outside of notebooks; `line` counts from 0 within the
    cell's source, the output, or the file. `text` is the line, cut around the match."""

    where: Where
    cell: int | None
    line: int
    text: str


class FoundFile(Struct, frozen=True):
    """`more` counts the matches that are not listed."""

    path: str
    kind: EntryKind
    in_name: bool
    matches: list[FileMatch]
    more: int


class Findings(Struct, frozen=True):
    """`complete` is false where the time or the number of files ended the search."""

    files: list[FoundFile]
    complete: bool


def find(workspace: Workspace, query: str, *, is_late: Callable[[], bool]) -> Findings:
    """Files whose name or content holds `query`, those with it in their name first."""
    wanted = query.casefold()
    found: list[FoundFile] = []
    complete = True
    for entry in _entries(workspace, ""):
        if is_late() or len(found) >= FILES_MOST:
            complete = False
            break
        in_name = wanted in entry.name.casefold()
        matches, more = ([], 0) if entry.kind == "folder" else _within(workspace, entry, wanted)
        if (in_name or matches) and entry.path is not None:
            found.append(FoundFile(entry.path, entry.kind, in_name, matches, more))
    return Findings(sorted(found, key=lambda file: not file.in_name), complete)


def _entries(workspace: Workspace, folder: str) -> Iterator[Entry]:
    """All that can be opened, a folder's files before what is in its folders."""
    try:
        entries = workspace.list(folder)
    except FileError:
        return  # not ours to read
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    inner = []
    for entry in entries:
        if entry.path is None or entry.kind == "other":
            continue
        yield entry
        if entry.kind == "folder" and not entry.is_link and entry.name not in _PASSED:
            inner.append(entry.path)
    for path in inner:
        yield from _entries(workspace, path)


def _within(workspace: Workspace, entry: Entry, wanted: str) -> tuple[list[FileMatch], int]:
    assert entry.path is not None
    try:
        data = workspace.read(entry.path, limit_bytes=READ_BYTES)
    except FileError:
        return [], 0
    texts = _notebook_texts(data) if entry.kind == "notebook" else None
    if texts is None:
        if b"\0" in data[:8192]:
            return [], 0
        texts = iter((_Piece("text", None, data.decode("utf-8", "replace")),))
    matches: list[FileMatch] = []
    more = 0
    for where, cell, text in texts:
        if wanted not in text.casefold():
            continue
        for number, line in enumerate(text.split("\n")):
            at = line.casefold().find(wanted)
            if at < 0:
                continue
            if len(matches) < MATCHES_PER_FILE:
                matches.append(FileMatch(where, cell, number, _around(line, at)))
            else:
                more += 1
    return matches, more


def _around(line: str, at: int) -> str:
    if len(line) <= SHOWN_CHARS:
        return line
    start = max(0, at - SHOWN_CHARS // 4)
    cut = line[start : start + SHOWN_CHARS]
    return ("…" if start else "") + cut + ("…" if start + SHOWN_CHARS < len(line) else "")


def _notebook_texts(data: bytes) -> Iterator[_Piece] | None:
    """The texts of a notebook's cells and outputs; None when it is no notebook."""
    try:
        notebook = msgspec.json.decode(data)
        cells = notebook["cells"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
        return None
    return _cell_texts(cells) if isinstance(cells, list) else None


def _cell_texts(cells: list[Any]) -> Iterator[_Piece]:
    for number, cell in enumerate(cells):
        if not isinstance(cell, dict):
            continue
        yield _Piece("source", number, _joined(cell.get("source")))
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                yield _Piece("output", number, _output_text(output))


def _output_text(output: dict[str, Any]) -> str:
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    error = f"{output['ename']}: {output.get('evalue', '')}" if "ename" in output else ""
    return "\n".join(part for part in (_joined(output.get("text")), _joined(plain), error) if part)


def _joined(text: object) -> str:
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""
