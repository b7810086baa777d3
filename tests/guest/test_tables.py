"""Data frames of a real kernel: what is shown with the cell, what is answered about it later."""

import base64
import io
from typing import Any

import pandas as pd
import pytest

from tests.guest.driver import Guest

MIME = "application/vnd.tailrace.table+json"

LIBRARIES = {
    "pandas": "import pandas\nframe = pandas.DataFrame(DATA)",
    "polars": "import polars\nframe = polars.DataFrame(DATA)",
    "pyarrow": "import pyarrow\nframe = pyarrow.table(DATA)",
    "duckdb": "import duckdb, pyarrow\n_t = pyarrow.table(DATA)\nframe = duckdb.from_arrow(_t)",
}
DATA = "DATA = {'n': [3, 1, None, 2], 's': ['c', 'A', None, 'b'], 'f': [0.5, 2.5, 1.0, 1.0]}"


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shown(guest: Guest, source: str) -> dict[str, Any]:
    outcome = guest.run(source)
    assert outcome.status == "ok", outcome.of("error")
    return dict(outcome.of("display")[-1]["data"][MIME])


def asked(guest: Guest, table: dict[str, Any], **question: Any) -> dict[str, Any]:
    """The answer, once it is no longer being worked on."""
    while True:
        reply = guest.ask("table", handle=table["handle"], **question)
        assert reply["ok"], reply
        result = dict(reply["result"])
        if not result.get("working"):
            return result


def names(table: dict[str, Any]) -> list[str]:
    return [column["name"] for column in table["columns"]]


def place(table: dict[str, Any], name: str) -> int:
    return names(table).index(name)


def column_of(answer: dict[str, Any], at: int) -> list[Any]:
    return [row[at] for row in answer["cells"]]


def downloaded(guest: Guest, table: dict[str, Any], form: str, **question: Any) -> bytes:
    whole = b""
    offset: int | None = 0
    while offset is not None:
        piece = asked(
            guest, table, action="export", format=form, download="d1", offset=offset, **question
        )
        whole += base64.b64decode(piece["data"])
        offset = piece["next"]
    return whole


# ── every library ────────────────────────────────────────────────────────────


def test_a_frame_is_shown_with_its_columns_and_first_rows(  # TAB-1
    shared: Guest, library: str
) -> None:
    outcome = shared.run(f"{DATA}\n{LIBRARIES[library]}\nframe")
    data = outcome.of("display")[0]["data"]

    assert "text/plain" in data  # the library's own form is still there
    table = data[MIME]
    assert (table["kind"], table["rows"]) == (library, 4)
    assert names(table)[-3:] == ["n", "s", "f"]
    assert [column["kind"] for column in table["columns"]][-2:] == ["text", "number"]
    assert [row[place(table, "f")] for row in table["first"]] == [0.5, 2.5, 1.0, 1.0]


def test_rows_are_sorted_by_several_columns_with_missing_values_last(  # TAB-5
    shared: Guest, library: str
) -> None:
    table = shown(shared, f"{DATA}\n{LIBRARIES[library]}\nframe")
    f, n = place(table, "f"), place(table, "n")

    by_both = asked(
        shared, table, sort=[{"column": f, "descending": True}, {"column": n}], limit=10
    )
    assert column_of(by_both, f) == [2.5, 1.0, 1.0, 0.5]
    assert column_of(by_both, n)[1] == 2  # the missing one of the two comes after it

    by_name = asked(shared, table, sort=[{"column": n, "descending": True}], limit=10, columns=[f])
    assert column_of(by_name, 0) == [0.5, 1.0, 2.5, 1.0]


def test_rows_are_filtered_and_searched(shared: Guest, library: str) -> None:  # TAB-5
    table = shown(shared, f"{DATA}\n{LIBRARIES[library]}\nframe")
    f, n, s = place(table, "f"), place(table, "n"), place(table, "s")

    def left(**view: Any) -> list[Any]:
        return column_of(asked(shared, table, limit=10, columns=[f], **view), 0)

    assert left(filters=[{"column": n, "test": "between", "low": 1, "high": 2}]) == [2.5, 1.0]
    assert left(filters=[{"column": n, "test": "missing"}]) == [1.0]
    assert left(filters=[{"column": n, "test": "present"}]) == [0.5, 2.5, 1.0]
    assert left(filters=[{"column": s, "test": "contains", "text": "a"}]) == [2.5]
    assert left(filters=[{"column": s, "test": "one-of", "values": ["b", "c"]}]) == [0.5, 1.0]
    assert left(search="B") == [1.0]
    assert left(search="2.5") == [2.5]
    assert left(search="nowhere") == []


def test_statistics_tell_what_a_column_is_like(shared: Guest, library: str) -> None:  # TAB-7
    table = shown(shared, f"{DATA}\n{LIBRARIES[library]}\nframe")
    n, s = place(table, "n"), place(table, "s")

    answer = asked(shared, table, action="stats", columns=[n, s])["columns"]

    number, text = answer[str(n)], answer[str(s)]
    assert (number["missing"], number["low"], number["high"], number["mean"]) == (1, 1, 3, 2)
    assert sum(number["histogram"]["counts"]) == 3
    assert (text["missing"], text["unique"], text["sampled"]) == (1, 3, None)
    assert {entry["value"] for entry in text["top"]} == {"A", "b", "c"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_view_is_downloaded_as_a_file(  # TAB-8
    shared: Guest, library: str, form: str
) -> None:
    table = shown(shared, f"{DATA}\n{LIBRARIES[library]}\nframe")
    f = place(table, "f")

    data = downloaded(shared, table, form, sort=[{"column": f}], search="1")
    frame = pd.read_csv(io.BytesIO(data)) if form == "csv" else pd.read_parquet(io.BytesIO(data))

    assert list(frame.columns) == ["n", "s", "f"]
    assert frame["f"].tolist() == [1.0, 1.0, 2.5]
    assert [path for path in shared.folder.iterdir() if path.suffix == ".parquet"] == []


# ── values ───────────────────────────────────────────────────────────────────


def test_values_that_json_cannot_say_are_told_apart(shared: Guest) -> None:  # TAB-3
    table = shown(
        shared,
        "import decimal, datetime, numpy, pandas\n"
        "pandas.DataFrame({'v': pandas.Series([2**60, float('nan'), float('inf'), None, "
        "pandas.NaT, pandas.NA, decimal.Decimal('1.50'), b'\\x00\\xff', 'x' * 1000, "
        "[1, {'a': 2}], datetime.date(2024, 2, 29), numpy.float32(0.1), True], dtype=object)})",
    )
    cells = [row[1] for row in table["first"]]

    assert cells[0] == {"as": "number", "text": str(2**60)}
    assert [cells[1], cells[4], cells[5]] == [
        {"as": "missing", "text": text} for text in ("NaN", "NaT", "<NA>")
    ]
    assert cells[2] == {"as": "number", "text": "inf"}
    assert cells[3] is None
    assert cells[6] == {"as": "number", "text": "1.50"}
    assert cells[7] == {"as": "bytes", "text": "00ff"}
    assert cells[8] == {"as": "text", "text": "x" * 256, "of": 1000}
    assert cells[9] == {"as": "nested", "text": '[1, {"a": 2}]'}
    assert cells[10] == "2024-02-29"
    assert cells[12] is True


def test_a_long_text_can_be_asked_for_whole(shared: Guest) -> None:  # TAB-3
    table = shown(shared, "import pandas\npandas.DataFrame({'t': ['x' * 1000]})")

    answer = asked(shared, table, columns=[1], text_limit=2_000)

    assert answer["cells"] == [["x" * 1000]]


def test_values_with_failing_methods_do_no_harm(shared: Guest) -> None:  # TAB-3
    table = shown(
        shared,
        "import pandas\n"
        "class Sly:\n"
        "    def __str__(self): raise RuntimeError('no')\n"
        "    __repr__ = __str__\n"
        "frame = pandas.DataFrame({'v': [Sly(), Sly()], 'n': [1, 2]})\n"
        "with pandas.option_context('display.max_columns', 0): pass\n"
        "from IPython.core.formatters import format_display_data\n"
        "get_ipython().display_formatter.formatters['text/html'].enabled = False\n"
        "get_ipython().display_formatter.formatters['text/plain'].for_type("
        "pandas.DataFrame, lambda o, p, c: p.text('frame'))\n"
        "frame",
    )
    shared.run(
        "get_ipython().display_formatter.formatters['text/html'].enabled = True\n"
        "_ = get_ipython().display_formatter.formatters['text/plain'].pop(pandas.DataFrame)"
    )

    assert table["first"][0][1]["text"] == "<Sly: str() raised RuntimeError>"
    assert asked(shared, table, sort=[{"column": 1}], limit=5)["rows"] == 2
    assert asked(shared, table, search="sly")["rows"] == 2


def test_repeated_and_strange_names_and_indexes_are_shown(shared: Guest) -> None:  # TAB-6
    table = shown(
        shared,
        "import pandas\n"
        "index = pandas.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['k', None])\n"
        "frame = pandas.DataFrame([[1, 2, 3], [4, 5, 6]], index=index)\n"
        "frame.columns = ['same', 'same', ('<img src=x onerror=alert(1)>', 7)]\n"
        "frame",
    )

    assert names(table) == ["k", "", "same", "same", "<img src=x onerror=alert(1)> · 7"]
    assert [bool(column.get("index")) for column in table["columns"]] == [True] * 2 + [False] * 3
    assert table["first"] == [["a", 1, 1, 2, 3], ["b", 2, 4, 5, 6]]
    by_second = asked(shared, table, sort=[{"column": 3, "descending": True}], limit=5)
    assert by_second["cells"][0] == ["b", 2, 4, 5, 6]
    assert b"same.1" in downloaded(shared, table, "parquet")


def test_an_empty_frame_is_a_table_without_rows(shared: Guest) -> None:
    table = shown(shared, "import pandas\npandas.DataFrame({'a': []})")

    assert (table["rows"], table["first"]) == (0, [])
    assert asked(shared, table, sort=[{"column": 1}])["cells"] == []
    assert downloaded(shared, table, "csv") == b"a\n"


def test_a_very_wide_frame_is_told_in_part(shared: Guest) -> None:
    table = shown(shared, "import pandas\npandas.DataFrame([range(5_000)] * 3)")

    assert table["column_count"] == 5_001
    assert len(table["columns"]) == 2_000
    assert len(table["first"]) == 1
    assert asked(shared, table, columns=[4_999, 5_000])["cells"][0] == [4_998, 4_999]


# ── what is kept ─────────────────────────────────────────────────────────────


def test_a_frame_changed_after_it_was_shown_shows_what_it_was(shared: Guest) -> None:  # TAB-4
    table = shown(
        shared, "import numpy, pandas\nbig = pandas.DataFrame({'a': numpy.arange(2e6)})\nbig"
    )
    shared.run("big.loc[0, 'a'] = -1.0\nbig['b'] = 1\nbig.drop(index=1, inplace=True)")

    assert table["is_snapshot"]
    answer = asked(shared, table, offset=0, limit=2, columns=[1])
    assert (answer["rows"], answer["cells"]) == (2_000_000, [[0.0], [1.0]])


def test_a_handle_that_nobody_knows_is_gone(shared: Guest) -> None:  # TAB-4
    assert asked(shared, {"handle": "t0"}, limit=5) == {"gone": True}


def test_only_the_newest_frames_are_kept(guest: Guest) -> None:  # TAB-4
    tables = [
        frame["data"][MIME]
        for frame in guest.run(
            "import pandas\nfor n in range(140): display(pandas.DataFrame({'n': [n]}))"
        ).of("display")
    ]

    assert asked(guest, tables[0]) == {"gone": True}
    assert asked(guest, tables[-1])["cells"] == [[0, 139]]


def test_a_large_frame_that_its_owner_dropped_is_not_kept_alive(guest: Guest) -> None:  # TAB-4
    outcome = guest.run(
        "import numpy, pandas, psutil\n"
        "big = pandas.DataFrame({'a': numpy.ones(40_000_000)})\n"
        "display(big)\n"
        "before = psutil.Process().memory_info().rss\n"
        "del big\n"
        "print(before - psutil.Process().memory_info().rss > 250_000_000)"
    )

    assert outcome.out == "True\n"
    assert asked(guest, outcome.of("display")[0]["data"][MIME]) == {"gone": True}


def test_a_table_is_answered_while_a_cell_runs(guest: Guest) -> None:  # TAB-5
    table = shown(guest, "import pandas\npandas.DataFrame({'a': [2, 1]})")
    running = guest.execute("import time\nwhile True: time.sleep(0.01)")

    assert column_of(asked(guest, table, sort=[{"column": 1}], limit=5), 1) == [1, 2]

    guest.interrupt(running)  # by name: the cell may not have begun
    assert guest.finished(running).status == "interrupted"


def test_a_question_that_makes_no_sense_is_answered_with_why(shared: Guest) -> None:
    table = shown(shared, f"{DATA}\n{LIBRARIES['pandas']}\nframe")

    def problem(**question: Any) -> str:
        return str(asked(shared, table, **question)["problem"])

    assert "no such column" in problem(columns=[99])
    assert "no such column" in problem(sort=[{"column": -1}])
    assert "numbers and times" in problem(filters=[{"column": 2, "test": "between", "low": 1}])
    assert "not a value" in problem(filters=[{"column": 1, "test": "between", "low": "x"}])
    assert "no file format" in problem(action="export", format="xls")
    assert "no action" in problem(action="drop")


def test_whoever_wants_plain_frames_gets_them(guest: Guest) -> None:
    outcome = guest.run(
        "import pandas\npandas.set_option('display.notebook_repr_html', False)\n"
        "pandas.DataFrame({'a': [1]})"
    )

    assert list(outcome.of("display")[0]["data"]) == ["text/plain"]


def test_showing_a_frame_imports_no_library(guest: Guest) -> None:  # TAB-1
    outcome = guest.run(
        "import polars, sys\ndisplay(polars.DataFrame({'a': [1]}))\n"
        "print('pandas' in sys.modules, 'pyarrow' in sys.modules)"
    )

    assert MIME in outcome.of("display")[0]["data"]
    assert outcome.out == "False False\n"


def test_ten_million_rows_are_sorted_beside_the_cell(guest: Guest) -> None:  # TAB-5
    table = shown(
        guest,
        "import numpy, pandas\n"
        "big = pandas.DataFrame({'x': numpy.arange(10_000_000)[::-1] % 9_999_991})\nbig",
    )

    answer = asked(guest, table, sort=[{"column": 1}], offset=9_999_990, limit=10)
    statistics = asked(guest, table, action="stats", columns=[1])["columns"]["1"]

    assert column_of(answer, 1)[-1] == 9_999_990
    assert (statistics["high"], statistics["sampled"]) == (9_999_990, 100_000)
