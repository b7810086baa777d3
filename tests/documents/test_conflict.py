"""Three versions of a notebook: what is merged and what is a person's to decide (DOC-10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tailrace.documents.alignment import aligned
from tailrace.documents.conflict import compared, same_notebook
from tailrace.documents.room import Room
from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Notebook
from tests.documents.peers import cell, notebook

Table = list[tuple[str, str, str, str, str]]

# Cells are written as id=source, in order. What was, what is here, what is on disk →
# the verdict, and what both sides come to.
MERGES: Table = [
    ("a=1 b=2", "a=1 b=2", "a=1 b=2", "same", "a=1 b=2"),
    ("a=1 b=2", "a=9 b=2", "a=9 b=2", "same", "a=9 b=2"),
    ("a=1 b=2", "a=1 b=2", "a=1 b=9", "take_theirs", "a=1 b=9"),
    ("a=1 b=2", "a=1 b=2", "b=2 a=1", "take_theirs", "b=2 a=1"),
    ("a=1 b=2", "a=1 b=2", "a=1", "take_theirs", "a=1"),
    ("a=1 b=2", "a=1 b=2", "a=1 n=5 b=2", "take_theirs", "a=1 n=5 b=2"),
    ("a=1 b=2", "a=9 b=2", "a=1 b=2", "keep_mine", "a=9 b=2"),
    ("a=1 b=2", "", "a=1 b=2", "keep_mine", ""),
    ("a=1 b=2", "a=9 b=2", "a=1 b=8", "merge", "a=9 b=8"),
    ("a=1 b=2 c=3", "a=1 c=3", "a=1 b=2 c=9", "merge", "a=1 c=9"),
    ("a=1 b=2 c=3", "a=9 b=2 c=3", "a=1 c=3", "merge", "a=9 c=3"),
    ("a=1 b=2", "a=1 m=5 b=2", "a=1 t=6 b=2", "merge", "a=1 m=5 t=6 b=2"),
    ("a=1 b=2", "m=5 a=1 b=2", "a=1 b=2 t=6", "merge", "m=5 a=1 b=2 t=6"),
    ("a=1 b=2 c=3", "c=3 a=1 b=2", "a=1 b=9 c=3", "merge", "c=3 a=1 b=9"),
    ("a=1 b=2 c=3", "a=1 b=9 c=3", "c=3 a=1 b=2", "merge", "c=3 a=1 b=9"),
    ("a=1 b=2 c=3", "b=2 a=1 c=3", "a=1 c=3 b=2", "merge", "b=2 a=1 c=3"),
    ("a=1 b=2", "a=1", "b=2", "merge", ""),
    ("a=1", "a=1 n=5", "a=2 n=5", "merge", "a=2 n=5"),
    ("a=1 b=2", "a=9 b=2", "a=8 b=2", "conflict", "a=9 b=2"),
    ("a=1 b=2", "a=9 b=2", "b=2", "conflict", "a=9 b=2"),
    ("a=1 b=2", "b=2", "a=8 b=2", "conflict", "b=2"),
    ("a=1 b=2", "a=9 b=2 c=7", "a=8 b=7", "conflict", "a=9 b=7 c=7"),
    ("a=1", "a=1 n=5", "a=1 n=6", "conflict", "a=1 n=5"),
    ("a=1 b=2", "a=1 b=2", "", "conflict", "a=1 b=2"),
    ("a=1 b=2", "a=9 b=2", "", "conflict", "a=9 b=2"),
    ("a=1", "", "", "same", ""),
]


def read(written: str) -> Notebook:
    cells = (part.split("=") for part in written.split())
    return notebook(*(cell(name, source) for name, source in cells))


def written(made: Notebook) -> str:
    return " ".join(f"{cell.cell_id}={cell.source}" for cell in made.cells)


@pytest.mark.parametrize(("base", "mine", "theirs", "verdict", "result"), MERGES)
def test_sides_come_together(
    base: str, mine: str, theirs: str, verdict: str, result: str
) -> None:  # DOC-10 DOC-12
    found = compared(read(base), read(mine), read(theirs))

    assert (found.verdict, written(found.notebook)) == (verdict, result)
    assert bool(found.clashes) == (verdict == "conflict") == bool(found.message)


def test_a_clash_says_which_cell_and_why() -> None:  # DOC-10
    base = notebook(cell("a", "import os\nx = 1"), cell("b", "y"))
    mine = notebook(cell("a", "import os\nx = 2"), cell("b", "y"))
    theirs = notebook(cell("a", "import os\nx = 3"), cell("b", "z"))

    found = compared(base, mine, theirs)

    (clash,) = found.clashes
    assert clash.cell_id == "a"
    assert found.message == "cell “import os” was changed here and on disk"


def test_metadata_merges_by_key() -> None:  # DOC-10
    def version(**metadata: object) -> Notebook:
        return notebook(cell("a", metadata=metadata), metadata=metadata)

    found = compared(version(x=1, y=1), version(x=2, y=1), version(x=1, y=1, z=3))
    assert (found.verdict, found.notebook.metadata) == ("merge", {"x": 2, "y": 1, "z": 3})
    assert found.notebook.cells[0].metadata == {"x": 2, "y": 1, "z": 3}
    assert compared(version(x=1, y=1), version(y=1), version(x=1)).notebook.metadata == {}

    clash = compared(version(x=1), version(x=2), version(x=True))
    assert [each.cell_id for each in clash.clashes] == ["a", None]
    assert clash.notebook.metadata == {"x": 2}


def test_what_a_run_writes_into_metadata_is_no_clash() -> None:  # DOC-10
    def version(python: str) -> Notebook:
        info = {"language_info": {"version": python}}
        return notebook(cell("a", metadata={"execution": python}), metadata=info)

    found = compared(version("3.11"), version("3.12"), version("3.13"))

    assert found.verdict == "merge"
    assert found.notebook == version("3.12")


TEXT = ({"output_type": "stream", "name": "stdout", "text": "hello\nyou\n"},)
LINES = (
    {"output_type": "stream", "name": "stdout", "text": ["hello\n"]},
    {"output_type": "stream", "name": "stdout", "text": ["you\n"], "metadata": {}},
)
OTHER = ({"output_type": "stream", "name": "stdout", "text": "other"},)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "verdict", "outputs"),
    [
        (TEXT, TEXT, LINES, "same", TEXT),
        (TEXT, TEXT, OTHER, "take_theirs", OTHER),
        (TEXT, LINES, OTHER, "take_theirs", OTHER),
        (TEXT, TEXT, (), "take_theirs", ()),
        (TEXT, OTHER, TEXT, "keep_mine", OTHER),
        (TEXT, OTHER, (), "merge", OTHER),
    ],
)
def test_outputs_follow_the_side_that_ran(
    base: tuple[dict[str, object], ...],
    mine: tuple[dict[str, object], ...],
    theirs: tuple[dict[str, object], ...],
    verdict: str,
    outputs: tuple[dict[str, object], ...],
) -> None:  # DOC-10
    found = compared(*(notebook(cell("a", "x", outputs=each)) for each in (base, mine, theirs)))

    assert (found.verdict, found.notebook.cells[0].outputs) == (verdict, outputs)
    assert (found.outputs_from_theirs == {"a"}) == (verdict == "take_theirs")


def test_an_edit_on_disk_and_a_run_here_are_both_kept() -> None:  # DOC-10
    base = notebook(cell("a", "x"))
    mine = notebook(cell("a", "x", outputs=TEXT, execution_count=3))
    theirs = notebook(cell("a", "y"))

    found = compared(base, mine, theirs)

    assert found.verdict == "merge"
    assert found.notebook.cells == (cell("a", "y", outputs=TEXT, execution_count=3),)


def test_a_file_whose_history_is_unknown_is_a_conflict() -> None:  # DOC-10
    assert compared(None, read("a=1"), read("a=1")).verdict == "same"
    assert compared(None, read("a=1"), read("a=2")).verdict == "conflict"
    assert compared(None, notebook(cell("a", " ")), read("b=2")).verdict == "take_theirs"
    assert compared(None, read("a=1"), read("")).verdict == "conflict"


# ── ids that a tool dropped or renewed ───────────────────────────────────────


def renamed(made: Notebook, *, minor: int = 5) -> Notebook:
    cells = (replace(cell, cell_id=f"fresh{n}") for n, cell in enumerate(made.cells))
    return replace(made, cells=tuple(cells), nbformat_minor=minor)


def test_a_tool_that_renews_ids_changed_nothing() -> None:  # DOC-11
    base = notebook(cell("a", "one"), cell("b", "two"), cell("c", ""), cell("d", ""))

    assert compared(base, base, renamed(base)).verdict == "same"
    assert compared(base, base, renamed(base, minor=4)).verdict == "same"


def test_cells_without_ids_are_known_by_their_content() -> None:  # DOC-11
    base = notebook(
        cell("a", "import pandas as pd"),
        cell("b", "frame = pd.read_csv('data.csv')\nframe.head()"),
        cell("c", "frame.plot()"),
        cell("d", "# The end", "markdown"),
    )
    theirs = renamed(
        notebook(
            cell("?", "# The end", "markdown"),
            cell("?", "import pandas as pd"),
            cell("?", "something new altogether"),
            cell("?", "frame = pd.read_csv('other.csv')\nframe.head(3)"),
            cell("?", "frame.plot()"),
        ),
        minor=4,
    )

    found = aligned(theirs, base, base)

    assert [cell.cell_id for cell in found.cells] == ["d", "a", "fresh2", "b", "c"]


def test_a_new_cell_never_takes_the_id_of_another() -> None:  # DOC-11
    base = notebook(cell("fresh0", "kept as it was"), cell("fresh1", "also"))
    theirs = renamed(notebook(cell("?", "new"), cell("?", "kept as it was")), minor=4)

    found = aligned(theirs, base, base)

    ids = [cell.cell_id for cell in found.cells]
    assert ids[1] == "fresh0"
    assert ids[0] not in ("fresh0", "fresh1")


# ── properties ───────────────────────────────────────────────────────────────

SOURCES = ["", "x", "y = 2", "import os", "print('long enough to be alike')"]


@st.composite
def versions(draw: st.DrawFn) -> Notebook:
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    return notebook(
        *(
            cell(
                name,
                draw(st.sampled_from(SOURCES)),
                draw(st.sampled_from(["code", "markdown"])),
                metadata=draw(st.dictionaries(st.sampled_from("xy"), st.integers(0, 1))),
                outputs=draw(st.sampled_from([(), TEXT, OTHER])),
            )
            for name in names
        ),
        metadata=draw(st.dictionaries(st.sampled_from("xy"), st.integers(0, 1))),
    )


@given(versions(), versions(), versions())
def test_no_edit_of_either_side_gets_lost(base: Notebook, mine: Notebook, theirs: Notebook) -> None:
    # DOC-10
    found = compared(base, mine, theirs)
    results = {cell.cell_id: cell for cell in found.notebook.cells}
    clashes = {clash.cell_id for clash in found.clashes}
    was = {cell.cell_id: cell.source for cell in base.cells}
    here = {cell.cell_id: cell.source for cell in mine.cells}
    there = {cell.cell_id: cell.source for cell in aligned(theirs, base, mine).cells}

    assert len(results) == len(found.notebook.cells), "no cell twice"
    for cell_id, source in here.items():
        if was.get(cell_id) != source:
            assert results[cell_id].source == source
    if found.verdict != "conflict":
        for cell_id, source in there.items():
            if was.get(cell_id) != source:
                assert results[cell_id].source == source
    else:
        assert clashes


@given(versions(), versions())
def test_one_sided_changes_are_taken_whole(base: Notebook, other: Notebook) -> None:  # DOC-10
    assert compared(base, base, base).verdict == "same"
    assert compared(base, other, other).verdict == "same"
    assert compared(base, other, base).verdict in ("keep_mine", "same")
    theirs = aligned(other, base, base)
    found = compared(base, base, other)
    if base.cells and not other.cells:
        assert found.verdict == "conflict"
    else:
        assert found.verdict in ("take_theirs", "same")
        assert same_notebook(found.notebook, theirs)


@given(versions(), versions(), versions())
def test_the_document_follows_the_verdict(base: Notebook, mine: Notebook, theirs: Notebook) -> None:
    # DOC-9 DOC-10
    room = Room.from_notebook(mine)
    found = compared(base, mine, theirs)
    room.merge_notebook(found.notebook)

    after = room.to_notebook(found.notebook)
    assert [cell.cell_id for cell in after.cells] == [c.cell_id for c in found.notebook.cells]
    again = compared(theirs, found.notebook, theirs)
    assert again.verdict in ("same", "keep_mine"), "what was merged is not merged again"


@given(versions())
def test_a_file_that_was_only_written_anew_is_the_same(made: Notebook) -> None:  # DOC-10
    assert compared(made, made, parse(render(made))).verdict == "same"
