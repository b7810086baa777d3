"""A notebook's words, drawings and questions: pictures in `artifacts/screens`, and their faults."""

from tests.e2e.browser import until
from tests.e2e.conftest import Server
from tests.e2e.gallery import bring, open_notebook, state
from tests.e2e.studio import Screen


def test_the_notebook_with_every_kind_of_output(rivers: Server, screens: list[Screen]) -> None:
    """PAGE-50"""
    desk = open_notebook(rivers.base, screens[0], "Rivers of Europe.ipynb")
    desk.get_by_label("Run all", exact=True).click()
    # The failure ends the run; what follows it is run by itself.
    until(lambda: state(desk, "question") == "interrupted", "the failure")
    bring(desk, "question").locator(".cell-source").click()
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector(".prompt")
    for seen in screens:
        page = seen.page
        if page != desk:
            open_notebook(rivers.base, seen, "Rivers of Europe.ipynb")
        for cell in ("words", "plot", "rich"):
            bring(page, cell)
            seen.look(f"notebook-{cell}", part="" if cell == "words" else f"[data-cell-id={cell}]")
        bring(page, "question")
        page.wait_for_selector(".prompt")
        seen.look("notebook-question", part=".cells")
