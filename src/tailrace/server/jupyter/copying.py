"""Copies of files and folders, called as Jupyter calls them (JUP-34).

All of it blocks: call it from a thread.
"""

import re
import shutil
from collections.abc import Iterator
from itertools import count

from tailrace.files.notebook_files import copied as duplicate
from tailrace.files.workspace import Entry, Workspace
from tailrace.protocol.errors import FileTaken
from tailrace.server.jupyter.answers import Unfit

FOLDER_BYTES = 500 << 20  # of a folder that is copied, as Jupyter Server has it
_COPY = re.compile(r"-Copy\d*(?=\.|\Z)")


def names_for(name: str) -> Iterator[str]:
    """The names a copy of `name` may have, the best first."""
    name = _COPY.sub("", name)
    stem, dot, ending = name.rpartition(".")
    if ending != "ipynb":
        stem, dot, ending = name.partition(".")
    for number in count():
        yield f"{stem}{f'-Copy{number}' if number else ''}{dot}{ending}"


def copied(workspace: Workspace, source: str, folder: str) -> str:
    """The path of the copy in `folder`. Raises `Unfit` for what cannot be copied whole."""
    entry = workspace.entry(source)
    if entry.kind == "folder":
        _must_be_whole(workspace, source, folder)
    for name in names_for(source.rpartition("/")[2]):
        path = f"{folder}/{name}" if folder else name
        try:
            if entry.kind == "folder":
                _copy_folder(workspace, source, path)
            else:
                duplicate(workspace, source, path)
        except FileTaken:
            continue
        return path
    raise AssertionError("there is always another name")


def _must_be_whole(workspace: Workspace, source: str, folder: str) -> None:
    if f"{workspace.resolve(folder)}/".startswith(f"{workspace.resolve(source)}/"):
        raise Unfit(f"{source} cannot be copied into itself")
    size = 0
    for entry in _below(workspace, source):
        if (
            entry.path is None
            or entry.kind == "other"
            or (entry.is_link and entry.kind == "folder")
        ):
            raise Unfit(f"{source} holds {entry.name}, which cannot be copied")
        size += entry.size_bytes
        if size > FOLDER_BYTES:
            raise Unfit(f"Can't copy folders larger than {FOLDER_BYTES >> 20}MB: {source}")


def _below(workspace: Workspace, folder: str) -> Iterator[Entry]:
    for entry in workspace.list(folder):
        yield entry
        if entry.kind == "folder" and not entry.is_link and entry.path is not None:
            yield from _below(workspace, entry.path)


def _copy_folder(workspace: Workspace, source: str, target: str) -> None:
    """All or nothing. Hidden files do not exist here, so they stay behind."""
    workspace.create_folder(target)
    inside = f"{workspace.entry(source).path}/"
    try:
        for entry in _below(workspace, source):
            assert entry.path is not None, "it was looked at before"
            path = f"{target}/{entry.path.removeprefix(inside)}"
            if entry.kind == "folder":
                workspace.create_folder(path)
            else:
                workspace.copy(entry.path, path)
    except BaseException:
        shutil.rmtree(workspace.resolve(target), ignore_errors=True)
        raise
