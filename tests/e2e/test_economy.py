"""What the page does not do: load, draw or touch more than what was asked for (no timings)."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import Open, Server, Write

FIRST_LOAD_BYTES = 600_000
FIRST_LOAD_REQUESTS = 30

# Which cells' elements change; and whether lines are replaced in an editor.
WATCH_CELLS = """() => {
  window.touched = new Set();
  window.lines = 0;
  new MutationObserver(records => {
    for (const {target, type} of records) {
      const element = target instanceof Element ? target : target.parentElement;
      const cell = element?.closest("[data-cell-id]");
      if (cell) window.touched.add(cell.dataset.cellId);
      if (type === "childList" && element?.matches(".cm-content")) window.lines += 1;
    }
  }).observe(document.querySelector(".cells"),
    {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def touched(page: Page) -> set[str]:
    return set(page.evaluate("[...window.touched]"))


@pytest.fixture
def two_hundred(server: Server, request: pytest.FixtureRequest) -> str:
    cells: list[dict[str, object]] = [
        {
            "id": f"n{number}",
            "metadata": {},
            "cell_type": "code",
            "execution_count": None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": f"{number}\n"}],
            "source": f"print({number})",
        }
        for number in range(200)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    name = f"{request.node.name}.ipynb"
    (server.folder / name).write_text(json.dumps(notebook))
    return name


def test_the_first_load_is_small_and_asks_nobody_else(  # PAGE-25
    server: Server, chromium: Browser, written: Write
) -> None:
    name = written("%%md\n# Words\n\n*and more*", "1 + 1")
    with reader(chromium, server.login) as page:
        cdp = page.context.new_cdp_session(page)
        asked: dict[str, str] = {}  # addresses by the id of their request
        sizes: dict[str, float] = {}
        missing: dict[str, float] = {}  # of the bodies of answers that say how long they are
        ends: set[str] = set()

        def answered(event: dict[str, Any]) -> None:
            sizes[event["requestId"]] = event["response"]["encodedDataLength"]
            length = event["response"]["headers"].get("content-length", "inf")
            missing[event["requestId"]] = float(length)

        def came(event: dict[str, Any]) -> None:
            sizes[event["requestId"]] += event["encodedDataLength"]
            missing[event["requestId"]] -= event["encodedDataLength"]

        def ended(event: dict[str, Any]) -> None:
            sizes[event["requestId"]] = event.get("encodedDataLength", 0)
            ends.add(event["requestId"])

        cdp.on(
            "Network.requestWillBeSent",
            lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
        )
        cdp.on("Network.responseReceived", answered)
        cdp.on("Network.dataReceived", came)
        cdp.on("Network.loadingFinished", ended)
        cdp.on("Network.loadingFailed", ended)
        cdp.send("Network.enable")
        cdp.send("Network.clearBrowserCache")
        page.goto(server.notebook(name))
        page.locator('[data-cell-id="b"] .cm-content').click()
        page.keyboard.type("x = ")
        until(lambda: "x = " in page.locator('[data-cell-id="b"]').inner_text(), "the letters")
        page.locator('[data-cell-id="a"] h1').wait_for()
        page.wait_for_load_state("load")
        page.evaluate("new Promise(resolve => requestIdleCallback(resolve))")
        # Once in forty loads Chromium does not tell of the end of what has come whole.
        with suppress(AssertionError):
            until(lambda: page.evaluate("1") and asked.keys() <= ends, patience_s=5)
        whole = {request for request, left in missing.items() if left <= 0}
        assert [asked[request] for request in asked.keys() - ends - whole] == []

    fetched = [url for url in asked.values() if not url.startswith(("data:", "blob:"))]
    assert {urlsplit(url).netloc for url in fetched} == {urlsplit(server.base).netloc}
    assert len(fetched) <= FIRST_LOAD_REQUESTS, fetched
    assert 100_000 < sum(sizes.values()) <= FIRST_LOAD_BYTES


def test_a_key_touches_its_own_cell_and_no_other(  # PAGE-26
    opened: Open, two_hundred: str
) -> None:
    notebook = opened(two_hundred)
    page = notebook.page
    notebook.cell("n2").locator(".cm-content").click()
    until(lambda: _is_calm(notebook), "the editors")
    page.evaluate(WATCH_CELLS)
    page.keyboard.type("abcdef")
    until(lambda: "abcdef" in notebook.source("n2"), "the letters")
    assert touched(page) == {"n2"}
    assert page.evaluate("window.lines") == 0, "the lines were made anew"


def test_a_run_touches_the_cell_that_runs_and_the_next(  # PAGE-26
    opened: Open, two_hundred: str
) -> None:
    notebook = opened(two_hundred)
    page = notebook.page
    notebook.run("n0", "1 + 1")  # the kernel starts
    until(lambda: "2" in notebook.outputs("n0"), "the kernel")
    notebook.cell("n2").locator(".cm-content").click()
    until(lambda: _is_calm(notebook), "the editors")
    page.mouse.move(2, 500)  # what a pointer passes over is no part of this
    title = page.title()
    page.evaluate(WATCH_CELLS)
    page.keyboard.press("Shift+Enter")
    notebook.wait("n2", "finished")
    until(lambda: notebook.outputs("n2").strip() == "2", "the output")
    until(lambda: notebook.active() == "n3", "the next cell")
    assert touched(page) <= {"n2", "n3"}
    assert page.title() == title


def test_what_was_passed_by_goes_again(opened: Open, two_hundred: str) -> None:  # PAGE-27
    notebook = opened(two_hundred)
    page = notebook.page
    for _ in range(3):
        notebook.press("Control+ArrowDown")
        until(lambda: notebook.cell("n199").locator(".cm-content").count() == 1, "the last cell")
        assert page.locator(".cell-group:not([data-far])").count() <= 4
        assert page.locator("[data-cell-id][data-near]").count() < 80
        assert page.evaluate("document.querySelectorAll('*').length") < 4_000
        notebook.press("Control+ArrowUp")
        until(lambda: notebook.cell("n0").locator(".cm-content").count() == 1, "the first cell")


def _is_calm(notebook: Notebook) -> bool:
    """Whether every cell on the screen has its editor, and none but the one in use its tools."""
    return bool(
        notebook.page.evaluate(
            """[...document.querySelectorAll("[data-cell-id]")].every(cell => {
              if (!cell.matches("[data-active]") && cell.querySelector(".cell-grip")) return false;
              const {top, bottom} = cell.getBoundingClientRect();
              if (bottom < -350 || top > innerHeight + 350) return true;
              return cell.querySelector(".cm-content") !== null;
            })"""
        )
    )
