"""Rename, move and throw away what is served, with the logs of the notebooks in it.

A notebook's log is found by its path (ADR 6), so it must go where the file goes: renamed
with it, kept beside it in the trash, put back with it. Meanwhile nobody can open these
notebooks. One that is renamed takes its clients and its kernel along; one whose kernel lives
is not thrown away (`FileInUse`).
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from tailrace.files.notebook_files import beside
from tailrace.files.trash import Trash, TrashItem
from tailrace.files.workspace import Entry, Workspace
from tailrace.formats.beside import SUFFIX
from tailrace.formats.forms import may_be_notebook, not_by_renaming
from tailrace.formats.text_notebook import HEAD_BYTES, is_marked
from tailrace.protocol.errors import NameRefused
from tailrace.protocol.ids import NotebookId
from tailrace.session.clock import Clock
from tailrace.session.place import place_of

NOTEBOOKS_MOST = 10_000  # of a folder that is moved; logs of further ones begin anew
_OUTPUTS = "outputs.json"  # of a notebook, beside it in the trash too

Closed = Callable[[Sequence[Path]], AbstractAsyncContextManager[None]]
Following = Callable[[Sequence[tuple[Path, Path]]], AbstractAsyncContextManager[None]]


class Moves:
    """`closed` keeps notebooks from being opened; `state_of` is where a notebook's log is.
    `following` lets open ones follow from file to file; without it they are closed."""

    def __init__(
        self,
        workspace: Workspace,
        trash: Trash,
        closed: Closed,
        state_of: Callable[[NotebookId], Path],
        clock: Clock,
        following: Following | None = None,
    ) -> None:
        self.trash = trash
        self._following = following
        self._workspace = workspace
        self._closed = closed
        self._state_of = state_of
        self._clock = clock

    async def rename(self, old: str, new: str) -> Entry:
        """Raises `FileTaken` where the new name is in use, `NameRefused` where it is another
        form's, and what `Workspace.rename` raises; then everything is where it was."""
        await asyncio.to_thread(self._keeps_form, old, new)
        source = self._workspace.resolve_link(old)
        inner = await asyncio.to_thread(_notebooks_in, source, self._has_log)
        before = _ids(source, inner)
        target = self._workspace.resolve_link(new)
        files = [(_at(source, each), _at(target, each)) for each in inner]
        async with (
            self._following(files) if self._following else self._closed([file for file, _ in files])
        ):
            entry = await asyncio.to_thread(self._renamed, old, new)
            after = _ids(target, inner)
            pairs = [
                (self._state_of(a), self._state_of(b)) for a, b in zip(before, after, strict=True)
            ]
            await asyncio.to_thread(_move_all, pairs)
        return entry

    def _keeps_form(self, old: str, new: str) -> None:
        place = self._workspace.resolve_link(old)
        if place.is_symlink() or not place.is_file():
            return
        with self._workspace.open(old) as file:
            problem = not_by_renaming(old, new, file.read(HEAD_BYTES))
        if problem is not None:
            raise NameRefused(problem)

    def _renamed(self, old: str, new: str) -> Entry:
        """Outputs beside first: a notebook is never without the name that they have."""
        if not (may_be_notebook(old) and self._workspace.resolve_link(old + SUFFIX).is_file()):
            return self._workspace.rename(old, new)
        self._workspace.rename(old + SUFFIX, new + SUFFIX)
        try:
            return self._workspace.rename(old, new)
        except BaseException:
            self._workspace.rename(new + SUFFIX, old + SUFFIX)
            raise

    def _has_log(self, file: Path) -> bool:
        return self._state_of(place_of(file, "").notebook_id).exists()

    async def throw_away(self, path: str) -> TrashItem:
        """Into the trash, from where `restore` brings it back with all its logs."""
        place = self._workspace.resolve_link(path)
        inner = await asyncio.to_thread(_notebooks_in, place, self._has_log)
        ids = _ids(place, inner)
        async with self._closed([place / each for each in inner]):
            item = await asyncio.to_thread(self.trash.throw, path, now=self._clock.now())
            await asyncio.to_thread(self._put_beside, item, ids)
            await asyncio.to_thread(self._put_outputs, item, place)
        return item

    def _put_beside(self, item: TrashItem, ids: Sequence[NotebookId]) -> None:
        beside = self.trash.beside(item)
        _move_all([(self._state_of(each), beside / each) for each in ids])

    def _put_outputs(self, item: TrashItem, file: Path) -> None:
        if may_be_notebook(file.name) and beside(file).is_file():
            shutil.move(beside(file), self.trash.beside(item) / _OUTPUTS)

    async def restore(self, item_id: str) -> Entry:
        """Where it was, or beside what took its name meanwhile."""
        item, entry = await asyncio.to_thread(self.trash.restore, item_id)
        assert entry.path is not None, "it was asked for by a path"
        await asyncio.to_thread(self._take_from_beside, item, entry.path)
        return entry

    def _take_from_beside(self, item: TrashItem, path: str) -> None:
        old = self._workspace.root.joinpath(*item.path.split("/"))
        new = self._workspace.resolve_link(path)
        kept = self.trash.beside(item)

        def had_log(file: Path) -> bool:
            was = old / file.relative_to(new) if file != new else old
            return (kept / place_of(was, "").notebook_id).exists()

        inner = _notebooks_in(new, had_log)
        pairs = zip(_ids(old, inner), _ids(new, inner), strict=True)
        _move_all([(kept / a, self._state_of(b)) for a, b in pairs])
        if (kept / _OUTPUTS).is_file() and not beside(new).exists():
            shutil.move(kept / _OUTPUTS, beside(new))
        self.trash.forget(item)


def _notebooks_in(place: Path, has_log: Callable[[Path], bool]) -> list[str]:
    """The notebooks there, relative to `place`; "" for a place that is one itself. Of texts in
    a folder those that are marked as notebooks, or were changed as ones."""
    if place.is_symlink():
        return []
    if not place.is_dir():
        return [""] if may_be_notebook(place.name) else []
    found: list[str] = []
    for folder, _, names in os.walk(place):
        for name in names:
            if len(found) < NOTEBOOKS_MOST and _is_notebook(Path(folder, name), has_log):
                found.append(os.path.relpath(os.path.join(folder, name), place))
    return found


def _is_notebook(file: Path, has_log: Callable[[Path], bool]) -> bool:
    if not may_be_notebook(file.name):
        return False
    if file.name.lower().endswith(".ipynb") or has_log(file):
        return True
    try:
        with file.open("rb") as text:
            return is_marked(file.name, text.read(HEAD_BYTES))
    except OSError:
        return False


def _ids(place: Path, inner: Sequence[str]) -> list[NotebookId]:
    return [place_of(_at(place, each), "").notebook_id for each in inner]


def _at(place: Path, inner: str) -> Path:
    return place / inner if inner else place


def _move_all(pairs: Sequence[tuple[Path, Path]]) -> None:
    for source, target in pairs:
        if source == target or not source.exists():
            continue
        if target.exists():
            # Left by a file of this path that was removed behind our back.
            os.rename(target, target.with_name(f"{target.name}.old-{secrets.token_hex(4)}"))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            os.rename(source, target)
