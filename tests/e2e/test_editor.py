"""What hands expect of an editor, by keyboard and by finger."""

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Write


def test_several_cursors_comments_folds_and_splits(written: Write, opened: Open) -> None:
    notebook = opened(written("old = 1\nprint(old)\nif old:\n    pass\n    pass"))
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Control+Home", "Control+d", "Control+d")
    notebook.page.keyboard.type("new")
    until(lambda: notebook.source("a").startswith("new = 1\nprint(new)\nif old"), "both places")
    notebook.press("Escape")
    assert notebook.cell("a").get_attribute("data-editing") is not None
    notebook.press("Control+Home", "Control+/")
    assert notebook.source("a").startswith("# new = 1")
    notebook.press("Control+/", "Control+End", "ArrowUp", "ArrowUp", "Control+Shift+{")
    until(lambda: notebook.cell("a").locator(".cm-foldPlaceholder").count() == 1, "the fold")
    notebook.press("Control+Shift+}", "Control+Home", "End", "ArrowRight", "Control+Alt+ArrowDown")
    notebook.press("Control+Shift+-")
    until(lambda: len(notebook.order()) == 3, "a cut at each cursor")
    assert [notebook.source(cell) for cell in notebook.order()] == [
        "new = 1",
        "print(new)",
        "if old:\n    pass\n    pass",
    ]
    notebook.press("Escape", "z")
    until(lambda: len(notebook.order()) == 1, "one step back")


def test_undo_is_each_cells_own(written: Write, opened: Open) -> None:
    notebook = opened(written("one", "two"))
    for cell in ("a", "b"):
        notebook.cell(cell).locator(".cell-source").click()
        notebook.press("End")
        notebook.page.keyboard.type("!")
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Control+z")
    until(lambda: notebook.source("a") == "one", "the first cell's text")
    assert notebook.source("b") == "two!"


def test_a_notebook_is_read_run_and_edited_by_finger(written: Write, opened: Open) -> None:
    notebook = opened(
        written("1", "%%md\n# Words", "1 / 0"),
        has_touch=True,
        is_mobile=True,
    )
    page = notebook.page
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    notebook.cell("a").locator(".cell-source").tap()
    page.keyboard.type("+ 41 #")
    notebook.cell("a").locator(".cell-run").tap()
    until(lambda: notebook.outputs("a").strip() == "42", "the result")
    notebook.cell("a").get_by_role("button", name="Cell actions").tap()
    page.get_by_role("menuitem", name="Move down").tap()
    until(lambda: notebook.order() == ["b", "a", "c"], "the cell to move")
    notebook.run("c")
    notebook.wait("c", "failed")
    for button in notebook.cell("c").locator("[data-outputs] button").all():
        button.tap(trial=True, timeout=5_000)  # none lies over another
    for button in page.locator(".bar button:visible, .bar a:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.get_by_label("All commands").tap()
    page.get_by_label("Find a command").fill("settings")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Settings").wait_for()


def test_a_press_on_text_that_has_no_editor_yet_types_in_it(written: Write, opened: Open) -> None:
    """PAGE-27: on a busy machine editors are late; whoever presses there is not."""
    notebook = opened(written("first = 1", "second = 2", "third = 3"))
    page = notebook.page
    page.add_init_script("window.requestIdleCallback = () => 0")
    page.reload()
    still = notebook.cell("b").locator(".cell-source pre.code")
    still.wait_for()
    still.click()
    notebook.press("Control+a", "Delete")
    page.keyboard.insert_text("typed = True")
    until(lambda: notebook.source("b") == "typed = True", "what was typed")
    assert notebook.order() == ["a", "b", "c"]
    assert page.evaluate("document.activeElement.matches('.cm-content')")
