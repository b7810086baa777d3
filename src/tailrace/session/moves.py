"""Rename, move and throw away what is served, with the logs of the notebooks in it.

A notebook's log is found by its path (ADR 6), so it must go where the file goes: renamed
with it, kept beside it in the trash, put back with it. Meanwhile nobody can open these
notebooks. One that is renamed takes its clients and its kernel along; one whose kernel lives
is not thrown away (`FileInUse`).
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from tailrace.files.trash import Trash, TrashItem
from tailrace.files.workspace import Entry, Workspace
from tailrace.protocol.ids import NotebookId
from tailrace.session.clock import Clock
from tailrace.session.place import place_of

NOTEBOOKS_MOST = 10_000  # of a folder that is moved; logs of further ones begin anew

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
        """Raises `FileTaken` where the new name is in use, and what
        `Workspace.rename` raises; then everything is where it was."""
        source = self._workspace.resolve_link(old)
        inner = await asyncio.to_thread(_notebooks_in, source)
        before = _ids(source, inner)
        target = self._workspace.resolve_link(new)
        files = [(_at(source, each), _at(target, each)) for each in inner]
        async with (
            self._following(files) if self._following else self._closed([file for file, _ in files])
        ):
            entry = await asyncio.to_thread(self._workspace.rename, old, new)
            after = _ids(target, inner)
            pairs = [
                (self._state_of(a), self._state_of(b)) for a, b in zip(before, after, strict=True)
            ]
            await asyncio.to_thread(_move_all, pairs)
        return entry

    async def throw_away(self, path: str) -> TrashItem:
        """Into the trash, from where `restore` brings it back with all its logs."""
        place = self._workspace.resolve_link(path)
        inner = await asyncio.to_thread(_notebooks_in, place)
        ids = _ids(place, inner)
        async with self._closed([place / each for each in inner]):
            item = await asyncio.to_thread(self.trash.throw, path, now=self._clock.now())
            await asyncio.to_thread(self._put_beside, item, ids)
        return item

    def _put_beside(self, item: TrashItem, ids: Sequence[NotebookId]) -> None:
        beside = self.trash.beside(item)
        _move_all([(self._state_of(each), beside / each) for each in ids])

    async def restore(self, item_id: str) -> Entry:
        """Where it was, or beside what took its name meanwhile."""
        item, entry = await asyncio.to_thread(self.trash.restore, item_id)
        assert entry.path is not None, "it was asked for by a path"
        await asyncio.to_thread(self._take_from_beside, item, entry.path)
        return entry

    def _take_from_beside(self, item: TrashItem, path: str) -> None:
        old = self._workspace.root.joinpath(*item.path.split("/"))
        new = self._workspace.resolve_link(path)
        inner = _notebooks_in(new)
        beside = self.trash.beside(item)
        pairs = zip(_ids(old, inner), _ids(new, inner), strict=True)
        _move_all([(beside / a, self._state_of(b)) for a, b in pairs])
        self.trash.forget(item)


def _notebooks_in(place: Path) -> list[str]:
    """The notebooks there, relative to `place`; "" for a place that is one itself."""
    if place.is_symlink():
        return []
    if not place.is_dir():
        return [""] if place.name.lower().endswith(".ipynb") else []
    found: list[str] = []
    for folder, _, names in os.walk(place):
        for name in names:
            if name.lower().endswith(".ipynb") and len(found) < NOTEBOOKS_MOST:
                found.append(os.path.relpath(os.path.join(folder, name), place))
    return found


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
