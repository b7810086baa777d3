"""Home, its viewers, and what is empty or in the way: pictures in `artifacts/screens`."""

from tests.e2e.browser import log_in, until
from tests.e2e.conftest import Server, made_server
from tests.e2e.gallery import open_notebook
from tests.e2e.studio import Screen

MIDDLES = """all => all.map(one => {
  const { y, height } = one.getBoundingClientRect();
  return y + height / 2;
})"""


def test_what_is_empty_teaches_and_can_be_told_to_stop(
    rivers: Server, screens: list[Screen]
) -> None:
    """PAGE-50, PAGE-56"""
    for seen in screens:
        open_notebook(rivers.base, seen, "empty.ipynb")
        seen.look("empty-notebook")
        seen.page.goto(f"{rivers.base}/?path=nothing")
        seen.page.wait_for_selector(".home-empty")
        seen.look("empty-folder")
        page = open_notebook(rivers.base, seen, "begin.ipynb")
        page.wait_for_selector(".hints")
        seen.look("first-cell")
    page.get_by_role("button", name="Do not show again").click()
    until(lambda: page.locator(".hints").count() == 0, "no hints")
    desk = open_notebook(rivers.base, screens[0], "begin.ipynb")
    until(lambda: desk.locator(".hints").count() == 0, "none in the other browser")


def test_home_and_its_viewers(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        page = seen.page
        page.goto(f"{rivers.base}/?path=rivers")
        page.wait_for_selector(".files li")
        seen.look("home")
        if seen.size == "desk":
            rows = page.locator(".home-head > *:visible").evaluate_all(MIDDLES)
            assert max(rows) - min(rows) < 4, "what one does with files stands in one row"
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
    desk = open_notebook(rivers.base, screens[0], "morning.ipynb")
    desk.get_by_label("Run all", exact=True).click()
    until(lambda: desk.locator("body").get_attribute("data-kernel") == "dead", "a dead kernel")
    (rivers.folder / "rivers" / "morning.ipynb").write_text("not a notebook any more")
    for seen in screens:
        page = open_notebook(rivers.base, seen, "morning.ipynb")
        until(lambda page=page: page.locator(".banner").count() == 2, "both banners")
        seen.look("banners")


def test_who_is_not_logged_in_is_told_how(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    for seen in screens:
        seen.page.context.clear_cookies()
        seen.page.goto(f"{rivers.base}/login")
        seen.look("login")


def test_a_server_that_is_gone_is_told(screens: list[Screen]) -> None:
    """PAGE-50"""
    with made_server() as server:
        name = server.write("begin.ipynb", "")
        for seen in screens:
            log_in(seen.page.context, server.login)
            seen.page.goto(server.notebook(name))
            seen.page.wait_for_selector(".cells-end")
            seen.expect("ERR_CONNECTION_REFUSED")
        server.stop()
        for seen in screens:
            seen.page.wait_for_selector(".banner")
            seen.look("gone")
