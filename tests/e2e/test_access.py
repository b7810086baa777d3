"""The page without a mouse, without sight, without colours, without motion, and on paper."""

import re

from playwright.sync_api import Page

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write
from tests.e2e.studio import WIDTH

FOCUSED = "document.activeElement.ariaLabel || document.activeElement.textContent"
MOVING = "document.getAnimations().filter(each => each.playState === 'running').length"


def focused(page: Page) -> str:
    return str(page.evaluate(FOCUSED))


def announced(notebook: Notebook) -> str:
    return str(notebook.page.locator("[data-announcer]").inner_text())


def test_the_keyboard_alone_reaches_everything(written: Write, opened: Open) -> None:
    """PAGE-51"""
    notebook = opened(written("1", "2"))
    page = notebook.page
    until(lambda: notebook.active() == "a", "the first cell")
    page.get_by_label("All files").focus()
    notebook.press("Shift+Tab")
    assert focused(page) == "Skip to the content"
    notebook.press("Enter")
    assert focused(page).startswith("Code cell 1.")
    # A cell is one stop, too, and no trap: Enter leads into its text, Tab past it.
    passed = []
    for _ in range(20):
        notebook.press("Tab")
        passed.append(focused(page))
        assert notebook.cell("a").get_attribute("data-editing") is None
    assert {"Code", "Markdown", "Contents"} <= set(passed)
    # A toolbar is one stop; arrows go along it and come back at its end.
    page.get_by_label("Run", exact=True).focus()
    notebook.press("ArrowRight")
    assert focused(page) == "Run all"
    notebook.press("Home", "ArrowLeft")
    assert focused(page) == "Settings (Ctrl+,)"
    notebook.press("Tab")
    assert page.locator(":focus").evaluate("element => !element.closest('[role=toolbar]')")
    notebook.press("Shift+Tab")
    assert focused(page) == "Settings (Ctrl+,)"
    # A dialog keeps the focus, and gives it back.
    notebook.press("Enter")
    page.wait_for_selector("dialog .settings")
    for _ in range(4):
        notebook.press("Shift+Tab")
        inside = "!!document.activeElement.closest('dialog') || document.activeElement.tagName"
        assert page.evaluate(inside) in (True, "BODY")  # the browser's own bar is between
    notebook.press("Escape")
    until(lambda: focused(page) == "Settings (Ctrl+,)", "the focus to be back")
    # A menu is gone through by arrows, and gives the focus back.
    chip = page.locator(".kernel-chip")
    chip.focus()
    notebook.press("Enter")
    until(lambda: page.locator(":focus").get_attribute("role") == "menuitem", "an entry")
    notebook.press("End")
    assert focused(page) != ""
    notebook.press("Escape")
    until(lambda: focused(page).startswith("Kernel"), "the chip")


def test_what_happened_is_said_politely(written: Write, opened: Open) -> None:
    """PAGE-52"""
    notebook = opened(written("1", "1/0", "input('Who? ')"))
    notebook.run("a")
    until(lambda: announced(notebook).startswith("Cell 1 finished"), "the end of the first")
    assert notebook.cell("a").get_attribute("aria-label").startswith("Code cell 1. Finished")
    notebook.run("b")
    until(lambda: "Cell 2 failed" in announced(notebook), "the failure")
    assert "ZeroDivisionError" in announced(notebook)
    notebook.run("c")
    until(lambda: announced(notebook) == "Cell 3 asks: Who?", "the question")


def test_the_chosen_theme_is_there_before_the_page_is(
    server: Server, written: Write, opened: Open
) -> None:
    """PAGE-53"""
    notebook = opened(written("1"), color_scheme="light")
    page = notebook.page
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    until(lambda: page.evaluate(ground) != light, "the system's theme, at once")
    page.emulate_media(color_scheme="light")
    page.evaluate("localStorage.setItem('tailrace.theme', 'dark')")
    # Without the script that draws the page, its ground has the right colour already.
    page.route(re.compile(r"/assets/.*\.js$"), lambda route: route.abort())
    page.reload(wait_until="commit")
    page.wait_for_selector("#app", state="attached")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    notebook.problems.clear()  # the scripts that were kept away


def test_nothing_moves_for_who_asked_for_rest(written: Write, opened: Open) -> None:
    """PAGE-54"""
    notebook = opened(written("input()", "2"), reduced_motion="reduce")
    notebook.run("a")
    notebook.wait("a", "running")
    notebook.cell("a").locator(".prompt").wait_for()
    until(lambda: notebook.page.evaluate(MOVING) == 0, "rest")
    notebook.page.emulate_media(reduced_motion="no-preference")
    until(lambda: notebook.page.evaluate(MOVING) > 0, "what flows")


def test_the_page_is_read_at_four_times_the_size_and_in_two_colours(
    written: Write, opened: Open
) -> None:
    """PAGE-54"""
    notebook = opened(written("print('x' * 300)", "%%md\n# Words\n" + "word " * 80))
    page = notebook.page
    notebook.run("a")
    notebook.wait("a", "finished")
    for width in (720, 320):  # 1280 pixels at 200 and at 400 percent
        page.set_viewport_size({"width": width, "height": 512})
        assert page.evaluate(WIDTH) == width
    page.emulate_media(forced_colors="active")
    notebook.select("a")
    bar = "getComputedStyle(document.querySelector('.cell[data-active]'), '::before')"
    ground = "getComputedStyle(document.documentElement)"
    assert page.evaluate(f"{bar}.backgroundColor") != page.evaluate(f"{ground}.backgroundColor")


def test_from_a_phone_to_a_wall_nothing_is_out_of_reach(written: Write, opened: Open) -> None:
    """PAGE-66"""
    notebook = opened(written("input()", "%%md\n" + "a word " * 200))
    page = notebook.page
    notebook.run("a")
    page.wait_for_selector(".bar-running")  # the bar is at its fullest
    for width in (390, 768, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(WIDTH) == width
        outside = page.locator("header.bar :is(button, a)").evaluate_all(
            "buttons => buttons.filter(each => each.checkVisibility()).filter(each => {"
            " const { left, right } = each.getBoundingClientRect();"
            " return left < 0 || right > innerWidth || right - left < 20;"
            "}).map(each => each.ariaLabel || each.textContent)"
        )
        assert outside == [], width
    words = notebook.cell("b").locator("p").bounding_box()
    cell = notebook.cell("a").bounding_box()
    assert words is not None
    assert cell is not None
    assert words["width"] < 900
    # In the middle, between what lies at both sides.
    assert abs(cell["x"] + cell["width"] / 2 - 1280) < 60


def test_paper_gets_the_whole_notebook_and_nothing_to_press(written: Write, opened: Open) -> None:
    """PAGE-55"""
    long = "\n".join(f"line_{n} = {n}" for n in range(70))
    notebook = opened(written("print('first\\n' * 150)", *[long] * 6, "%%md\n# The end"))
    page = notebook.page
    notebook.run("a")
    notebook.wait("a", "finished")
    far = notebook.cell("h")
    assert far.get_attribute("data-near") is None
    page.evaluate("window.print = () => { document.body.dataset.printed = ''; }")
    notebook.press("Control+p")
    page.wait_for_selector("body[data-printed]")
    assert page.pdf().count(b"/Type /Page\n") > 5
    page.emulate_media(media="print", color_scheme="dark")
    assert far.inner_text().strip() == "The end"
    for gone in (".bar", ".side", ".cell-side", ".cells-end"):
        assert not page.locator(gone).first.is_visible()
    text = notebook.cell("a").locator(".text").first
    assert text.evaluate("text => text.scrollHeight === text.clientHeight")
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert "100" in ground or "255, 255" in ground  # white, whatever the screen's theme
