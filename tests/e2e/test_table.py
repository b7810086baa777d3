"""A data frame as a grid, by mouse and by keys."""

import csv
from pathlib import Path

from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write

SHOTS = Path(__file__).parents[2] / "artifacts" / "table"

PEOPLE = """
import numpy as np, pandas as pd
n = 1_000
people = pd.DataFrame({
    "age": np.arange(n) % 90,
    "name": np.where(np.arange(n) % 2, "Ada", "Grace"),
    "size": np.where(np.arange(n) % 10 == 0, np.nan, np.arange(n) / 7),
})
people
"""
VAST = """
import numpy as np, pandas as pd
vast = pd.DataFrame({"n": np.arange(10_000_000), "half": np.arange(10_000_000) / 2})
vast
"""


def shown(notebook: Notebook, cell: str = "a") -> Locator:
    """The table under a cell that is run."""
    notebook.run(cell)
    notebook.wait(cell, "finished")
    return table_of(notebook, cell)


def table_of(notebook: Notebook, cell: str = "a") -> Locator:
    table = notebook.cell(cell).locator("[data-table]")
    table.wait_for()
    return table


def settled(table: Locator) -> None:
    until(
        lambda: (
            table.locator("[role=grid][data-working]").count() == 0
            and table.locator("[data-waits]").count() == 0
        ),
        "the rows",
    )


def column(table: Locator, name: str, most: int = 5) -> list[str]:
    """The column's values in the rows that are drawn, by their place."""
    head = table.locator("[role=columnheader]", has_text=name)
    index = head.get_attribute("aria-colindex")
    rows = table.locator(".table-row").all()[:most]
    return [row.locator(f'[aria-colindex="{index}"]').inner_text() for row in rows]


def head(table: Locator, name: str) -> Locator:
    return table.locator("[role=columnheader]", has_text=name)


def menu(notebook: Notebook, table: Locator, name: str) -> Locator:
    head(table, name).locator(".table-more").click()
    box = notebook.page.get_by_role("dialog", name=f"Column {name}")
    box.wait_for()
    return box


def foot(table: Locator) -> str:
    return table.locator(".table-foot").inner_text().replace("\u202f", " ")


def test_a_frame_is_sorted_filtered_and_searched(written: Write, opened: Open) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    assert "1 000 rows" in foot(table)

    head(table, "age").locator(".table-name").click()
    settled(table)
    assert column(table, "age", 3) == ["0", "0", "0"]
    assert head(table, "age").get_attribute("aria-sort") == "ascending"
    head(table, "age").locator(".table-name").click()
    settled(table)
    assert column(table, "age", 2) == ["89", "89"]
    head(table, "size").locator(".table-name").click(modifiers=["Shift"])
    settled(table)
    assert column(table, "age", 2) == ["89", "89"]
    assert column(table, "size", 1) == ["12.7143"]

    box = menu(notebook, table, "age")
    until(lambda: "Highest" in box.inner_text(), "the statistics")
    box.get_by_label("Lowest").fill("10")
    box.get_by_label("Highest").fill("19")
    box.get_by_role("button", name="Apply").click()
    until(lambda: "of 1 000 rows" in foot(table), "the filtered rows")
    assert foot(table).startswith("110 of")
    assert table.locator(".table-chips").inner_text().startswith("age 10 to 19")

    box = menu(notebook, table, "name")
    box.get_by_label("Ada").check()
    box.get_by_role("button", name="Apply").click()
    until(lambda: foot(table).startswith("55 of"), "both filters")
    settled(table)
    assert set(column(table, "name")) == {"Ada"}

    table.get_by_role("button", name="Remove the filter on age").click()
    table.get_by_role("searchbox").fill("grace")
    until(lambda: foot(table).startswith("0 of"), "nobody of both names")
    table.get_by_role("button", name="Remove the filter on name").click()
    until(lambda: foot(table).startswith("500 of"), "everybody of that name")


def test_ten_million_rows_scroll_like_a_hundred(written: Write, opened: Open) -> None:
    notebook = opened(written(VAST))
    table = shown(notebook)
    grid = table.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "10000001"
    assert table.locator(".table-row").count() < 40

    table.locator("[role=gridcell]").nth(1).click()
    notebook.press("Control+End")
    until(lambda: "9999999" in grid.inner_text(), "the last row")
    settled(table)
    notebook.press("ArrowUp", "ArrowUp")
    active = grid.get_attribute("aria-activedescendant") or ""
    assert active.endswith("-9999997-2")
    assert notebook.page.locator(f'[id="{active}"]').inner_text() == "4999998.5"

    # A pull at the bar, and then a wheel, which moves by its own pixels.
    middle = "element => { element.scrollTop = element.scrollHeight / 2 }"
    grid.evaluate(middle)
    until(lambda: column(table, "n", 1)[0].startswith(("49", "50")), "the middle")
    settled(table)
    before = int(column(table, "n", 1)[0])
    grid.hover()
    notebook.page.mouse.wheel(0, 240)
    until(lambda: column(table, "n", 1) == [str(before + 10)], "ten rows on")
    assert table.locator(".table-row").count() < 40


def test_thousands_of_columns_are_made_as_they_come_into_sight(
    written: Write, opened: Open
) -> None:
    source = (
        "import pandas as pd, numpy as np\n"
        "pd.DataFrame(np.arange(3_000_000).reshape(1_000, 3_000)).add_prefix('column number ')"
    )
    notebook = opened(written(source))
    table = shown(notebook)
    assert "3 000 columns, the first 2 000 here" in foot(table)
    assert table.get_by_role("columnheader").count() < 40
    table.locator("[role=gridcell]").nth(1).click()
    notebook.press("PageDown", "End")
    until(lambda: head(table, "column number 1998").count() == 1, "the last column")
    settled(table)
    active = table.get_by_role("grid").get_attribute("aria-activedescendant")
    assert notebook.page.locator(f'[id="{active}"]').inner_text() == str(12 * 3_000 + 1_998)
    assert table.get_by_role("columnheader").count() < 40


def test_a_selection_is_copied_for_a_spreadsheet(written: Write, opened: Open) -> None:
    source = (
        "import pandas as pd\n"
        "pd.DataFrame({'t': ['one\\ttab', 'x' * 400, None], 'n': [1 / 3, 2.0, float('nan')]})"
    )
    notebook = opened(written(source), permissions=["clipboard-read", "clipboard-write"])
    table = shown(notebook)
    table.locator("[role=gridcell]").nth(1).click()
    notebook.press("Control+a", "Control+c")
    until(lambda: "9 cells copied" in foot(table), "the copy")

    text = notebook.page.evaluate("navigator.clipboard.readText()")
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))
    assert rows == [
        ["", "t", "n"],
        ["0", "one\ttab", "0.3333333333333333"],
        ["1", "x" * 400, "2"],
        ["2", "", ""],
    ]
    # The notebook's own keys did not act: the cell is there.
    notebook.press("d", "d")
    assert notebook.order() == ["a"]


def test_keys_alone_reach_everything(written: Write, opened: Open) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    grid = table.get_by_role("grid")
    grid.focus()
    notebook.press("ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp", "Space")
    settled(table)
    assert head(table, "age").get_attribute("aria-sort") == "ascending"
    notebook.press("Enter")
    box = notebook.page.get_by_role("dialog", name="Column age")
    box.wait_for()
    box.get_by_role("button", name="Descending").focus()
    notebook.press("Enter")
    until(lambda: head(table, "age").get_attribute("aria-sort") == "descending", "the order")
    grid.focus()
    notebook.press("Escape")
    assert notebook.page.evaluate("document.activeElement.getAttribute('role')") != "grid"


def test_columns_are_pulled_and_hidden(written: Write, opened: Open) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    before = head(table, "name").bounding_box()
    assert before is not None
    edge = head(table, "name").locator(".table-edge").bounding_box()
    assert edge is not None
    mouse = notebook.page.mouse
    mouse.move(edge["x"] + 3, edge["y"] + 8)
    mouse.down()
    mouse.move(edge["x"] + 83, edge["y"] + 8, steps=4)
    mouse.up()
    after = head(table, "name").bounding_box()
    assert after is not None
    assert abs(after["width"] - before["width"] - 80) <= 2

    menu(notebook, table, "name").get_by_role("button", name="Hide").click()
    until(lambda: head(table, "name").count() == 0, "the column to go")
    assert "1 hidden" in foot(table)
    table.get_by_role("button", name="Table: download, columns").click()
    notebook.page.get_by_role("menuitem", name="Show 1 hidden column").click()
    until(lambda: head(table, "name").count() == 1, "the column again")


def test_the_rows_of_a_view_are_downloaded(written: Write, opened: Open, tmp_path: Path) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    table.get_by_role("searchbox").fill("ada")
    until(lambda: foot(table).startswith("500 of"), "the rows found")
    table.get_by_role("button", name="Table: download, columns").click()
    with notebook.page.expect_download() as download:
        notebook.page.get_by_role("menuitem", name="Download CSV, these rows").click()
    download.value.save_as(tmp_path / "people.csv")

    rows = list(csv.DictReader((tmp_path / "people.csv").read_text().splitlines()))
    assert (len(rows), {row["name"] for row in rows}) == (500, {"Ada"})


def test_names_and_values_are_text_whatever_they_hold(written: Write, opened: Open) -> None:
    source = (
        "import pandas as pd\n"
        "evil = '<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>'\n"
        "pd.DataFrame({evil: [evil] * 8, 'javascript:window.hit=1': [{evil: [evil]}] * 8})"
    )
    notebook = opened(written(source))
    table = shown(notebook)
    notebook.cell("a").get_by_role("button", name="Summary").click()
    head(table, "onerror").first.locator(".table-more").click()
    box = notebook.page.locator(".table-menu")
    until(lambda: "Different" in box.inner_text(), "the statistics")
    box.get_by_role("checkbox").check()
    box.get_by_role("button", name="Apply").click()
    until(lambda: table.locator(".table-chips li").count() == 1, "the filter")
    settled(table)

    assert "<script>" in table.locator(".table-row").first.inner_text()
    assert table.locator("img, script, iframe").count() == 0
    assert notebook.page.evaluate("window.hit") is None


def test_without_the_kernel_the_first_rows_are_shown_and_it_is_said(
    written: Write, opened: Open
) -> None:
    name = written(PEOPLE)
    notebook = opened(name)
    shown(notebook)
    notebook.press("Escape", "0", "0")
    notebook.page.locator("dialog").get_by_role("button", name="Restart", exact=True).click()
    table = table_of(notebook)
    until(lambda: table.get_attribute("data-standing") == "gone", "the loss to be noticed")
    assert foot(table).startswith("First 50 of 1 000 rows")
    assert "run the cell again" in foot(table)
    assert table.get_by_role("searchbox").count() == 0

    later = table_of(opened(name))
    assert column(later, "name", 2) == ["Grace", "Ada"]


def test_a_frame_can_be_shown_as_its_library_printed_it(written: Write, opened: Open) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    table.get_by_role("button", name="Table: download, columns").click()
    notebook.page.get_by_role("menuitem", name="Show as printed").click()
    until(lambda: "1000 rows × 3 columns" in notebook.outputs("a"), "pandas' own table")
    notebook.cell("a").get_by_role("button", name="Show as a table").click()
    table_of(notebook)


def test_it_can_be_read_in_every_size_and_light(written: Write, opened: Open) -> None:
    notebook = opened(written(PEOPLE))
    table = shown(notebook)
    notebook.cell("a").get_by_role("button", name="Summary").click()
    until(lambda: table.locator(".table-tiny svg").count() >= 2, "the small histograms")
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        notebook.page.set_viewport_size({"width": width, "height": height})
        for light in ("light", "dark"):
            notebook.page.emulate_media(color_scheme=light)
            settled(table)
            box = table.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            notebook.page.screenshot(path=SHOTS / f"{width}-{light}.png")
