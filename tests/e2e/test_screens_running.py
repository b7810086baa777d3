"""A flood of lines and the panels beside it: pictures in `artifacts/screens`, and their faults."""

from tests.e2e.browser import until
from tests.e2e.conftest import Server
from tests.e2e.gallery import open_notebook, place, state
from tests.e2e.studio import Screen

PANELS = ["contents", "variables", "history", "kernel"]
FILLED = {"variables": ".panel-foot", "history": ".panel-foot"}


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


def test_a_flood_runs_and_the_panels_look_on(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    desk = open_notebook(rivers.base, screens[0], "flood.ipynb")
    place(desk, "last").locator(".cell-source").click()
    desk.keyboard.press("Control+Enter")
    until(lambda: state(desk, "last") == "finished", "a variable")
    desk.get_by_label("Run all", exact=True).click()
    open_notebook(rivers.base, screens[1], "flood.ipynb")
    for seen in screens:
        output = place(seen.page, "flood").locator("[data-outputs]")
        until(lambda output=output: output.locator(".fold").count() > 0, "a long output")
        seen.look("flood")
        output.locator(".fold").get_by_role("button").first.click()
        seen.page.wait_for_selector(".log-row")
        seen.look("flood-whole", part="[data-cell-id=flood]")
    desk.get_by_label("Interrupt", exact=True).click()
    until(lambda: state(desk, "flood") == "interrupted", "the end of it")
    for seen in screens:
        for name in PANELS:
            open_panel(seen, name)
            seen.page.wait_for_selector(FILLED.get(name, ".panel-body"))
            seen.look(f"panel-{name}", part=".panel")
