"""Text notebooks: what jupytext reads, written back as it stood."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tailrace.formats.forms import form_of, may_be_notebook
from tailrace.formats.notebook import Cell, Notebook
from tailrace.formats.text_notebook import is_marked, merged_lines
from tailrace.protocol.ids import CellId

PERCENT = form_of("a.py")
MARKDOWN = form_of("a.md")

HEADED = b"""\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.2'
#       jupytext_version: 1.2.0
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Title
#
# words

# %% tags=["parameters"]
# %matplotlib inline
x   =  1   # odd spacing


# %% a title [raw]
# raw text
#%%
def f():
    return x
"""

BARE = b'import os\n#%%  first\nx=1\n# %% [markdown]\n"""\nhello\n"""\n# %%\n!ls\n\n\n\ny = 2'

PROSE = b"""\
---
title: A page
jupyter:
  kernelspec:
    display_name: Python 3
    language: python
    name: python3
---

# Title
text
* one
* two

```python tags=["a"]
1+1
```
more
"""


def test_a_percent_script_is_read_as_its_cells() -> None:  # FMT-4
    notebook = PERCENT.parse(HEADED)

    assert [(cell.kind, cell.source) for cell in notebook.cells] == [
        ("markdown", "# Title\n\nwords"),
        ("code", "%matplotlib inline\nx   =  1   # odd spacing"),
        ("raw", "raw text"),
        ("code", "def f():\n    return x"),
    ]
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert notebook.metadata["kernelspec"]["name"] == "python3"


def test_markdown_is_read_as_prose_and_code() -> None:  # FMT-4
    notebook = MARKDOWN.parse(PROSE)

    assert [cell.kind for cell in notebook.cells] == ["raw", "markdown", "code", "markdown"]
    assert notebook.cells[2].metadata == {"tags": ["a"]}


def test_what_is_unchanged_is_written_byte_for_byte() -> None:  # FMT-5
    for form, data in ((PERCENT, HEADED), (PERCENT, BARE), (MARKDOWN, PROSE)):
        for held in (data, data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data):
            assert form.render(form.parse(held), held) == held


def test_a_change_touches_its_own_lines_only() -> None:  # FMT-5
    for form, data, old, new in (
        (PERCENT, HEADED, b"    return x", b"    return x + 1"),
        (PERCENT, HEADED, b"# words", b"# other words\n# and more"),
        (PERCENT, BARE, b"x=1", b"x=2"),
        (PERCENT, BARE, b"hello", b"hello there"),
        (MARKDOWN, PROSE, b"1+1", b"1 + 1"),
        (MARKDOWN, PROSE, b"more", b"even more"),
    ):
        changed = data.replace(old, new)
        assert form.render(form.parse(changed), data) == changed


def test_a_notebook_of_two_thousand_cells_is_saved_after_an_edit() -> None:  # FMT-5
    cell = "# %%\nx = {0}\n\n# %% [markdown]\n# Text {0}.\n\n"
    data = "".join(cell.format(n) for n in range(1000)).encode()
    changed = data.replace(b"x = 500\n", b"x = 500.5\n")
    assert PERCENT.render(PERCENT.parse(changed), data) == changed


def test_what_nbformat_would_not_have_is_left_out_of_a_text() -> None:  # FMT-5
    metadata = {"kernelspec": {"interpreter": ".venv"}, "title": "Rivers"}
    cells = (Cell(CellId("a"), "code", "x = 1", {"tags": "one, two", "mine": 3}),)
    for form in (PERCENT, MARKDOWN):
        read = form.parse(form.render(Notebook(metadata, cells=cells)))
        assert "kernelspec" not in read.metadata
        assert [(cell.source, cell.metadata) for cell in read.cells] == [("x = 1", {"mine": 3})]


def test_a_file_without_a_header_gets_none() -> None:  # FMT-6
    notebook = PERCENT.parse(BARE)
    more = replace(notebook, cells=(*notebook.cells, Cell(CellId("n"), "code", "z = 3")))

    assert PERCENT.render(more, BARE) == BARE + b"\n\n# %%\nz = 3"


def test_a_plain_script_is_one_cell() -> None:  # FMT-6
    plain = b"import os\n\n\ndef f():\n    pass\n"

    assert [cell.source for cell in PERCENT.parse(plain).cells] == [plain.decode().rstrip("\n")]


def test_marks_tell_a_notebook_from_a_script() -> None:  # FMT-7
    assert is_marked("a.py", HEADED)
    assert is_marked("a.py", BARE)
    assert is_marked("a.md", PROSE)
    assert not is_marked("a.py", b"import os\nprint('# %%')\n")
    assert not is_marked("a.md", b"# Title\n\n```python\n1\n```\n# %%\n")
    assert not is_marked("a.md", b"---\ntitle: a\n---\n\njupyter:\n")
    assert may_be_notebook("a.py")
    assert not may_be_notebook("a.txt")


def test_a_line_break_only_python_knows_stays_one_character() -> None:  # FMT-5
    data = '# %%\na = "\x0c\u2028"\n# %%\nb = 1\n'.encode()
    notebook = PERCENT.parse(data)
    first, second = notebook.cells

    assert first.source == 'a = "\x0c\u2028"'
    changed = replace(notebook, cells=(first, replace(second, source="b = 2")))
    assert PERCENT.render(changed, data) == data.replace(b"b = 1", b"b = 2")


SOURCES = st.text(alphabet="ab =1\n#%!'\"é", max_size=30).filter(
    lambda text: "%%" not in text and "# +" not in text
)
CELLS = st.builds(
    lambda kind, source, tags: Cell(CellId(""), kind, source, {"tags": tags} if tags else {}),
    st.sampled_from(["code", "markdown", "raw"]),
    SOURCES,
    st.lists(st.sampled_from(["a", "parameters"]), max_size=1),
)


@given(st.lists(CELLS, min_size=1, max_size=5), st.lists(CELLS, max_size=2), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_edit_reads_back_as_jupytext_would_write_it(
    cells: list[Cell], added: list[Cell], data: st.DataObject
) -> None:  # FMT-5
    held = PERCENT.render(Notebook(cells=tuple(cells)))
    before = PERCENT.parse(held)
    place = data.draw(st.integers(0, len(before.cells)))
    edited = replace(before, cells=(*before.cells[:place], *added, *before.cells[place + 1 :]))
    written = PERCENT.render(edited, held)

    def said(whole: bytes) -> list[tuple[str, str, object]]:
        return [(cell.kind, cell.source, cell.metadata) for cell in PERCENT.parse(whole).cells]

    assert said(written) == said(PERCENT.render(edited))
    again = PERCENT.parse(written)
    assert PERCENT.render(again, written) == written


LINES = st.lists(st.sampled_from("abc"), max_size=8)


@given(LINES, LINES, LINES)
def test_merged_lines_take_the_side_that_changed(
    base: list[str], mine: list[str], theirs: list[str]
) -> None:  # FMT-5
    assert merged_lines(base, base, theirs) == theirs
    assert merged_lines(base, mine, base) == mine
    assert merged_lines(base, mine, mine) == mine
