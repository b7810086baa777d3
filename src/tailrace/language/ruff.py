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
IGNORED = "F401,F403,F405,F541,F811"
# What IPython puts beside Python's own names.
BUILTINS = "builtins=['In','Out','_','__','___','_i','_ii','_iii','_ih','_oh','_dh','exit','quit']"
# Magics bring names that no text shows: `%%capture out` one it names, these any number.
_MAGIC = re.compile(r"^[ \t]*(?:[\w., ]+=[ \t]*)?[%!].*", re.M)
_BRINGS_NAMES = re.compile(r"^[ \t]*%(?:run|pylab|store|load|reload_kernel|recall|rerun)\b", re.M)
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
            "--config",
            BUILTINS,
            "--stdin-filename",
            "notebook.ipynb",
            "-",
        ],
        given=_notebook(cell.text for cell in cells),
        fine=(0, 1),
    )
    try:
        found = msgspec.json.decode(said[0], type=list[dict[str, Any]])
        told = [_problem(each, cells) for each in found[:PROBLEMS_MOST]]
    except (msgspec.MsgspecError, LookupError, TypeError) as problem:
        raise ToolFailed(f"ruff's answer was not understood: {problem}") from problem
    words = _words_of_magics(cells)
    return [each for each in told if each.code != "F821" or not _is_brought(each, words)]


def _words_of_magics(cells: Sequence[Source]) -> frozenset[str] | None:
    """The words in magics, any of which may be a name they bring; None where that is any."""
    if any(_BRINGS_NAMES.search(cell.text) for cell in cells):
        return None
    lines = [line for cell in cells for line in _MAGIC.findall(cell.text)]
    return frozenset(re.findall(r"\w+", " ".join(lines)))


def _is_brought(problem: Problem, words: frozenset[str] | None) -> bool:
    name = re.search(r"`(\w+)`", problem.message)
    return words is None or (name is not None and name[1] in words)


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
