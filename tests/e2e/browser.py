"""A browser on the page, and the words in which the stories of these tests are told.

The page's policy forbids `eval`, so waiting is done from here: a claim is asked again and
again until it holds. Nothing sleeps for a fixed time.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

# Debian's headless build first: it draws the same at two thirds of the work.
NAMES = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
T = TypeVar("T")

# What is asked of an editor is its text, not the hint it shows while it is empty.
SOURCE_OF = """element => {
  const lines = [...element.querySelectorAll(".cm-line")];
  if (lines.length === 0) return element.textContent;
  const isHint = line => line.querySelector(".cm-placeholder") !== null;
  return lines.map(line => isHint(line) ? "" : line.textContent).join("\\n");
}"""
PATIENCE_S = 30.0
STEP_S = 0.03


def launched(playwright: Playwright) -> Browser:
    """Debian's Chromium where it is installed, else Playwright's own."""
    found = (shutil.which(name) for name in NAMES)
    path = next((path for path in found if path is not None), None)
    if path is None:
        return playwright.chromium.launch(args=FLAGS)
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def until(claim: Callable[[], T], what: str = "", patience_s: float = PATIENCE_S) -> T:
    """The first true answer of `claim`."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = claim()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s for: {what or claim}; got {answer!r}")
        time.sleep(STEP_S)


class Notebook:
    """One page that shows a notebook."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(address)
        page.wait_for_selector("[data-cell-id]")
        until(lambda: self.attribute("data-connection") == "open", "a connection")

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def attribute(self, name: str) -> str | None:
        return self.page.locator("body").get_attribute(name)

    def cell(self, cell_id: str) -> Locator:
        return self.page.locator(f'[data-cell-id="{cell_id}"]')

    def state(self, cell_id: str) -> str | None:
        return self.cell(cell_id).get_attribute("data-execution")

    def order(self) -> list[str]:
        cells = self.page.locator("[data-cell-id]")
        return list(cells.evaluate_all("cells => cells.map(cell => cell.dataset.cellId)"))

    def editor(self, cell_id: str) -> Locator:
        return self.cell(cell_id).locator(".cm-content")

    def source(self, cell_id: str) -> str:
        """The text of a cell, whether it stands in an editor or not."""
        return str(self.cell(cell_id).locator(".cell-source").evaluate(SOURCE_OF))

    def outputs(self, cell_id: str) -> str:
        found = self.cell(cell_id).locator("[data-outputs]")
        return found.inner_text() if found.count() else ""

    def printed(self, cell_id: str, stem: str) -> list[int]:
        """The numbers of the lines `<stem> <number>` under a cell, in their order."""
        return [int(n) for n in re.findall(rf"^{stem} (\d+)$", self.outputs(cell_id), re.M)]

    def wait(self, cell_id: str, *states: str) -> None:
        until(lambda: self.state(cell_id) in states, f"{cell_id} to be {states}")

    def type_into(self, cell_id: str, text: str) -> None:
        """Replaces what the cell holds."""
        self.cell(cell_id).locator(".cell-source").click()
        self.press("Control+a", "Delete")
        self.page.keyboard.insert_text(text)

    def select(self, cell_id: str) -> None:
        """Makes the cell active, in command mode."""
        self.cell(cell_id).locator(".cell-source").click()
        self.page.keyboard.press("Escape")
        until(lambda: self.is_active(cell_id), f"{cell_id} to be active")

    def is_active(self, cell_id: str) -> bool:
        return self.cell(cell_id).get_attribute("data-active") is not None

    def active(self) -> str | None:
        return self.page.locator("[data-cell-id][data-active]").get_attribute("data-cell-id")

    def run(self, cell_id: str, text: str | None = None) -> None:
        if text is None:
            self.select(cell_id)
        else:
            self.type_into(cell_id, text)
        self.page.keyboard.press("Control+Enter")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


def log_in(context: BrowserContext, address: str) -> None:
    """Gets the cookie that a page at this address would be given, without drawing the page."""
    answer = context.request.get(address)
    assert answer.ok, f"{address}: {answer.status} {answer.text()[:200]}"
    answer.dispose()


@contextmanager
def reader(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A browser of its own: cookies, storage and window, an empty page. Logged in by `address`."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, **options)
    try:
        log_in(context, address)
        yield context.new_page()
    finally:
        context.close()
