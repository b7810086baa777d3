"""An ordinary `.ipynb` stays an ordinary `.ipynb`."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from tailrace.formats.ipynb import parse, render, with_whole_texts
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId

NOTEBOOKS = Path(__file__).parent.parent.parent / "fixtures" / "notebooks"


def written_by_nbformat(notebook: Any) -> bytes:
    return (nbformat.writes(notebook) + "\n").encode()


def everything() -> Any:
    outputs = [
        new_output("stream", text="x\ny"),
        new_output("stream", name="stderr", text="é🎉\r\nq\u2028r"),
        new_output(
            "display_data",
            data={
                "text/plain": "a\nb",
                "image/png": "AAA\nBB",
                "application/json": {"b": [1, 2.5, True], "a": None},
                "application/vnd.x+json": ["left", "alone"],
                "image/svg+xml": "<svg>\n</svg>",
                "application/javascript": "1\n2",
            },
            metadata={"isolated": True, "image/png": {"width": 3}},
        ),
        new_output("execute_result", data={"text/html": "<b>\n"}, execution_count=3),
        new_output("error", ename="E", evalue="v", traceback=["a", "b\nc"]),
    ]
    return new_notebook(
        cells=[
            new_code_cell("a=1\nb\r\nc\x0bd\u2028e", execution_count=3, outputs=outputs),
            new_code_cell("", metadata={"tags": ["t"], "custom": {"z": 1, "a": [{}]}}),
            new_markdown_cell("# é\n", attachments={"a.png": {"image/png": "AA"}}),
            new_raw_cell("raw\n\n"),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "P", "language": "python"},
            "unknown": {"b": [1e300, -0.0, float("inf")], "a": ""},
        },
    )


def test_a_file_that_nbformat_wrote_comes_back_byte_for_byte() -> None:
    written = written_by_nbformat(everything())

    assert render(parse(written)) == written


def test_jupyters_clients_are_given_what_nbformat_reads() -> None:  # JUP-32
    older = everything()
    older.nbformat_minor = 2
    older.metadata.signature = "sha"
    for cell in older.cells:
        del cell["id"]
        cell.metadata.trusted = True

    for notebook in (everything(), older, new_notebook()):
        written = json.dumps(notebook).encode()
        for data in (written, written_by_nbformat(notebook)):
            read = nbformat.reads(data.decode(), as_version=4)
            assert same(with_whole_texts(parse(data)), json.loads(json.dumps(read)))


def same(one: Any, other: Any) -> bool:
    """Equal, and texts where the other has texts; `inf` is JSON for neither."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_an_empty_notebook_comes_back_byte_for_byte() -> None:
    written = written_by_nbformat(new_notebook())

    assert render(parse(written)) == written


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
mimes = st.sampled_from(
    ["text/plain", "text/html", "image/png", "image/svg+xml", "application/javascript", "x/y"]
)
nbformat_outputs = st.one_of(
    st.builds(
        lambda text, name: new_output("stream", text=text, name=name),
        st.text(),
        st.sampled_from(["stdout", "stderr"]),
    ),
    st.builds(
        lambda data, more: new_output("display_data", data={**data, "application/json": more}),
        st.dictionaries(mimes, st.text()),
        json_values,
    ),
    st.builds(
        lambda traceback: new_output("error", ename="E", evalue="v", traceback=traceback),
        st.lists(st.text()),
    ),
)
nbformat_notebooks = st.builds(
    lambda codes, metadata: new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, metadata={"m": more})
            for source, outputs, more in codes
        ],
        metadata=metadata,
    ),
    st.lists(st.tuples(st.text(), st.lists(nbformat_outputs, max_size=3), json_values), max_size=3),
    st.dictionaries(
        st.text().filter(lambda key: not key.startswith("orig_") and key != "signature"),
        json_values,
        max_size=3,
    ),
)


@given(nbformat_notebooks)
def test_any_notebook_of_nbformat_comes_back_byte_for_byte(notebook: Any) -> None:
    written = written_by_nbformat(notebook)

    assert render(parse(written)) == written


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_sample_is_rendered_as_a_valid_notebook_and_settles(path: Path) -> None:
    rendered = render(parse(path.read_bytes()))

    nbformat.validate(nbformat.reads(rendered.decode(), as_version=4))
    assert render(parse(rendered)) == rendered


def test_the_keys_that_nobody_knows_are_written_again() -> None:
    raw = json.loads(written_by_nbformat(everything()))
    raw["future"] = {"a": 1}
    raw["cells"][0]["future"] = [1]
    raw["cells"][2]["outputs"] = "odd but kept"
    data = json.dumps(raw).encode()

    notebook = parse(data)

    assert notebook.extra == {"future": {"a": 1}}
    assert notebook.cells[0].extra == {"future": [1]}
    again = json.loads(render(notebook))
    assert (again["future"], again["cells"][0]["future"]) == ({"a": 1}, [1])
    assert again["cells"][2]["outputs"] == "odd but kept"


def test_missing_doubled_and_malformed_ids_are_mended_the_same_way_every_time() -> None:
    cells = [
        {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []},
        {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []},
        {"cell_type": "code", "source": "2", "metadata": {}, "id": "a"},
        {"cell_type": "code", "source": "3", "metadata": {}, "id": "a"},
        {"cell_type": "code", "source": "4", "metadata": {}, "id": "not an id!"},
        {"cell_type": "code", "source": "5", "metadata": {}, "id": 7},
    ]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells}).encode()

    first, second = parse(data), parse(data)

    ids = [cell.cell_id for cell in first.cells]
    assert len(set(ids)) == 6
    assert ids[2] == "a"
    assert first == second
    nbformat.validate(nbformat.reads(render(first).decode(), as_version=4))


def test_a_cell_keeps_its_made_up_id_when_another_is_put_before_it() -> None:
    def notebook(*sources: str) -> bytes:
        cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
        return json.dumps({"nbformat": 4, "nbformat_minor": 4, "cells": cells}).encode()

    before = parse(notebook("a", "b"))
    after = parse(notebook("new", "a", "b"))

    assert [cell.cell_id for cell in after.cells[1:]] == [cell.cell_id for cell in before.cells]


def test_a_notebook_made_here_is_valid() -> None:
    notebook = Notebook(
        cells=(
            Cell(CellId("c-1"), "code", "1+1"),
            Cell(CellId("c-2"), "markdown", "text"),
        )
    )

    nbformat.validate(nbformat.reads(render(notebook).decode(), as_version=4))


def test_a_byte_order_mark_is_no_part_of_the_notebook() -> None:
    written = written_by_nbformat(everything())

    assert parse(b"\xef\xbb\xbf" + written) == parse(written)


def test_lone_surrogates_are_written_out() -> None:
    data = (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"\\uDC80": "\\ud83d\\ude00"},'
        b' "cells": [{"cell_type": "code", "id": "a", "source": "x = \\ud800 1"}]}'
    )

    notebook = parse(data)

    assert notebook.cells[0].source == "x = \\ud800 1"
    assert notebook.metadata == {"\\udc80": "😀"}
    assert parse(render(notebook)) == notebook


def test_integers_beyond_64_bits_become_floating_point() -> None:
    data = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"n": %d}, "cells": []}' % 2**70

    assert parse(data).metadata == {"n": float(2**70)}


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old", "kept": 1},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "source": ["Title\n", "more"], "metadata": {}},
                {
                    "cell_type": "code",
                    "input": ["1\n", "2"],
                    "prompt_number": 4,
                    "language": "python",
                    "collapsed": True,
                    "metadata": {},
                    "outputs": [
                        {"output_type": "stream", "stream": "stderr", "text": ["a\n", "b"]},
                        {
                            "output_type": "pyout",
                            "prompt_number": 4,
                            "text": ["2"],
                            "html": "<b>",
                            "json": '{"a": [1]}',
                            "metadata": {},
                        },
                        {"output_type": "display_data", "png": "AAAA", "metadata": {}},
                        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                    ],
                },
            ]
        },
        {"cells": [{"cell_type": "markdown", "source": "m", "metadata": {}}]},
    ],
}


def test_a_notebook_of_format_3_is_read_as_nbformat_converts_it() -> None:
    data = json.dumps(OLD).encode()

    mine = json.loads(render(parse(data)))
    theirs = json.loads(nbformat.writes(nbformat.reads(data.decode(), as_version=4)))

    for cell in (*mine["cells"], *theirs["cells"]):
        del cell["id"]
    assert mine == theirs
