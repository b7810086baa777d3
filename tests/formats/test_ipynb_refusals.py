"""Malformed, huge and hostile files: a sentence that says where, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import NotANotebook

from .test_ipynb_roundtrip import OLD, everything, nbformat_notebooks, written_by_nbformat

BROKEN = Path(__file__).parent.parent.parent / "fixtures" / "notebooks" / "broken"


def notebook(**changes: Any) -> bytes:
    cell = {"cell_type": "code", "id": "a", "source": "1", "metadata": {}, "outputs": []}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    cell.update(changes.pop("cell", {}))
    whole.update(changes)
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"hello", "no JSON"),
        (b"\x89PNG\r\n", "not UTF-8"),
        (notebook()[:40], "ends in the middle"),
        (notebook().replace(b'"source"', b"source"), "line 1, column"),
        (notebook() + b"}", "no JSON"),
        (notebook()[:50] + b"\x00" * 50, "byte 50 of the file is zero"),
        ("\ufeff".encode("utf-16-le") + b"{\x00}\x00", "UTF-16"),
        (b'{\n "a": 1,\n<<<<<<< HEAD\n "b": 2\n=======\n>>>>>>> theirs\n}', "line 3 .* Git merge"),
        (b"[1]", "a list where a notebook is an object"),
        (b"null", "no notebook"),
        (b"{}", "no number `nbformat`"),
        (notebook(nbformat="4"), "no number `nbformat`"),
        (notebook(nbformat=True), "no number `nbformat`"),
        (notebook(nbformat=5), "newer than this program"),
        (notebook(nbformat=2), "nbconvert"),
        (notebook(nbformat_minor="5"), "`nbformat_minor`"),
        (notebook(metadata=[]), "`metadata` of the notebook is a list"),
        (notebook(cells={}), "`cells` of the notebook is an object"),
        (notebook(cells=[3]), "cell 1 is a number"),
        (notebook(cell={"cell_type": None}), "`cell_type` of cell 1"),
        (notebook(cell={"source": 1}), "`source` of cell 1 is a number"),
        (notebook(cell={"source": ["a", 1]}), "`source` of cell 1 is a list"),
        (notebook(cell={"metadata": 1}), "`metadata` of cell 1"),
        (notebook(cell={"execution_count": 1.5}), "`execution_count` of cell 1"),
        (notebook(cell={"execution_count": True}), "`execution_count` of cell 1"),
        (notebook(cell={"outputs": {}}), "`outputs` of cell 1"),
        (notebook(cell={"outputs": [None]}), "output 1 of cell 1"),
        (notebook(cell={"outputs": [{}]}), "`output_type` of output 1 of cell 1"),
        (
            notebook(cell={"outputs": [{"output_type": "stream", "text": 1}]}),
            "`text` of output 1 of cell 1",
        ),
        (
            notebook(cell={"outputs": [{"output_type": "display_data", "data": []}]}),
            "`data` of output 1 of cell 1",
        ),
        (notebook(cell={"attachments": []}), "`attachments` of cell 1"),
        (notebook(cell={"attachments": {"x": 1}}), "attachment 'x' of cell 1"),
        (b'{"nbformat": 4, "n": ' + b"9" * 5_000 + b"}", "5000 digits"),
        (b'{"nbformat": 4, "n": ' + b"9" * 350 + b"}", "too large"),
        (json.dumps({**OLD, "worksheets": 1}).encode(), "worksheets"),
        (json.dumps({**OLD, "worksheets": [1]}).encode(), "worksheet 1"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, told: str) -> None:
    with pytest.raises(NotANotebook, match=told):
        parse(data)


@pytest.mark.parametrize("depth", [101, 1_000, 5_000, 1_000_000])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_nesting_without_end_is_refused(depth: int, brackets: str) -> None:
    opening, closing = (brackets[:-1], brackets[-1])
    nested = opening * depth + "1" + closing * depth

    with pytest.raises(NotANotebook, match="100 levels"):
        parse(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": ' + nested.encode() + b"}")


def test_nesting_that_others_write_is_read() -> None:
    nested = b"[" * 90 + b"]" * 90

    assert parse(
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"a": ' + nested + b'}, "cells": []}'
    )


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(NotANotebook, match="clear its largest outputs"):
        parse(b" " * 3_000_000, limit_bytes=2_000_000)


def parses_or_says_why(data: bytes) -> None:
    try:
        notebook = parse(data)
    except NotANotebook:
        return
    assert isinstance(notebook, Notebook)
    assert parse(render(notebook)).cells == notebook.cells or b"NaN" in data


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_notebook_or_not(data: bytes) -> None:
    parses_or_says_why(data)


json_like = st.text(
    alphabet=st.sampled_from('{}[]:,"\\ \n0123456789-.eEtruefalsnNaIity<>=ud8'), max_size=200
)


@given(json_like)
def test_anything_like_json_is_a_notebook_or_not(text: str) -> None:
    parses_or_says_why(text.encode())
    parses_or_says_why(b'{"nbformat": 4, "nbformat_minor": 5, "cells": [' + text.encode() + b"]}")


odd_values = st.recursive(
    st.sampled_from([None, True, 0, -1, 2**64, 1.5, "", "a", "\ud800", "text", float("nan")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.data(), odd_values, st.booleans(), st.booleans())
def test_a_notebook_with_any_value_changed_is_a_notebook_or_not(
    data: st.DataObject, odd: Any, old: bool, remove: bool
) -> None:
    whole = json.loads(json.dumps(OLD)) if old else json.loads(written_by_nbformat(everything()))
    path = data.draw(st.sampled_from(places(whole)[1:]))
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = odd

    parses_or_says_why(json.dumps(whole).encode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(nbformat_notebooks, st.data())
def test_a_notebook_with_bytes_changed_is_a_notebook_or_not(made: Any, data: st.DataObject) -> None:
    written = bytearray(written_by_nbformat(made))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(written) - 1))
        written[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    parses_or_says_why(bytes(written))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("merge-conflict", "line 27 .* Git merge"),
        ("cut-off", "ends in the middle"),
        ("zeros", "byte 200 of the file is zero"),
        ("utf-16", "UTF-16"),
        ("empty", "empty"),
        ("deep", "100 levels"),
        ("wrong-types", "`source` of cell 1"),
    ],
)
def test_every_broken_sample_is_refused_with_its_reason(name: str, told: str) -> None:
    with pytest.raises(NotANotebook, match=told):
        parse((BROKEN / f"{name}.ipynb").read_bytes())
