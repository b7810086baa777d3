"""Files as Jupyter's contents API shows and changes them (JUP-30 to JUP-39).

Models in, models out; every path goes through the workspace, every move through `Moves`, so
that logs go along and nothing is deleted but into the trash. What blocks runs in threads.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import mimetypes
import os
import stat
from pathlib import Path
from typing import Any

from msgspec import Struct

from tailrace.files.checkpoint import ANYTHING
from tailrace.files.light_import import load_jupytext
from tailrace.files.notebook_files import read_notebook, write_notebook
from tailrace.files.workspace import Entry, Workspace
from tailrace.formats.beside import says_beside, whole_of
from tailrace.formats.forms import form_of, may_be_notebook
from tailrace.formats.ipynb import parse, with_whole_texts
from tailrace.jupyter.times import iso_time
from tailrace.protocol.errors import FileMissing, FileTaken, NotANotebook, TailraceError
from tailrace.server.jupyter.answers import Unfit
from tailrace.server.jupyter.copying import copied
from tailrace.server.jupyter.kept_copies import KeptCopies
from tailrace.server.jupyter.uploads import Uploads
from tailrace.server.routes.files import empty_notebook
from tailrace.session.directory import Directory
from tailrace.session.moves import Moves

TYPES = ("directory", "file", "notebook")
READ_BYTES = 256 << 20  # of one file in an answer; larger ones are downloaded by /files/

Model = dict[str, Any]


class Wanted(Struct, frozen=True):
    """How a client wants to see what is at a path."""

    type: str | None = None
    format: str | None = None
    content: bool = True
    hash: bool = False


class Contents:
    def __init__(
        self,
        workspace: Workspace,
        directory: Directory,
        moves: Moves,
        backup_folder: Path,
        copies: KeptCopies,
        uploads: Uploads,
    ) -> None:
        self._workspace = workspace
        self._directory = directory
        self._moves = moves
        self._backup_folder = backup_folder
        self._uploads = uploads
        self.copies = copies

    # ── reading ──────────────────────────────────────────────────────────────

    async def get(self, path: str, wanted: Wanted) -> Model:
        if wanted.content or wanted.hash:
            await self._save_what_is_open(path)
        return await asyncio.to_thread(self._model, path, wanted)

    async def _save_what_is_open(self, path: str) -> None:
        """An open notebook's file is brought up to its state first, where it saves itself."""
        for session in self._directory.open_notebooks():
            if session.path == path:
                await session.checkpointing.finish()

    def _model(self, path: str, wanted: Wanted) -> Model:
        entry = self._workspace.entry(path)
        kind = {"folder": "directory", "notebook": "notebook"}.get(entry.kind, "file")
        if entry.kind == "other":
            raise FileMissing(f"{path} cannot be opened: a link that leads out, or a device")
        if kind == "directory":
            if wanted.type not in (None, "directory"):
                raise Unfit(f"{path} is a directory, not a {wanted.type}", reason="bad type")
            return self._folder_model(path, entry, with_content=wanted.content)
        if wanted.type == "directory":
            raise Unfit(f"{path} is not a directory", reason="bad type")
        model = self._base(path, entry)
        model["type"] = wanted.type or kind
        if model["type"] == "file":
            model["mimetype"] = mimetypes.guess_type(path)[0]
        if not (wanted.content or wanted.hash):
            return model
        if entry.size_bytes > READ_BYTES:
            raise Unfit(f"{path} is too large for an answer; download it from /files/", status=413)
        data = self._bytes_of(path, model["type"])
        if wanted.content:
            if model["type"] == "notebook":
                model |= {"content": _notebook(data, path), "format": "json"}
            else:
                content, form, guess = _text_or_base64(data, path, wanted.format)
                model |= {"content": content, "format": form}
                model["mimetype"] = model["mimetype"] or guess
        if wanted.hash:
            model |= {"hash": hashlib.sha256(data).hexdigest(), "hash_algorithm": "sha256"}
        return model

    def _bytes_of(self, path: str, kind: str) -> bytes:
        if kind == "notebook" and may_be_notebook(path):
            return read_notebook(self._workspace.resolve(path))
        return self._workspace.read(path)

    def _folder_model(self, path: str, entry: Entry, *, with_content: bool) -> Model:
        model = {**self._base(path, entry), "type": "directory", "size": None}
        if not with_content:
            return model
        inner = []
        for each in self._workspace.list(path):
            if each.path is None or each.kind == "other":
                continue
            try:
                called = f"{path}/{each.name}" if path else each.name
                inner.append(self._model(called, Wanted(content=False)))
            except TailraceError:
                continue  # it went meanwhile, or may not be looked at
        return {**model, "content": inner, "format": "json"}

    def _base(self, path: str, entry: Entry) -> Model:
        real = self._workspace.resolve(path)
        try:
            found = real.stat()
        except OSError as error:
            raise FileMissing(f"there is no file {path}") from error
        return {
            # A link's own name, not that of what it leads to.
            "name": path.rpartition("/")[2],
            "path": path,
            "last_modified": iso_time(found.st_mtime),
            "created": iso_time(found.st_ctime),
            "content": None,
            "format": None,
            "mimetype": None,
            "size": found.st_size if stat.S_ISREG(found.st_mode) else None,
            "writable": os.access(real, os.W_OK),
            "hash": None,
            "hash_algorithm": None,
        }

    # ── writing ──────────────────────────────────────────────────────────────

    async def save(self, path: str, model: Model) -> tuple[Model, bool]:
        """What stands at `path` now, and whether it is new."""
        kind = model.get("type")
        if kind is None:
            raise Unfit("No file type provided")
        if kind not in TYPES:
            raise Unfit(f"Unhandled contents type: {kind}")
        if not path:
            raise Unfit("the folder that is served cannot be saved to")
        if "content" not in model and kind != "directory":
            raise Unfit("No file content provided")
        existed = await asyncio.to_thread(self._exists, path)
        if "chunk" in model:
            data = await asyncio.to_thread(self._with_chunk, path, kind, model)
            if data is None:  # more comes
                return await self._begun(path), not existed
        elif kind == "directory":
            if not existed:
                await asyncio.to_thread(self._workspace.create_folder, path)
            return await self.get(path, Wanted("directory", content=False)), not existed
        elif kind == "notebook":
            data = await asyncio.to_thread(self._notebook_bytes, path, model["content"])
        else:
            data = await asyncio.to_thread(_bytes_of, model)
        await asyncio.to_thread(self._put, path, data, is_alone=kind != "notebook")
        return await self.get(path, Wanted(kind, content=False, hash=True)), not existed

    def _exists(self, path: str) -> bool:
        try:
            self._workspace.entry(path)
        except FileMissing:
            return False
        return True

    def _notebook_bytes(self, path: str, content: Any) -> bytes:
        """In the form that Jupyter writes; of a text, or with outputs beside, in that one."""
        data, form = _notebook_bytes(content), form_of(path)
        value = parse(data)
        if not form.is_text and not says_beside(value):
            return data
        held = None
        if self._exists(path):
            held = read_notebook(self._workspace.resolve(path))
        elif form.is_text:
            load_jupytext()
        return form.render(value, held)

    def _put(self, path: str, data: bytes, *, is_alone: bool = True) -> None:
        if not self._exists(path):
            self._workspace.create(path, whole_of(data).notebook)
            if whole_of(data).outputs is None:
                return
        if self._workspace.entry(path).kind == "folder":
            raise Unfit(f"{path} is a directory")
        write_notebook(
            self._workspace.resolve(path),
            data,
            expected=ANYTHING,
            backup_folder=self._backup_folder,
            root=self._workspace.root,
            allow_empty=True,
            is_alone=is_alone,
        )

    def _with_chunk(self, path: str, kind: str, model: Model) -> bytes | None:
        """All of the upload once its last piece is there, else None."""
        if kind != "file":
            raise Unfit(f"File type {kind!r} is not supported for chunked transfer, only 'file'")
        if model.get("format") not in ("text", "base64"):
            raise Unfit("Must specify format of file contents as 'text' or 'base64'")
        number = model["chunk"]
        if not isinstance(number, int):
            raise Unfit("a chunk has a number: 1 and on, and -1 for the last")
        self._workspace.resolve(path)
        return self._uploads.add(path, number, _bytes_of(model))

    async def _begun(self, path: str) -> Model:
        """Of a file whose pieces are still coming."""
        now, size = iso_time(self._uploads.changed_at(path)), self._uploads.size_of(path)
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "last_modified": now,
            "created": now,
            "content": None,
            "format": None,
            "mimetype": mimetypes.guess_type(path)[0],
            "size": size,
            "writable": True,
            "type": "file",
            "hash": None,
            "hash_algorithm": None,
        }

    async def create_untitled(self, folder: str, kind: str | None, ending: str) -> Model:
        await asyncio.to_thread(self._must_be_folder, folder)
        if kind is None:
            kind = "notebook" if ending == ".ipynb" else "file"
        if kind not in TYPES:
            raise Unfit(f"Unexpected model type: {kind!r}")
        stem, between = "untitled", ""
        if kind == "directory":
            stem, between, ending = "Untitled Folder", " ", ""
        elif kind == "notebook":
            stem, ending = "Untitled", ".ipynb"
        path = await asyncio.to_thread(self._create_free, folder, stem, between, ending, kind)
        return await self.get(path, Wanted(kind, content=False))

    async def copy(self, source: str, folder: str) -> Model:
        """Beside others in `folder`, under a name of its own."""
        await asyncio.to_thread(self._must_be_folder, folder)
        await self._save_what_is_open(source)
        path = await asyncio.to_thread(copied, self._workspace, source, folder)
        return await self.get(path, Wanted(content=False))

    async def rename(self, path: str, new: str) -> Model:
        if not path:
            raise Unfit("the folder that is served cannot be renamed", status=409)
        await self._moves.rename(path, new)
        await asyncio.to_thread(self.copies.rename, path, new)
        return await self.get(new, Wanted(content=False))

    async def delete(self, path: str) -> None:
        if not path:
            raise Unfit("the folder that is served cannot be deleted")
        await self._moves.throw_away(path)
        await asyncio.to_thread(self.copies.forget, path)

    def _must_be_folder(self, path: str) -> None:
        if self._workspace.entry(path).kind != "folder":
            raise Unfit("Cannot POST to files, use PUT instead.")

    def _create_free(self, folder: str, stem: str, between: str, ending: str, kind: str) -> str:
        number = 0
        while True:
            name = f"{stem}{between if number else ''}{number or ''}{ending}"
            path = f"{folder}/{name}" if folder else name
            try:
                if kind == "directory":
                    self._workspace.create_folder(path)
                else:
                    self._workspace.create(path, empty_notebook() if kind == "notebook" else b"")
            except FileTaken:
                number += 1
            else:
                return path

    # ── checkpoints ──────────────────────────────────────────────────────────

    async def keep_copy(self, path: str) -> Model:
        await self._save_what_is_open(path)
        return await asyncio.to_thread(self._keep, path)

    def _keep(self, path: str) -> Model:
        if self._workspace.entry(path).size_bytes > READ_BYTES:
            raise Unfit(f"{path} is too large for a checkpoint", status=413)
        return self.copies.keep(path, self._workspace.read(path))

    async def list_copies(self, path: str) -> list[Model]:
        await asyncio.to_thread(self._workspace.entry, path)
        return await asyncio.to_thread(self.copies.all, path)

    async def restore_copy(self, path: str, copy_id: str) -> None:
        data = await asyncio.to_thread(self.copies.read, path, copy_id)
        await asyncio.to_thread(self._put, path, data)

    async def delete_copy(self, path: str, copy_id: str) -> None:
        await asyncio.to_thread(self.copies.delete, path, copy_id)


def _notebook(data: bytes, path: str) -> Model:
    """As nbformat 4 with whole texts, which is what Jupyter's clients are given."""
    try:
        return with_whole_texts(form_of(path).parse(data))
    except NotANotebook as error:
        raise Unfit(f"Unreadable Notebook: {path} {error}") from error


def _notebook_bytes(content: Any) -> bytes:
    """In the form that Jupyter writes."""
    try:
        data = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        encoded = data.encode("utf-8", "surrogatepass")
        parse(encoded)
    except (NotANotebook, ValueError, RecursionError) as error:
        raise Unfit(f"this is no notebook: {error}") from error
    return encoded


def _text_or_base64(data: bytes, path: str, form: str | None) -> tuple[str, str, str]:
    """Content, its format, and what type to guess from that."""
    if form is None or form == "text":
        try:
            return data.decode("utf-8"), "text", "text/plain"
        except UnicodeDecodeError:
            if form == "text":
                raise Unfit(f"{path} is not UTF-8 encoded", reason="bad format") from None
    return base64.b64encode(data).decode(), "base64", "application/octet-stream"


def _bytes_of(model: Model) -> bytes:
    content, form = model.get("content"), model.get("format")
    if form not in ("text", "base64") or not isinstance(content, str):
        raise Unfit("Must specify format of file contents as 'text' or 'base64'")
    if form == "text":
        return content.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(content.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unfit(f"the content is not base64: {error}") from error
