"""What lies over a notebook: pictures in `artifacts/screens`, and their faults."""

from tests.e2e.browser import until
from tests.e2e.conftest import Server
from tests.e2e.gallery import bring, open_notebook, place
from tests.e2e.studio import Screen


def test_what_lies_over_the_notebook(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        page = open_notebook(rivers.base, seen, "Rivers of Europe.ipynb")
        place(page, "words").press("Control+Shift+P")
        page.wait_for_selector(".palette")
        seen.look("palette", part="dialog")
        page.keyboard.press("Escape")
        page.keyboard.press("h")
        page.wait_for_selector("dialog .sheet")
        seen.look("shortcuts", part="dialog")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+,")
        page.wait_for_selector("dialog .settings")
        seen.look("settings", part="dialog")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+h")
        page.get_by_label("Find in this notebook").fill("station")
        until(lambda page=page: page.locator(".find-count").inner_text() != "", "the count")
        seen.look("find", part=".find")
        page.keyboard.press("Escape")
        cell = bring(page, "text")
        cell.hover()
        cell.locator(".cell-menu").click()
        seen.look("menu", part="[data-cell-id=text]")
        page.keyboard.press("Escape")
