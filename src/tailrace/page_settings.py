"""What a person chose for the page: theme, type size, keys. One small file for all browsers.

`page.json` in the config folder holds only what was chosen; the rest are the defaults here.
What this version does not know is kept as it is, so that an older server does not forget
what a newer page was told. Written whole and by rename: a crash leaves the old one.

All of it blocks: call it from a thread.
"""

import os
import secrets
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from tailrace.folders import made
from tailrace.protocol.errors import RequestError, SettingsError

LIMIT_BYTES = 64 << 10

Keys = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=8)]

NotebookIds = Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=300)]


class PageSettings(Struct, frozen=True, kw_only=True):
    """`notice_after_s`: a cell that ran longer is told of when it ends; 0 never. `shortcuts`
    maps a command's id to its keys; what is not in it keeps its own. `output_network` lets
    outputs load from other sites, in every notebook or in those of `output_network_for`
    (SEC-24). `outputs_beside`: notebooks that are made here keep their outputs in a file beside
    them (FMT-10). `hints`: a notebook that is just begun teaches its first keys."""

    theme: Literal["system", "light", "dark"] = "system"
    font_size: Annotated[int, Meta(ge=9, le=28)] = 13
    line_numbers: bool = False
    wrap: bool = True
    indent_guides: bool = False
    autosave: bool = True
    keymap: Literal["default", "vim"] = "default"
    complete_while_typing: bool = False
    find_mistakes: bool = False
    format_on_save: bool = False
    move_on_after_run: bool = True
    notice_after_s: Annotated[int, Meta(ge=0, le=86_400)] = 10
    browser_notices: bool = False
    hints: bool = True
    outputs_beside: bool = False
    output_network: bool = False
    output_network_for: NotebookIds = msgspec.field(default_factory=list)
    shortcuts: dict[str, Keys] = msgspec.field(default_factory=dict)


class PageSettingsFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = Lock()

    def read(self) -> PageSettings:
        """What was chosen, over the defaults. A value that will not do counts as not chosen.

        Raises `SettingsError` when the file cannot be read at all.
        """
        return _known(self._raw())

    def change(self, changes: dict[str, Any]) -> PageSettings:
        """Choose anew what `changes` names; null goes back to the default.

        Raises `RequestError` for a value that will not do (nothing is changed then), and
        `SettingsError` when the file cannot be read or written.
        """
        with self._writing:
            raw = self._raw()
            for name, value in changes.items():
                if value is None:
                    raw.pop(name, None)
                else:
                    raw[name] = value
            chosen = {name: raw[name] for name in changes if name in raw}
            try:
                msgspec.convert(chosen, PageSettings)
            except msgspec.ValidationError as problem:
                raise RequestError(f"this setting will not do: {problem}") from problem
            data = msgspec.json.format(msgspec.json.encode(raw, order="sorted"), indent=2)
            if len(data) > LIMIT_BYTES:
                raise RequestError(f"the settings take more than {LIMIT_BYTES} bytes")
            self._write(data + b"\n")
            return _known(raw)

    def _raw(self) -> dict[str, Any]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as problem:
            raise SettingsError(f"page.json cannot be read: {problem.strerror}") from problem
        try:
            return msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as problem:
            raise SettingsError(f"page.json in the config folder is no JSON: {problem}") from None

    def _write(self, data: bytes) -> None:
        folder = made(self._path.parent)
        temporary = folder / f".page-{secrets.token_hex(8)}.tmp"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with open(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self._path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as problem:
            raise SettingsError(f"page.json cannot be written: {problem.strerror}") from problem


def _known(raw: dict[str, Any]) -> PageSettings:
    good = {}
    for name in PageSettings.__struct_fields__:
        if name not in raw:
            continue
        try:
            msgspec.convert({name: raw[name]}, PageSettings)
        except msgspec.ValidationError:
            continue  # edited by hand, perhaps; its default is better than no settings at all
        good[name] = raw[name]
    return msgspec.convert(good, PageSettings)
