"""Jupyter's two modes, without a mouse."""

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Write


def test_letters_make_move_and_remove_cells(written: Write, opened: Open) -> None:
    notebook = opened(written("'a'", "'b'", "'c'"))
    assert notebook.active() == "a"
    notebook.press("j", "j")
    assert notebook.active() == "c"
    notebook.press("k", "d", "d")
    assert notebook.order() == ["a", "c"]
    notebook.press("z")
    until(lambda: notebook.order() == ["a", "b", "c"], "the cell to come back")
    assert notebook.source("b") == "'b'"
    notebook.press("c", "v")
    assert len(notebook.order()) == 4
    notebook.press("d", "d", "a")
    assert notebook.order()[0:1] == ["a"]
    assert len(notebook.order()) == 4
    notebook.press("x", "Control+Shift+ArrowDown")
    assert len(notebook.order()) == 3


def test_shift_enter_goes_on_and_makes_a_cell_at_the_end(written: Write, opened: Open) -> None:
    notebook = opened(written("x = 20", "x + 1"))
    notebook.press("Shift+Enter")
    assert notebook.active() == "b"
    notebook.press("Shift+Enter")
    until(lambda: len(notebook.order()) == 3, "a new cell")
    notebook.page.keyboard.type("x + 22")
    notebook.press("Alt+Enter")
    new, newer = notebook.order()[2:]
    until(lambda: notebook.outputs(new).strip() == "42", "the result")
    assert notebook.outputs("b").strip() == "21"
    assert notebook.active() == newer
    assert notebook.editor(newer).evaluate("element => element === document.activeElement")


def test_kinds_split_and_merge(written: Write, opened: Open) -> None:
    notebook = opened(written("first = 1\nsecond = 2", "third = 3"))
    notebook.press("Enter", "Control+Home", "ArrowDown", "Control+Shift+-")
    until(lambda: len(notebook.order()) == 3, "two halves")
    assert [notebook.source(cell) for cell in notebook.order()] == [
        "first = 1",
        "second = 2",
        "third = 3",
    ]
    notebook.press("Escape", "Shift+K", "Shift+M")
    until(lambda: len(notebook.order()) == 2, "one cell of two")
    assert notebook.source("a") == "first = 1\n\nsecond = 2"
    notebook.press("m")
    assert notebook.cell("a").get_attribute("data-cell-kind") == "markdown"
    notebook.press("r")
    assert notebook.cell("a").get_attribute("data-cell-kind") == "raw"
    notebook.press("y")
    assert notebook.cell("a").get_attribute("data-cell-kind") == "code"
    notebook.press("3")
    until(lambda: notebook.cell("a").locator("h3").count() == 1, "a heading")


def test_markdown_is_written_and_rendered(written: Write, opened: Open) -> None:
    notebook = opened(written("%%md\n# Title", "1"))
    until(lambda: notebook.cell("a").locator("h1").inner_text() == "Title", "the heading")
    notebook.press("Enter", "Control+a")
    notebook.page.keyboard.insert_text("**bold** and $x^2$ <script>document.title='no'</script>")
    notebook.press("Shift+Enter")
    until(lambda: notebook.cell("a").locator("strong").count() == 1, "the words")
    until(lambda: notebook.cell("a").locator(".katex").count() == 1, "the formula")
    assert notebook.active() == "b"
    assert notebook.cell("a").locator("script").count() == 0
    assert notebook.page.title() != "no"


def test_no_key_is_lost_from_the_moment_an_editor_is_there(written: Write, opened: Open) -> None:
    notebook = opened(written(*["# cell"] * 10))
    page = notebook.page
    page.reload()
    page.wait_for_selector('[data-cell-id="a"] .cm-content')
    notebook.editor("a").click()
    page.keyboard.press("End")
    page.keyboard.type("abcdefghij")
    assert notebook.source("a") == "# cellabcdefghij"


def test_completion_and_documentation_come_from_the_kernel(written: Write, opened: Open) -> None:
    notebook = opened(written("frobnicate_all = 1\ndef helper(count):\n    'Helps a bit.'", ""))
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.press("j", "Enter")
    notebook.page.keyboard.type("frob")
    notebook.press("Tab")  # asks for names, or takes the one that is offered already
    option = notebook.page.locator(".cm-tooltip-autocomplete li", has_text="frobnicate_all")
    until(lambda: option.count() or notebook.source("b") == "frobnicate_all", "the offer")
    if notebook.source("b") == "frob":
        option.click()
    until(lambda: notebook.source("b") == "frobnicate_all", "the name")
    notebook.press("Control+a")
    notebook.page.keyboard.type("helper")
    notebook.press("Shift+Tab")
    tip = notebook.page.locator(".inspection")
    until(lambda: tip.count() == 1 and "Helps a bit." in tip.inner_text(), "its words")
    notebook.press("Escape")
    assert tip.count() == 0


def test_the_sheet_lists_every_key(written: Write, opened: Open) -> None:
    notebook = opened(written("1"))
    notebook.press("h")
    sheet = notebook.page.get_by_role("dialog")
    sheet.wait_for()
    notebook.page.keyboard.type("merge")
    until(lambda: "Interrupt" not in sheet.inner_text(), "the search")
    assert "Shift M" in sheet.inner_text()
    notebook.press("Escape", "Escape")  # the first one empties the field
    until(lambda: sheet.count() == 0, "the sheet to close")
    # The letters went into the search, not to the notebook.
    assert notebook.cell("a").get_attribute("data-cell-kind") == "code"
