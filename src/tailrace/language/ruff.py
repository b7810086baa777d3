"""Formats cells and finds mistakes in them with ruff, each time in a process of its own.

Cells are formatted one by one, so that one that cannot be read keeps no other from it;
IPython's own lines stay as they are. Mistakes are looked for over all cells together: a
name that an earlier cell defines is defined. The project's own ruff settings are obeyed
where there are some; they can name rules, not programs.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tailrace.language.cells_text import Source
from tailrace.protocol.errors import ToolFailed

WITHIN_S = 20.0
PROBLEMS_MOST = 500
# Undefined, unused and redefined names, what cannot run; style is the formatter's business.
RULES = "E9,F"
# In a notebook an import may stand anywhere, and a last line that is a name shows it.
IGNORED = "F401,F541,F811"
_PARSE = re.compile(r"Failed to parse (.+?\.ipynb):(?:\d+:)?(\d+):(\d+): (.*)")


class Formatted(Struct, frozen=True):
    """`text` is the cell's new text; null where it cannot be read: `problem` says why, at
    `line` (from 0)."""

    cell_id: str
    text: str | None
    problem: str = ""
    line: int = 0


class Problem(Struct, frozen=True):
    """From and to in lines (from 0) and columns (code points)."""

    cell_id: str
    code: str
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    is_error: bool


async def formatted(cells: Sequence[Source], near: Path) -> list[Formatted]:
    """The cells as ruff would write them. `near` is the notebook's file. Raises `ToolFailed`."""
    with tempfile.TemporaryDirectory(prefix="tailrace-format-") as place:
        await asyncio.to_thread(_write_each, Path(place), cells)
        said = await _ruff(["format", "--no-cache", *_settings(near), "."], cwd=place, fine=(0,))
        return await asyncio.to_thread(_read_each, Path(place), cells, said)


async def problems(cells: Sequence[Source]) -> list[Problem]:
    """What is wrong in the cells, taken together in this order. Raises `ToolFailed`."""
    said = await _ruff(
        [
            "check",
            "--no-cache",
            "--isolated",
            "--output-format",
            "json",
            "--select",
            RULES,
            "--ignore",
            IGNORED,
            "--stdin-filename",
            "notebook.ipynb",
            "-",
        ],
        given=_notebook(cell.text for cell in cells),
        fine=(0, 1),
    )
    try:
        found = msgspec.json.decode(said[0], type=list[dict[str, Any]])
        return [_problem(each, cells) for each in found[:PROBLEMS_MOST]]
    except (msgspec.MsgspecError, LookupError, TypeError) as problem:
        raise ToolFailed(f"ruff's answer was not understood: {problem}") from problem


def _problem(found: dict[str, Any], cells: Sequence[Source]) -> Problem:
    start, end = found["location"], found["end_location"]
    code = found["code"] or "invalid-syntax"
    return Problem(
        cell_id=cells[found["cell"] - 1].cell_id,
        code=code,
        message=found["message"],
        line=start["row"] - 1,
        column=start["column"] - 1,
        end_line=end["row"] - 1,
        end_column=end["column"] - 1,
        is_error=code == "invalid-syntax" or code.startswith(("E9", "F82", "F7")),
    )


def _notebook(sources: Any) -> bytes:
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{at}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for at, source in enumerate(sources)
    ]
    metadata = {"language_info": {"name": "python"}}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def _write_each(folder: Path, cells: Sequence[Source]) -> None:
    for at, cell in enumerate(cells):
        (folder / f"{at}.ipynb").write_bytes(_notebook([cell.text]))


def _read_each(folder: Path, cells: Sequence[Source], said: tuple[bytes, bytes]) -> list[Formatted]:
    unread: dict[str, tuple[str, int]] = {}
    for line in said[1].decode("utf-8", "replace").splitlines():
        if found := _PARSE.search(line):
            unread.setdefault(os.path.basename(found[1]), (found[4], int(found[2]) - 1))
    result = []
    for at, cell in enumerate(cells):
        name = f"{at}.ipynb"
        if name in unread:
            result.append(Formatted(cell.cell_id, None, *unread[name]))
            continue
        source = json.loads((folder / name).read_bytes())["cells"][0]["source"]
        text = source if isinstance(source, str) else "".join(source)
        result.append(Formatted(cell.cell_id, text))
    return result


def _settings(near: Path) -> list[str]:
    """The nearest ruff settings at or above the notebook's folder, as ruff looks for them."""
    for folder in Path(os.path.abspath(near)).parents:
        for name in (".ruff.toml", "ruff.toml"):
            if (folder / name).is_file():
                return ["--config", str(folder / name)]
        with suppress(OSError):
            if b"[tool.ruff" in (folder / "pyproject.toml").read_bytes():
                return ["--config", str(folder / "pyproject.toml")]
    return ["--isolated"]


async def _ruff(
    arguments: list[str], *, fine: tuple[int, ...], given: bytes = b"", cwd: str | None = None
) -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        _executable(),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd or tempfile.gettempdir(),
        env={**os.environ, "RUFF_NO_CACHE": "true", "NO_COLOR": "1"},
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            said = await process.communicate(given)
    except TimeoutError:
        raise ToolFailed(f"ruff took more than {WITHIN_S:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    is_unread = process.returncode == 2 and b"Failed to parse" in said[1]
    if process.returncode not in fine and not is_unread:
        raise ToolFailed(f"ruff failed: {said[1].decode('utf-8', 'replace').strip()[:500]}")
    return said


def _executable() -> str:
    try:
        from ruff import find_ruff_bin

        return str(find_ruff_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("ruff")
        if found is None:
            raise ToolFailed(
                f"ruff is missing; run: {sys.executable} -m pip install ruff"
            ) from None
        return found
