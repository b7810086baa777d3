"""Sessions that no file of the user's belongs to: consoles, and kernels that Jupyter's API
started alone.

Each has a notebook in our own state folder, so that it is a session like any other: its log
is kept, its kernel outlives the server and is found again. The notebook's metadata say what
its creator called it and where it works. Nothing is saved by itself.
"""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import msgspec
from msgspec import Struct

from tailrace.documents.room import Room
from tailrace.protocol.ids import NotebookId
from tailrace.session.directory import Directory
from tailrace.session.session import Session


class Console(Struct, frozen=True):
    """`name` is the kernelspec's, `folder` where it works; `path`, `title` and `kind` are
    those of a Jupyter session, null for a kernel that was started without one."""

    name: str
    folder: str
    path: str | None = None
    title: str = ""
    kind: str = "console"


def console_of(room: Room) -> Console | None:
    """What a session's notebook says of itself; None for a user's notebook."""
    ours = room.metadata().get("tailrace_console")
    try:
        return msgspec.convert(ours, Console)
    except msgspec.ValidationError:
        return None


class Consoles:
    """`state_of` is where a notebook's log is kept."""

    def __init__(
        self, folder: Path, directory: Directory, state_of: Callable[[NotebookId], Path]
    ) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._directory = directory
        self._state_of = state_of

    def has(self, session: Session) -> bool:
        return session.place.folder == self._folder

    async def open(self, kernel_id: str, console: Console, interpreter: str | None) -> Session:
        """A new session under the id that Jupyter's clients know it by."""
        file = self._folder / f"{kernel_id}.ipynb"
        await asyncio.to_thread(_write, file, console, interpreter)
        return await self._directory.open_file(file, file.name)

    async def discard(self, session: Session) -> None:
        """Forget it: its notebook and its log. Its kernel has been stopped."""
        file = session.place.file
        async with self._directory.closed([file]):
            await asyncio.to_thread(file.unlink, missing_ok=True)
            state = self._state_of(session.notebook_id)
            await asyncio.to_thread(rmtree, state, ignore_errors=True)


def _write(file: Path, console: Console, interpreter: str | None) -> None:
    spec = {"name": console.name, "display_name": console.name}
    if interpreter is not None:
        spec["interpreter"] = interpreter
    notebook = {
        "cells": [],
        "metadata": {"kernelspec": spec, "tailrace_console": msgspec.to_builtins(console)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook), "utf-8")
