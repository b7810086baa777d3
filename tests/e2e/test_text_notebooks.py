"""A script in the percent form, from home to its text and out as HTML."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import Server, made_server

TEXT = "#%%  sums\nprint(6 * 7)\n\n# %% [markdown]\n# # A title\n\n\n# %%\nlast = 1\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with made_server() as server:
        yield server


@pytest.fixture
def page(server: Server, chromium: Browser) -> Iterator[Page]:
    with reader(chromium, server.login) as page:
        problems: list[str] = []
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        assert problems == []


def act(page: Page, name: str, action: str) -> None:
    page.get_by_label(f"Actions for {name}", exact=True).first.click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def test_a_percent_script_is_opened_run_edited_and_exported(
    server: Server, page: Page
) -> None:  # PAGE-57 PAGE-58
    file = server.folder / "cells.py"
    file.write_text(TEXT)
    page.goto(server.base)
    row = page.locator("li[data-path='cells.py']")
    row.wait_for()
    assert row.get_attribute("data-kind") == "notebook"
    row.locator("a.file-row").click()
    page.wait_for_selector(".cell")
    notebook = Notebook(page, page.url)
    first, _, last = notebook.order()

    notebook.run(first)
    notebook.wait(first, "finished")
    until(lambda: "42" in notebook.outputs(first), "the sum")
    assert file.read_text() == TEXT
    notebook.type_into(last, "last = 2")
    until(lambda: file.read_text() == TEXT.replace("last = 1", "last = 2"), "the text")

    with page.expect_download() as download:
        page.get_by_role("button", name="Export and save").click()
        page.get_by_role("menuitem", name="Export as HTML").click()
    assert download.value.suggested_filename == "cells.html"
    exported = download.value.path().read_text()
    assert "<h1>A title</h1>" in exported
    assert "last = 2" in exported
    assert ">42\n</pre>" in exported

    page.reload()
    page.wait_for_selector(".cell")
    until(lambda: "42" in notebook.outputs(first), "the output of before")


def test_outputs_go_beside_and_a_plain_script_opens_either_way(
    server: Server, page: Page
) -> None:  # PAGE-58
    server.write("beside.ipynb", "print(1)")
    (server.folder / "plain.py").write_text("x = 1\n")
    notebook = Notebook(page, server.notebook("beside.ipynb"))
    notebook.run("a")
    notebook.wait("a", "finished")
    page.get_by_role("button", name="Export and save").click()
    page.get_by_role("menuitem", name="Keep outputs in a file beside").click()
    beside = server.folder / "beside.ipynb.outputs.json"
    until(lambda: beside.exists() and '"1\\n"' in beside.read_text(), "the outputs")
    held = json.loads((server.folder / "beside.ipynb").read_text())
    assert held["cells"][0]["outputs"] == []

    page.goto(server.base)
    page.locator("li[data-path='plain.py']").wait_for()
    assert page.locator("li[data-path='beside.ipynb.outputs.json']").count() == 0
    page.locator("li[data-path='plain.py'] a.file-row").click()
    page.locator(".view-notebook").click()
    page.wait_for_selector(".cell")
    page.goto(server.base)
    act(page, "cells.py", "Open as text")
    page.wait_for_selector(".view[data-view='text']")
    assert page.locator(".view-notebook").count() == 1
