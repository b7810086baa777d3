"""Home: files renamed, copied, deleted and had back, uploaded, found, shown and edited."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import reader, until
from tests.e2e.conftest import Server

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def page(server: Server, chromium: Browser) -> Iterator[Page]:
    """Logged in; in the end the console may hold no complaint."""
    with reader(chromium, server.login) as page:
        problems: list[str] = []
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        # A save that is refused is a request that failed, which the browser itself says.
        assert [problem for problem in problems if "409 (Conflict)" not in problem] == []


@pytest.fixture
def folder(server: Server, request: pytest.FixtureRequest) -> Path:
    """A folder of its own for each story."""
    folder = server.folder / request.node.name[:40]
    folder.mkdir()
    return folder


def go(page: Page, server: Server, folder: Path) -> None:
    page.goto(f"{server.base}/?path={folder.name}")
    page.wait_for_selector(".home-head")


def names(page: Page) -> list[str]:
    return page.locator(".files .file-name").all_inner_texts()


def act(page: Page, name: str, action: str) -> None:
    page.get_by_label(f"Actions for {name}", exact=True).first.click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def test_a_notebook_is_renamed_copied_and_moved(server: Server, page: Page, folder: Path) -> None:
    (folder / "old.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    (folder / "sub").mkdir()
    go(page, server, folder)
    until(lambda: names(page) == ["sub", "old.ipynb"], "the list")
    act(page, "old.ipynb", "Rename …")
    # The ending is not selected: typing replaces the name alone.
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    until(lambda: names(page) == ["sub", "new.ipynb"], "the new name")
    act(page, "new.ipynb", "Duplicate")
    until(lambda: names(page) == ["sub", "new 2.ipynb", "new.ipynb"], "the copy")
    act(page, "new.ipynb", "Move …")
    page.get_by_role("dialog").locator("input").fill(f"{folder.name}/sub")
    page.keyboard.press("Enter")
    until(lambda: names(page) == ["sub", "new 2.ipynb"], "the move")
    assert (folder / "sub" / "new.ipynb").exists()


def test_what_is_deleted_is_had_back_from_the_trash(
    server: Server, page: Page, folder: Path
) -> None:
    (folder / "a.txt").write_text("one")
    (folder / "b.txt").write_text("two")
    go(page, server, folder)
    act(page, "a.txt", "Delete")
    until(lambda: names(page) == ["b.txt"], "it to be gone")
    page.get_by_role("button", name="Undo").click()
    until(lambda: names(page) == ["a.txt", "b.txt"], "it again")
    act(page, "b.txt", "Delete")
    until(lambda: names(page) == ["a.txt"], "the other to be gone")
    assert not (folder / "b.txt").exists()
    page.get_by_label("Trash", exact=True).click()
    item = page.locator(f'.trash [data-path="{folder.name}/b.txt"]')
    item.get_by_role("button", name="Put back").click()
    until(lambda: item.count() == 0, "the trash to be without it")
    page.keyboard.press("Escape")
    until(lambda: names(page) == ["a.txt", "b.txt"], "both")
    assert (folder / "b.txt").read_text() == "two"


def test_a_file_is_uploaded_beside_one_of_its_name(
    server: Server, page: Page, folder: Path
) -> None:
    (folder / "data.csv").write_text("old")
    go(page, server, folder)
    file = {"name": "data.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    page.get_by_label("Files to upload").set_input_files(files=[file])  # type: ignore[list-item]
    until(lambda: names(page) == ["data 2.csv", "data.csv"], "the upload")
    assert (folder / "data 2.csv").read_bytes() == b"a,b\n1,2\n"
    # The same by dropping it on the list.
    page.evaluate(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File(["dropped"], "drop.txt"));
          const zone = document.querySelector(".drop");
          for (const kind of ["dragover", "drop"]) {
            const event = new DragEvent(kind, { dataTransfer: carried, bubbles: true });
            zone.dispatchEvent(event);
          }
        }"""
    )
    until(lambda: "drop.txt" in names(page), "the dropped one")
    assert (folder / "drop.txt").read_text() == "dropped"


def test_a_search_finds_sources_outputs_and_names(server: Server, page: Page, folder: Path) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["found zzyzx here\n"]}
    cell = {"cell_type": "code", "source": "x = 'zzyzx'", "outputs": [output], "metadata": {}}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "n.ipynb").write_text(json.dumps(notebook))
    (folder / "zzyzx.txt").write_text("nothing")
    go(page, server, folder)
    page.get_by_label("Search names and contents").fill("zzyzx")
    found = page.locator(".found .file-name")
    wanted = [f"{folder.name}/zzyzx.txt", f"{folder.name}/n.ipynb"]
    until(lambda: found.all_inner_texts() == wanted, "both files")
    assert page.locator(".found mark").count() == 2
    assert "cell 1, output" in page.locator(".found").inner_text()
    page.get_by_label("Search names and contents").fill("")
    until(lambda: names(page) == ["n.ipynb", "zzyzx.txt"], "the list again")


def test_a_text_is_edited_and_saved_over_what_was_read(
    server: Server, page: Page, folder: Path
) -> None:
    (folder / "a.py").write_text("x = 1\n")
    go(page, server, folder)
    page.get_by_role("link", name="a.py").click()
    editor = page.locator(".view-text .cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("y = 2")
    until(lambda: (folder / "a.py").read_text() == "x = 1\ny = 2", "the file")
    state = page.locator(".view-state")
    until(lambda: "Saved" in state.inner_text(), "to be told so")
    (folder / "a.py").write_text("theirs")
    page.keyboard.type("3")
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Take the file's").click()
    until(lambda: editor.inner_text().strip() == "theirs", "their text")
    assert (folder / "a.py").read_text() == "theirs"
    editor.click()
    page.keyboard.type("left: ")
    page.get_by_role("link", name="All files").click()
    until(lambda: "left: " in (folder / "a.py").read_text(), "what was typed before leaving")


def test_notebooks_opened_last_are_offered(server: Server, page: Page, folder: Path) -> None:
    (folder / "n.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    page.goto(server.notebook(f"{folder.name}/n.ipynb"))
    page.wait_for_selector(".cells-end")
    go(page, server, folder)
    recent = page.locator(".home-recent a")
    until(lambda: "n.ipynb" in recent.first.inner_text(), "the notebook")
    act(page, "n.ipynb", "Delete")
    until(lambda: names(page) == [], "it to be gone")
    page.reload()
    page.wait_for_selector(".home-head")
    assert "n.ipynb" not in "".join(recent.all_inner_texts())
