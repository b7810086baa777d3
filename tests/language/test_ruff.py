"""Cells formatted one by one, mistakes found over all of them."""

import asyncio
from pathlib import Path

from tailrace.language.cells_text import Source
from tailrace.language.ruff import formatted, problems


def test_cells_are_formatted_and_magics_stay(tmp_path: Path) -> None:  # PAGE-41
    cells = [
        Source("a", "%matplotlib  inline\nx   = {  'a':1 }\nfiles=!ls   -l\nx?"),
        Source("b", "%%bash\nls   -l"),
        Source("c", "if x:\n    y = (1;"),
        Source("d", "await  f( x );"),
        Source("e", ""),
    ]

    a, b, c, d, e = asyncio.run(formatted(cells, tmp_path / "n.ipynb"))

    assert a.text == '%matplotlib  inline\nx = {"a": 1}\nfiles = !ls   -l\nx?'
    assert b.text == "%%bash\nls   -l"
    assert (c.text, c.line) == (None, 1)
    assert "`;`" in c.problem
    assert d.text == "await f(x);"
    assert e.text == ""


def test_the_projects_own_settings_are_obeyed(tmp_path: Path) -> None:  # PAGE-41
    (tmp_path / "pyproject.toml").write_text("[tool.ruff.format]\nquote-style = 'single'\n")
    folder = tmp_path / "below"
    folder.mkdir()

    [cell] = asyncio.run(formatted([Source("a", 'x = "a"')], folder / "n.ipynb"))

    assert cell.text == "x = 'a'"


def test_mistakes_are_told_with_their_cell_and_place() -> None:  # PAGE-42
    cells = [
        Source("a", "import os\ndef twice(x): return x * 2"),
        Source("b", "%time twice(2)\nprint(twise(1))\nawait x"),
        Source("c", "x = ("),
    ]

    found = asyncio.run(problems(cells[:2]))
    unread = asyncio.run(problems(cells))

    assert [(each.cell_id, each.code, each.line, each.column) for each in found] == [
        ("b", "F821", 1, 6),
        ("b", "F821", 2, 6),
    ]
    assert "twise" in found[0].message
    assert {each.cell_id for each in unread} == {"c"}
    assert unread[0].is_error


def test_names_that_ipython_brings_are_no_mistakes() -> None:  # PAGE-42
    cells = [
        Source("a", "%%capture said\nprint(1)"),
        Source("b", "said.show(); display(_); Out[1]; In[1]; get_ipython()"),
        Source("c", "lost"),
    ]

    found = asyncio.run(problems(cells))
    starred = asyncio.run(problems([Source("a", "from math import *\nsqrt(2)")]))
    after_run = asyncio.run(problems([*cells, Source("d", "%run other.py")]))

    assert [each.message for each in found] == ["Undefined name `lost`"]
    assert starred == []
    assert after_run == []
