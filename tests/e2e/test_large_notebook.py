"""A thousand cells open like ten: what is far from the screen does not exist yet."""

import json

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Server


def large(server: Server, name: str, count: int) -> str:
    cells = []
    for number in range(count):
        cell = {"id": f"n{number}", "metadata": {}, "source": f"value = {number}\nprint(value)"}
        text = {"output_type": "stream", "name": "stdout", "text": f"{number}\n"}
        cells.append({**cell, "cell_type": "code", "execution_count": None, "outputs": [text]})
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (server.folder / name).write_text(json.dumps(notebook))
    return name


def test_only_what_is_near_the_screen_is_made(server: Server, opened: Open) -> None:
    notebook = opened(large(server, "large.ipynb", 800))
    page = notebook.page
    height = page.evaluate("document.documentElement.scrollHeight")

    assert len(notebook.order()) == 800
    assert page.locator("[data-near]").count() < 80
    assert page.locator(".cm-editor").count() < 30
    assert page.evaluate("document.querySelectorAll('*').length") < 4_000

    notebook.press("Control+ArrowDown")
    last = notebook.cell("n799")
    until(lambda: last.locator(".cm-content").count() == 1, "the editor of the last cell")
    assert notebook.outputs("n799").strip() == "799"
    box = last.bounding_box()
    assert box is not None
    assert 0 < box["y"] < 860
    # The scroll bar told the truth from the start.
    assert abs(page.evaluate("document.documentElement.scrollHeight") / height - 1) < 0.05

    notebook.run("n799", "print('at the end')")
    until(lambda: "at the end" in notebook.outputs("n799"), "its output")
    page.mouse.move(600, 400)
    for _ in range(12):
        page.mouse.wheel(0, -1500)
    until(lambda: page.evaluate("scrollY") < 60_000, "the scroll")
    middle = page.evaluate(
        "document.elementFromPoint(600, 400).closest('[data-cell-id]')?.hasAttribute('data-near')"
    )
    assert middle is not False
    assert page.locator("[data-near]").count() < 120


def test_a_running_cell_that_is_out_of_sight_is_one_press_away(
    server: Server, opened: Open
) -> None:
    notebook = opened(large(server, "far.ipynb", 120))
    notebook.run("n0", "import time\nwhile True: time.sleep(0.02)")
    notebook.wait("n0", "running")
    notebook.press("Control+ArrowDown")
    until(lambda: notebook.is_active("n119"), "the last cell")
    notebook.page.get_by_title("Go to the running cell").click()
    until(lambda: notebook.is_active("n0"), "the running cell")

    def is_seen() -> bool:
        box = notebook.cell("n0").bounding_box()
        return box is not None and 0 < box["y"] < 860

    until(is_seen, "it to be in sight")
    notebook.press("i", "i")
    notebook.wait("n0", "interrupted")
