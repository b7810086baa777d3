"""The debugger on the page: breakpoints by a press, the code seen standing, and going on."""

from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write

LOOP = """\
def double(x):
    y = x * 2
    return y

total = 0
for n in range(3):
    total += double(n)
    print("line", total)
"""


def panel(notebook: Notebook) -> Locator:
    return notebook.page.locator("[data-panel=debugger]")


def start(notebook: Notebook) -> None:
    """A kernel, and the debugger on."""
    notebook.run("b")
    notebook.wait("b", "finished")
    notebook.page.get_by_role("button", name="Debugger", exact=True).first.click()
    panel(notebook).get_by_text("On. Cells stop at breakpoints.").wait_for()


def press_beside(notebook: Notebook, cell_id: str, line: int) -> None:
    gutter = notebook.cell(cell_id).locator(".cm-breakpoints .cm-gutterElement")
    gutter.nth(line).click()  # the first is a spacer


def standing(notebook: Notebook) -> str:
    found = notebook.page.locator(".cm-line.standing")
    return found.first.inner_text() if found.count() else ""


def variables(notebook: Notebook) -> str:
    return panel(notebook).locator(".debugger-variables").first.inner_text()


def test_a_breakpoint_stops_the_cell_and_steps_go_on(
    written: Write, opened: Open
) -> None:  # KER-51, KER-52, PAGE-60, PAGE-61
    name = written(LOOP, "kept = {'deep': [1, 2]}")
    notebook = opened(name)
    start(notebook)
    press_beside(notebook, "a", 2)
    until(lambda: "Cell 1, line 2" in panel(notebook).inner_text(), "the breakpoint in the list")

    notebook.run("a")
    until(lambda: standing(notebook) == "    y = x * 2", "the code to stand")
    stack = panel(notebook).get_by_label("Call stack")
    assert [row.inner_text().split() for row in stack.get_by_role("button").all()] == [
        ["double", "Cell", "1,", "line", "2"],
        ["<module>", "Cell", "1,", "line", "7"],
    ]
    until(lambda: "x\n0" in variables(notebook), "the frame's variables")

    # What there is inside is asked for when it is opened; anything can be evaluated.
    panel(notebook).get_by_label("Evaluate an expression in this frame").fill("kept, x + 40")
    notebook.press("Enter")
    result = panel(notebook).get_by_label("Result")
    until(lambda: "40)" in result.inner_text(), "the result")
    result.get_by_role("button").first.click()
    until(lambda: "1\n40" in result.inner_text(), "what is inside")

    # A second page sees the same, and so does this one after a reload.
    other = opened(name)
    until(lambda: standing(other) == "    y = x * 2", "the other page to show it too")
    notebook.page.reload()
    until(lambda: standing(notebook) == "    y = x * 2", "the page to come back stopped")

    notebook.press("F10")
    until(lambda: standing(notebook) == "    return y", "a step over")
    until(lambda: standing(other) == "    return y", "the step on the other page")
    notebook.press("Shift+F11")
    until(lambda: standing(notebook).strip().startswith("total +="), "a step out")
    stack.get_by_role("button").first.wait_for()
    notebook.press("F5")
    until(lambda: standing(notebook) == "    y = x * 2", "the second round")
    until(lambda: "x\n1" in variables(notebook), "its variables")
    assert "line 0" in notebook.outputs("a")

    # Without the breakpoint it runs to its end.
    press_beside(notebook, "a", 2)
    dots = other.cell("a").locator(".breakpoint")
    until(lambda: dots.count() == 1, "the other page to show none but the spacer")
    notebook.press("F5")
    notebook.wait("a", "finished")
    assert notebook.printed("a", "line") == [0, 2, 6]
    assert standing(notebook) == ""


def test_breakpoints_follow_edits_and_an_interrupt_ends_what_stands(
    written: Write, opened: Open
) -> None:  # KER-53, PAGE-62
    notebook = opened(written("x = 1\nprint('on', x)\nwhile True: pass", "1"))
    start(notebook)
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Control+Home", "ArrowDown", "F9", "Control+Home")
    notebook.page.keyboard.insert_text("# a line more\n")
    notebook.press("Control+Enter")
    until(lambda: standing(notebook) == "print('on', x)", "the code to stand on the moved line")
    assert "Cell 1, line 3" in panel(notebook).inner_text()

    panel(notebook).get_by_label("Stop: interrupt the cell").click()
    notebook.wait("a", "interrupted")
    assert standing(notebook) == ""

    # A kernel that is restarted knows none of them, and a page that is reloaded asks it.
    notebook.press("Escape", "0", "0")
    notebook.page.get_by_role("dialog").get_by_role("button", name="Restart", exact=True).click()
    notebook.page.get_by_role("button", name="Kernel: Idle").wait_for()
    notebook.page.reload()
    panel(notebook).get_by_role("button", name="Turn on").click()
    # One that is set while it starts is there, too.
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Control+End", "F9")
    until(lambda: "On." in panel(notebook).inner_text(), "the debugger")
    until(lambda: "Cell 1, line 4" in panel(notebook).inner_text(), "the new breakpoint")
    assert "Cell 1, line 3" in panel(notebook).inner_text()
    notebook.run("a")
    until(lambda: standing(notebook) == "print('on', x)", "the code to stand after all that")
    notebook.press("Shift+F5")
    notebook.wait("a", "interrupted")

    # Errors stop too, where that is wanted; turned off, nothing stops.
    panel(notebook).get_by_label("Stop where an error is raised").check()
    notebook.run("b", "z = 5\n1 / 0")
    until(lambda: standing(notebook) == "1 / 0", "the code to stand at its error")
    until(lambda: "z\n5" in variables(notebook), "its variables")
    panel(notebook).get_by_role("button", name="Turn off").click()
    notebook.wait("b", "failed")
    notebook.run("b", "print('runs', z)")
    notebook.wait("b", "finished")
    assert "runs 5" in notebook.outputs("b")
