"""What a person is told who looked elsewhere, and what comes back after a slip."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import TOKEN, Open, Server, Write


@pytest.fixture
def at_once(server: Server) -> Iterator[None]:
    """Every run of a second is long enough to be told of."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as client:
        client.put("/api/v1/settings", json={"notice_after_s": 1, "browser_notices": True})
        yield
        client.put("/api/v1/settings", json={"notice_after_s": None, "browser_notices": None})


FILLER = "\n".join(f"# {n}" for n in range(70))
WAIT = "import time; time.sleep(1.2)"


def notices(notebook: Notebook) -> str:
    return str(notebook.page.locator(".notices").inner_text())


@pytest.mark.usefixtures("at_once")
def test_a_long_cell_out_of_sight_is_told_of_when_it_ends(written: Write, opened: Open) -> None:
    notebook = opened(written(WAIT, FILLER, FILLER, "1"))
    notebook.run("a")
    notebook.wait("a", "running")
    notebook.press("Control+ArrowDown")
    until(lambda: notebook.active() == "d", "the last cell")
    until(lambda: "Cell 1 finished after 1." in notices(notebook), "the notice")
    notebook.page.get_by_role("button", name="Show").click()
    until(lambda: notebook.active() == "a", "to be led there")


@pytest.mark.usefixtures("at_once")
def test_the_browser_tells_who_looks_elsewhere(written: Write, opened: Open) -> None:
    notebook = opened(written(WAIT + "\n1/0"), permissions=["notifications"])
    notebook.page.evaluate(
        """() => {
          window.told = [];
          window.Notification = class extends EventTarget {
            static permission = "granted";
            constructor(title, { body }) { super(); window.told.push(`${title}: ${body}`); }
            close() {}
          };
          Object.defineProperty(document, "hidden", { get: () => true });
        }"""
    )
    notebook.run("a")
    told = until(lambda: notebook.page.evaluate("window.told"), "the notification")
    assert "Cell 1 failed after 1." in told[0]
    assert "ZeroDivisionError: division by zero" in told[0]


def test_the_tab_says_what_runs_and_what_failed(written: Write, opened: Open) -> None:
    notebook = opened(written("input()", "1/0"))
    name = notebook.page.title()
    notebook.run("a")
    until(lambda: notebook.page.title() == f"▸ {name}", "the sign of running")
    icon = notebook.page.locator('link[rel="icon"]')
    until(lambda: "favicon-running" in (icon.get_attribute("href") or ""), "its picture")
    field = notebook.page.locator(".prompt input")
    field.fill("x")
    field.press("Enter")
    until(lambda: notebook.page.title() == name, "nothing to run")
    notebook.run("b")
    until(lambda: notebook.page.title() == f"✕ {name}", "the sign of failure")
    until(lambda: "favicon-failed" in (icon.get_attribute("href") or ""), "its picture")
    notebook.run("b", "2")
    until(lambda: notebook.page.title() == name, "all well again")


def test_what_was_moved_split_and_merged_is_undone_with_outputs(
    written: Write, opened: Open
) -> None:
    notebook = opened(written("print('first')\nx = 1", "print('second')"))
    for cell in ("a", "b"):
        notebook.run(cell)
        notebook.wait(cell, "finished")
    notebook.select("b")
    notebook.press("Control+Shift+ArrowUp")
    until(lambda: notebook.order() == ["b", "a"], "the move")
    notebook.press("z")
    until(lambda: notebook.order() == ["a", "b"], "the move undone")
    notebook.select("a")
    notebook.press("Shift+M")
    until(lambda: notebook.order() == ["a"], "the merge")
    notebook.press("z")
    until(lambda: notebook.order() == ["a", "b"], "the merge undone")
    assert notebook.source("a") == "print('first')\nx = 1"
    until(lambda: notebook.outputs("b").strip() == "second", "the output of the one that was gone")
    notebook.select("a")
    notebook.press("Enter", "Control+Home", "End", "Control+Shift+-")
    until(lambda: len(notebook.order()) == 3, "the split")
    notebook.press("Escape", "z")
    until(lambda: notebook.order() == ["a", "b"], "the split undone")
    assert notebook.source("a") == "print('first')\nx = 1"
    until(lambda: notebook.outputs("a").strip() == "first", "its output")
    notebook.select("a")
    notebook.press("d", "d")
    until(lambda: notebook.order() == ["b"], "the cell to be gone")
    notebook.press("z")
    until(lambda: notebook.order() == ["a", "b"], "the cell again")
    until(lambda: notebook.outputs("a").strip() == "first", "its output again")
    assert notebook.state("a") == "finished"


def test_a_notebook_that_is_not_there_is_said_and_not_waited_for(
    server: Server, chromium: Browser
) -> None:
    with reader(chromium, server.login) as page:
        page.goto(server.notebook("nowhere.ipynb"))
        page.locator(".banner").wait_for()
        assert page.locator(".notebook-opening").count() == 0
