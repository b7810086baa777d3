"""Cells as one text: lines and columns stay, IPython's own lines go out of sight."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.language.cells_text import Place, Source, joined, place_of, plain_python


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("files = !ls -l\nx = %env HOME", "files = []\nx = _"),
        ("%time y = f(1)", "if 1: y = f(1)"),
        ("if a:\n    !ls\n    b", "if a:\n    pass\n    b"),
        ("frame.head?\n?frame", "pass\npass"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nls *\npwd", "\n\n"),
        ("a = 5 % 3\nb = c if a != d else e", "a = 5 % 3\nb = c if a != d else e"),
        ("x = 1  # is it?", "x = 1  # is it?"),
        ("x = %\ny = 1", "x = _\ny = 1"),
    ],
)
def test_magics_are_put_out_of_sight_in_place(cell: str, text: str) -> None:  # PAGE-40
    assert plain_python(cell) == text


@given(st.text(alphabet="ab1 =%!?()'\"#\n\r\t.", max_size=80))
def test_a_cell_keeps_its_number_of_lines(cell: str) -> None:
    assert plain_python(cell).count("\n") == cell.count("\n")


def test_the_cells_above_come_first_and_lines_find_their_cell() -> None:
    cells = [Source("a", "x = 1\n%time y = 2"), Source("b", "z = x"), Source("c", "w = z")]

    text = joined(cells, "b")

    assert ast.unparse(ast.parse(text.text)) == "x = 1\nif 1:\n    y = 2\nz = x"
    assert text.line_of("b") == 2
    assert [text.cell_at(line) for line in range(3)] == [("a", 0), ("a", 1), ("b", 0)]
    assert joined(cells, "b", below=True).text.endswith("z = x\nw = z")


def test_a_huge_notebook_gives_the_cells_nearest() -> None:
    cells = [Source(f"c{n}", f"x{n} = '{'.' * 1000}'") for n in range(1000)]

    text = joined(cells, "c900")

    assert text.starts[-1][0] == "c900"
    assert text.starts[0][0] not in ("c0", "c899")
    assert len(text.text) < 310_000


def test_a_cursor_counts_characters() -> None:
    assert place_of("ab\n😀c", 5) == Place(1, 2)
    assert place_of("", 0) == Place(0, 0)
