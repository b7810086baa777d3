"""Names, signatures, words, places, form and mistakes, with and without a kernel."""

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write

BOAT = (
    "class Boat:\n"
    "    def row(self, oars, *, fast=False):\n"
    "        'Moves the boat.'\n"
    "        return oars"
)


def offered(notebook: Notebook, name: str) -> None:
    options = notebook.page.locator(".cm-tooltip-autocomplete li .cm-completionLabel")
    until(lambda: name in options.all_inner_texts(), f"{name} among the names")


def shows(notebook: Notebook, selector: str, text: str) -> None:
    tip = notebook.page.locator(selector)
    until(lambda: tip.count() > 0 and text in tip.first.inner_text(), f"{text} in {selector}")


def test_names_are_known_before_a_kernel_is_there(written: Write, opened: Open) -> None:  # PAGE-40
    notebook = opened(written(BOAT, "boat = Boat()", ""))
    keyboard = notebook.page.keyboard
    notebook.cell("c").locator(".cell-source").click()
    keyboard.type("boat.")
    offered(notebook, "row")
    notebook.page.locator(".cm-tooltip-autocomplete li", has_text="row").click()
    until(lambda: notebook.source("c") == "boat.row", "the name")
    keyboard.type("(2, ")
    shows(notebook, ".signature", "row(oars, *, fast=False)")
    given = notebook.page.locator(".signature b")
    until(lambda: given.inner_text() == "fast=False", "the parameter behind the comma")
    notebook.press("Escape")
    until(lambda: notebook.page.locator(".signature").count() == 0, "the signature to go")
    notebook.press("Home", "ArrowRight", "F12")
    until(lambda: notebook.active() == "b", "the definition")
    notebook.page.keyboard.press("Shift+F12")
    dialog = notebook.page.get_by_role("dialog")
    until(lambda: dialog.locator("[role=option]").count() == 2, "both uses")
    notebook.press("ArrowDown", "Enter")
    until(lambda: notebook.active() == "c", "the use")
    notebook.editor("c").get_by_text("row").hover()
    shows(notebook, ".inspection", "Moves the boat.")
    assert notebook.attribute("data-kernel") == "none"


def test_names_come_while_a_cell_runs_each_once(written: Write, opened: Open) -> None:
    notebook = opened(
        written("import time\nliving_name = 1\nwhile True: time.sleep(.01)", "still_name = 2", "")
    )
    notebook.run("a")
    notebook.wait("a", "running")
    notebook.cell("c").locator(".cell-source").click()
    notebook.page.keyboard.type("stil")
    notebook.press("Tab")
    offered(notebook, "still_name")
    notebook.press("Control+a")
    notebook.page.keyboard.type("livin")
    notebook.press("Tab")
    offered(notebook, "living_name")
    labels = notebook.page.locator(".cm-tooltip-autocomplete .cm-completionLabel")
    assert labels.all_inner_texts().count("living_name") == 1
    notebook.press("Escape", "Escape", "i", "i")
    notebook.wait("a", "interrupted")


def test_cells_are_put_into_form_and_back(written: Write, opened: Open) -> None:  # PAGE-41
    notebook = opened(written("%time  x = {  'a':1 }\ny   =  2", "z  = (1;", "%%md\n#  Title"))
    notebook.cell("a").locator(".cell-source").click()
    notebook.press("Shift+Alt+F")
    until(lambda: notebook.source("a") == "%time  x = {  'a':1 }\ny = 2", "the form")
    notebook.press("Control+z")
    until(lambda: notebook.source("a").endswith("y   =  2"), "the text from before")
    notebook.press("Escape", "Control+Shift+p")
    notebook.page.keyboard.type("format all")
    notebook.press("Enter")
    until(lambda: notebook.source("a").endswith("y = 2"), "the form")
    notice = notebook.page.locator(".notice", has_text="Cell 2, line 1")
    until(lambda: notice.count() == 1, "what is wrong in the second cell")
    assert notebook.source("b") == "z  = (1;"
    notebook.select("a")
    notebook.press("z")
    until(lambda: notebook.source("a").endswith("y   =  2"), "the text from before")


def test_mistakes_are_underlined_where_that_is_wanted(written: Write, opened: Open) -> None:
    notebook = opened(written("known = 1", "known + unknwon"))  # PAGE-42
    notebook.page.evaluate(
        """async () => {
          const me = await (await fetch('/api/v1/me')).json();
          const headers = {'content-type': 'application/json', 'x-tailrace-token': me.token};
          const body = JSON.stringify({find_mistakes: true});
          await fetch('/api/v1/settings', {method: 'PUT', headers, body});
        }"""
    )
    try:
        notebook.page.reload()
        wrong = notebook.page.locator(".cm-mistake")
        until(lambda: wrong.all_inner_texts() == ["unknwon"], "the name nobody defined")
        wrong.hover()
        shows(notebook, ".mistake-words", "Undefined name")
        notebook.type_into("a", "unknwon = 1\nknown = 1")
        until(lambda: wrong.count() == 0, "nothing to be wrong")
    finally:
        notebook.page.evaluate(
            """async () => {
              const me = await (await fetch('/api/v1/me')).json();
              const headers = {'content-type': 'application/json', 'x-tailrace-token': me.token};
              const body = JSON.stringify({find_mistakes: null});
              await fetch('/api/v1/settings', {method: 'PUT', headers, body});
            }"""
        )
