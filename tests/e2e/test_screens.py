"""Every screen in both themes, on a desk and in a hand: pictures, and what is wrong with them.

The pictures are in `artifacts/screens`. Each story brings both windows to the same place; the
claims that hold for all of them are in `studio.py`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.e2e.browser import until
from tests.e2e.conftest import Server
from tests.e2e.gallery import lay_out
from tests.e2e.studio import PICTURES, Screen, screen


@pytest.fixture(scope="module")
def rivers() -> Iterator[Server]:
    """A server with files of its own, so that the pictures show nobody else's."""
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as place:
        folder, home = Path(place, "files"), Path(place, "home")
        folder.mkdir()
        lay_out(folder)
        PICTURES.mkdir(parents=True, exist_ok=True)
        server = Server(folder, home)
        try:
            yield server
        finally:
            server.stop()
            subprocess.run(
                [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all"],
                env={**os.environ, "TAILRACE_HOME": str(home)},
                check=False,
                capture_output=True,
            )


@pytest.fixture
def screens(rivers: Server, chromium: Browser) -> Iterator[list[Screen]]:
    """A desk and a hand."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(screen(chromium, rivers.login, "desk")),
            stack.enter_context(screen(chromium, rivers.login, "phone")),
        ]


def open_notebook(server: Server, seen: Screen, name: str) -> Page:
    page = seen.page
    page.goto(server.notebook(f"rivers/{name}"))
    until(lambda: page.locator("body").get_attribute("data-connection") == "open", "a connection")
    page.wait_for_selector(".cells-end")
    return page


def place(page: Page, cell: str) -> Locator:
    return page.locator(f'[data-cell-id="{cell}"]')


def state(page: Page, cell: str) -> str | None:
    return place(page, cell).get_attribute("data-execution")


def bring(page: Page, cell: str) -> Locator:
    """Scrolls a cell to the top; it is there, and so are the drawings in it."""
    found = place(page, cell)
    found.evaluate("cell => cell.scrollIntoView({ block: 'start' })")
    until(lambda: found.get_attribute("data-near") is not None, "the cell to be made")
    frames = found.locator("iframe")
    until(
        lambda: all(
            (frame.bounding_box() or {"height": 0})["height"] > 10 for frame in frames.all()
        ),
        "the drawings",
    )
    return found


def test_the_notebook_with_every_kind_of_output(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    desk = open_notebook(rivers, screens[0], "Rivers of Europe.ipynb")
    desk.get_by_label("Run all", exact=True).click()
    # The failure ends the run; what follows it is run by itself.
    until(lambda: state(desk, "question") == "interrupted", "the failure")
    bring(desk, "question").locator(".cell-source").click()
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector(".prompt")
    for seen in screens:
        page = seen.page
        if page != desk:
            open_notebook(rivers, seen, "Rivers of Europe.ipynb")
        for cell in ("words", "plot", "rich"):
            bring(page, cell)
            seen.look(f"notebook-{cell}")
        bring(page, "question")
        page.wait_for_selector(".prompt")
        seen.look("notebook-question")


def test_what_lies_over_the_notebook(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        page = open_notebook(rivers, seen, "Rivers of Europe.ipynb")
        place(page, "words").press("Control+Shift+P")
        page.wait_for_selector(".palette")
        seen.look("palette")
        page.keyboard.press("Escape")
        page.keyboard.press("h")
        page.wait_for_selector("dialog .sheet")
        seen.look("shortcuts")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+,")
        page.wait_for_selector("dialog .settings")
        seen.look("settings")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+h")
        page.get_by_label("Find in this notebook").fill("station")
        until(lambda page=page: page.locator(".find-count").inner_text() != "", "the count")
        seen.look("find")
        page.keyboard.press("Escape")
        cell = bring(page, "text")
        cell.hover()
        cell.locator(".cell-menu").click()
        seen.look("menu")
        page.keyboard.press("Escape")


def open_panel(seen: Screen, name: str) -> None:
    """By the rail on a desk; in a hand by the header's button, then the panel's own tabs."""
    page = seen.page
    if seen.size == "phone" and page.locator(".panel").count() == 0:
        page.locator("header").get_by_label("Panels", exact=True).click()
        page.wait_for_selector(".panel")
    if page.locator(f".panel[data-panel={name}]").count() == 0:
        tabs = page.locator(".side-rail" if seen.size == "desk" else ".panel-tabs")
        tabs.get_by_role("button").nth(PANELS.index(name)).click()
    page.wait_for_selector(f".panel[data-panel={name}]")


PANELS = ["contents", "variables", "history", "kernel"]
FILLED = {"variables": ".panel-foot", "history": ".panel-foot"}


def test_a_flood_runs_and_the_panels_look_on(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    desk = open_notebook(rivers, screens[0], "flood.ipynb")
    place(desk, "last").locator(".cell-source").click()
    desk.keyboard.press("Control+Enter")
    until(lambda: state(desk, "last") == "finished", "a variable")
    desk.get_by_label("Run all", exact=True).click()
    open_notebook(rivers, screens[1], "flood.ipynb")
    for seen in screens:
        output = place(seen.page, "flood").locator("[data-outputs]")
        until(lambda output=output: output.locator(".fold").count() > 0, "a long output")
        seen.look("flood")
        output.locator(".fold").get_by_role("button").first.click()
        seen.page.wait_for_selector(".log-row")
        seen.look("flood-whole")
    desk.get_by_label("Interrupt", exact=True).click()
    until(lambda: state(desk, "flood") == "interrupted", "the end of it")
    for seen in screens:
        for name in PANELS:
            open_panel(seen, name)
            seen.page.wait_for_selector(FILLED.get(name, ".panel-body"))
            seen.look(f"panel-{name}")


def test_what_is_empty_teaches_and_can_be_told_to_stop(
    rivers: Server, screens: list[Screen]
) -> None:
    """PAGE-50, PAGE-56"""
    for seen in screens:
        open_notebook(rivers, seen, "empty.ipynb")
        seen.look("empty-notebook")
        seen.page.goto(f"{rivers.base}/?path=nothing")
        seen.page.wait_for_selector(".home-empty")
        seen.look("empty-folder")
        page = open_notebook(rivers, seen, "begin.ipynb")
        page.wait_for_selector(".hints")
        seen.look("first-cell")
    page.get_by_role("button", name="Do not show again").click()
    until(lambda: page.locator(".hints").count() == 0, "no hints")
    desk = open_notebook(rivers, screens[0], "begin.ipynb")
    until(lambda: desk.locator(".hints").count() == 0, "none in the other browser")


def test_home_and_its_viewers(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        page = seen.page
        page.goto(f"{rivers.base}/?path=rivers")
        page.wait_for_selector(".files li")
        seen.look("home")
        page.get_by_label("Search names and contents").fill("station")
        page.wait_for_selector(".found-line")
        seen.look("home-search")
        names = ("load.py", "notes.md", "stations.csv", "config.json", "map.png")
        for name in names if seen.size == "desk" else names[1:3]:
            page.goto(f"{rivers.base}/view/rivers/{name}")
            page.wait_for_selector(".bar-name")
            page.wait_for_selector("main *")
            seen.look(f"view-{name.partition('.')[2]}")


def test_what_stands_in_the_way_is_told(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    desk = open_notebook(rivers, screens[0], "morning.ipynb")
    desk.get_by_label("Run all", exact=True).click()
    until(lambda: desk.locator("body").get_attribute("data-kernel") == "dead", "a dead kernel")
    (rivers.folder / "rivers" / "morning.ipynb").write_text("not a notebook any more")
    for seen in screens:
        page = open_notebook(rivers, seen, "morning.ipynb")
        until(lambda page=page: page.locator(".banner").count() == 2, "both banners")
        seen.look("banners")


def test_who_is_not_logged_in_is_told_how(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        seen.page.context.clear_cookies()
        seen.page.goto(f"{rivers.base}/login")
        seen.look("login")


def test_a_server_that_is_gone_is_told(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50. The last story: it ends the server."""
    for seen in screens:
        open_notebook(rivers, seen, "begin.ipynb")
        seen.expect("ERR_CONNECTION_REFUSED")
    rivers.stop()
    for seen in screens:
        seen.page.wait_for_selector(".banner")
        seen.look("gone")
