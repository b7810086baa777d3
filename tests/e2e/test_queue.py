"""What waits, what is taken out, what a restart does, and what the palette does to a text."""

import re

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write

AT = re.compile(r"Finished after .+ at \d+:\d\d, asked for by this page")


def command(notebook: Notebook, words: str) -> None:
    """By the palette, from wherever the focus is."""
    notebook.press("Control+Shift+P")
    field = notebook.page.get_by_label("Find a command")
    field.fill(words)
    field.press("Enter")
    until(lambda: field.count() == 0, "the palette to close")


def told(notebook: Notebook, *cells: str) -> list[str]:
    """What stands beside the cells."""
    return [notebook.cell(cell).locator(".cell-time").inner_text() for cell in cells]


def test_cells_wait_in_their_order_and_are_taken_out(written: Write, opened: Open) -> None:
    """PAGE-3, PAGE-64"""
    notebook = opened(written("input('go')", "'b'", "'c'", "'d'", "1/0", "'f'"))

    def states() -> list[str | None]:
        return [notebook.state(cell) for cell in "abcdef"]

    assert states() == ["never"] * 6
    notebook.select("c")
    command(notebook, "Run all cells above")
    until(lambda: states()[:3] == ["running", "queued", "never"], "those above and no other")
    for cell in "cd":
        notebook.run(cell)
    until(lambda: told(notebook, "b", "c", "d") == ["next", "queued 2", "queued 3"], "places")
    notebook.cell("c").get_by_role("button", name="Take out of the queue").click()
    until(lambda: told(notebook, "b", "c", "d") == ["next", "cancelled", "queued 2"], "one gone")
    assert notebook.state("c") == "interrupted"
    notebook.page.locator(".prompt input").fill("x")
    notebook.press("Enter")
    notebook.wait("d", "finished")
    title = notebook.cell("d").locator(".cell-run").get_attribute("title")
    assert AT.search(title or ""), title
    notebook.select("d")
    command(notebook, "Run from here on")
    until(lambda: states()[3:] == ["finished", "failed", "interrupted"], "the rest, to the error")
    assert told(notebook, "e", "f") == ["failed", "skipped"]
    notebook.type_into("d", "'D'")
    notebook.wait("d", "stale")
    command(notebook, "Clear all outputs")
    until(lambda: notebook.outputs("e") == "", "no output")


def test_a_restart_asks_and_can_run_all_from_the_beginning(written: Write, opened: Open) -> None:
    """PAGE-64"""
    notebook = opened(written("x = 1", "x += 1\nx"))
    notebook.run("a")
    notebook.run("b")
    until(lambda: notebook.outputs("b").strip() == "2", "the first run")
    notebook.select("b")
    notebook.press("0", "0")
    asked = notebook.page.get_by_role("dialog")
    asked.wait_for()
    notebook.press("Escape")
    until(lambda: asked.count() == 0, "to have thought better of it")
    notebook.run("b")
    until(lambda: notebook.outputs("b").strip() == "3", "the variables to be there")
    notebook.press("0", "0")
    asked.get_by_role("button", name="Restart and run all").click()
    until(lambda: notebook.outputs("b").strip() == "2", "all from the beginning")
    brackets = [notebook.cell(cell).locator(".bracket").inner_text() for cell in "ab"]
    assert brackets == ["[1]", "[2]"]


def test_the_palette_does_what_an_editors_keys_do(written: Write, opened: Open) -> None:
    """PAGE-65"""
    notebook = opened(written("one = 1\ntwo = 2", "three = 3"))
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Control+Home", "ArrowDown")
    command(notebook, "comment")
    until(lambda: notebook.source("a") == "one = 1\n# two = 2", "the line where the cursor is")
    command(notebook, "split the cell")
    until(lambda: len(notebook.order()) == 3, "two parts")
    below = notebook.order()[1]
    assert notebook.source(below).endswith("two = 2")
    # From command mode, too: the cell is entered for it.
    notebook.select("b")
    command(notebook, "comment")
    until(lambda: notebook.source("b") == "# three = 3", "the comment")
