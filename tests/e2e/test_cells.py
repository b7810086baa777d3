"""Cells moved, folded, hidden, taken elsewhere and had back, by pointer and by keys."""

import json

from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write


def middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(notebook: Notebook, cell_id: str, to: str, *, release: bool = True) -> None:
    """By its grip, to the upper edge of another cell."""
    mouse = notebook.page.mouse
    notebook.cell(cell_id).hover()
    x, y = middle(notebook.cell(cell_id).locator(".cell-grip"))
    box = notebook.cell(to).bounding_box()
    assert box is not None
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 10)
    mouse.move(x, box["y"] + 3, steps=4)
    if release:
        mouse.up()


def test_cells_are_pulled_together_and_escape_lets_them_be(written: Write, opened: Open) -> None:
    notebook = opened(written("'a'", "'b'", "'c'", "'d'"))
    pull(notebook, "d", to="a", release=False)
    assert notebook.page.locator(".drop-line").count() == 1
    notebook.press("Escape")
    notebook.page.mouse.up()
    assert notebook.order() == ["a", "b", "c", "d"]
    notebook.select("b")
    notebook.press("Shift+J")
    pull(notebook, "c", to="a")
    until(lambda: notebook.order() == ["b", "c", "a", "d"], "both to move")
    notebook.press("z")
    until(lambda: notebook.order() == ["a", "b", "c", "d"], "both to be back")
    notebook.select("c")
    notebook.press("Control+Shift+ArrowUp", "Control+Shift+ArrowUp")
    until(lambda: notebook.order() == ["c", "a", "b", "d"], "the same by keys")


def test_what_was_deleted_cut_or_merged_comes_back_with_outputs(
    written: Write, opened: Open
) -> None:
    notebook = opened(written("print('one')", "print('two')", "3"))
    for cell in ("a", "b"):
        notebook.run(cell)
        notebook.wait(cell, "finished")
    notebook.select("a")
    notebook.press("d", "d", "z")
    until(lambda: notebook.outputs("a").strip() == "one", "the cell and its output")
    notebook.select("a")
    notebook.press("Shift+J", "Shift+M", "z")
    until(lambda: notebook.outputs("b").strip() == "two", "both cells")
    until(lambda: notebook.outputs("a").strip() == "one", "the other's output")
    notebook.select("a")
    notebook.press("x", "j", "v")
    until(lambda: notebook.order() == ["b", "c", "a"], "the cell at its new place")
    until(lambda: notebook.outputs("a").strip() == "one", "its output")
    assert notebook.state("a") == "finished"


def test_what_was_edited_is_run_and_nothing_else(written: Write, opened: Open) -> None:
    notebook = opened(written("x = 1\nprint(x)", "print('two')", "print('three')"))
    notebook.press("Control+Shift+p")
    notebook.page.get_by_label("Find a command").fill("Run all cells")
    notebook.press("Enter")
    notebook.wait("c", "finished")
    count = notebook.cell("b").locator(".bracket").inner_text()
    notebook.type_into("c", "print('changed')")
    notebook.press("Escape")
    notebook.wait("c", "stale")
    notebook.press("Control+Shift+p")
    notebook.page.get_by_label("Find a command").fill("edited since")
    notebook.press("Enter")
    until(lambda: notebook.outputs("c").strip() == "changed", "the changed cell")
    assert notebook.cell("b").locator(".bracket").inner_text() == count


def test_everybody_sees_who_ran_a_cell(written: Write, opened: Open) -> None:
    name = written("print('seen')", "x = 1", "y = 2")
    here, there = opened(name), opened(name)
    here.run("a")
    for notebook, who in ((here, "this page"), (there, "another page")):
        notebook.wait("a", "finished")
        run = notebook.cell("a").locator(".cell-run")
        until(lambda said=run, by=who: by in (said.get_attribute("title") or ""), who)  # type: ignore[misc]
    # And nobody's letters become commands when the cell they were meant for is deleted.
    there.cell("b").locator(".cell-source").click()
    there.page.keyboard.type("# ")
    here.select("b")
    here.press("d", "d")
    until(lambda: there.order() == ["a", "c"], "the cell to go")
    there.page.keyboard.type("ab")
    there.page.get_by_text("was deleted elsewhere").wait_for()
    assert there.order() == ["a", "c"]
    there.press("Escape")
    until(lambda: there.active() == "a", "command mode")


def test_cells_go_to_another_notebook_and_to_other_programs(
    server: Server, written: Write, opened: Open
) -> None:  # PAGE-43
    notebook = opened(
        written("x = 1", "%%md\n# Two"), permissions=["clipboard-read", "clipboard-write"]
    )
    notebook.press("Control+a", "Control+c")
    text = notebook.page.evaluate("() => navigator.clipboard.readText()")
    copied = json.loads(text)["cells"]
    assert [(cell["cell_type"], cell["source"]) for cell in copied] == [
        ("code", "x = 1"),
        ("markdown", "# Two"),
    ]
    notebook.page.evaluate(
        "() => navigator.clipboard.writeText('# %%\\ny = 2\\n# %% [markdown]\\n# # Three\\n')"
    )
    notebook.select("a")
    notebook.press("Control+v")
    until(lambda: len(notebook.order()) == 4, "two cells of the text")
    made = notebook.order()[1:3]
    other = Notebook(notebook.page.context.new_page(), server.notebook("tour.ipynb"))
    before = other.order()
    notebook.page.bring_to_front()
    notebook.select("a")
    notebook.press("c")
    other.page.bring_to_front()
    # The other page may be another process, which hears of the storage a moment later.
    kept = "() => JSON.parse(localStorage.getItem('tailrace.cells')).length"
    until(lambda: other.page.evaluate(kept) == 1, "what was copied")
    other.press("v")
    until(lambda: len(other.order()) == len(before) + 1, "the cell over there")
    assert other.source(other.order()[1]) == "x = 1"
    other.press("d", "d")
    assert other.problems == []
    assert notebook.source(made[0]) == "y = 2"
    until(lambda: notebook.cell(made[1]).locator("h1").inner_text() == "Three", "the heading")


def test_a_section_is_folded_under_its_heading(written: Write, opened: Open) -> None:  # PAGE-44
    notebook = opened(written("%%md\n# One", "'b'", "%%md\n## Deeper", "'d'", "%%md\n# Two", "'f'"))
    notebook.press("ArrowLeft")
    mark = notebook.cell("a").locator(".fold-mark")
    until(lambda: mark.count() == 1 and "3 cells" in mark.inner_text(), "the fold")
    assert not notebook.cell("b").is_visible()
    notebook.press("j")
    assert notebook.active() == "e"
    notebook.press("Control+Shift+ArrowUp")
    until(lambda: notebook.order() == ["e", "a", "b", "c", "d", "f"], "past the section")
    until(lambda: "4 cells" in mark.inner_text(), "what follows to be in the section")
    notebook.press("j", "Control+Shift+ArrowUp")
    until(lambda: notebook.order() == ["a", "b", "c", "d", "f", "e"], "the section as a whole")
    notebook.press("Control+f")
    notebook.page.locator(".find input").first.fill("'d'")
    found = notebook.page.locator(".find [role=status]")
    until(lambda: "1" in found.inner_text(), "the search")
    notebook.press("Enter")
    until(lambda: notebook.cell("d").is_visible(), "what was found to be shown")


def test_source_and_output_are_hidden_where_jupyter_hides_them(
    written: Write, opened: Open
) -> None:
    notebook = opened(written("# first\nprint('seen')"))
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.press("o")
    until(lambda: "1 output hidden" in notebook.outputs("a"), "the output to hide")
    notebook.press("Control+Shift+p")
    notebook.page.keyboard.type("hide or show the source")
    notebook.press("Enter")
    hidden = notebook.cell("a").locator(".source-hidden")
    until(lambda: hidden.count() == 1, "the source to hide")
    assert "# first" in hidden.inner_text()
    hidden.click()
    until(lambda: notebook.editor("a").count() == 1, "the source")
