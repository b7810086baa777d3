"""Home: files renamed, copied, deleted and had back, uploaded, found, shown and edited."""

import base64
import json
import zipfile
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
        refused = ("409 (Conflict)", "(Bad Request)", "(Forbidden)", "(Not Found)")
        assert [said for said in problems if not any(each in said for each in refused)] == []


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


def chosen(page: Page) -> list[str]:
    return page.locator(".files [data-chosen] .file-name").all_inner_texts()


def test_several_files_are_chosen_by_keys_and_by_mouse(
    server: Server, page: Page, folder: Path
) -> None:  # PAGE-39
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (folder / name).write_text(name)
    (folder / "sub").mkdir()
    go(page, server, folder)
    until(lambda: len(names(page)) == 5, "the list")
    page.get_by_role("link", name="b.txt").click(modifiers=["Control"])
    page.get_by_role("link", name="d.txt").click(modifiers=["Shift"])
    until(lambda: chosen(page) == ["b.txt", "c.txt", "d.txt"], "three")
    page.keyboard.press("Escape")
    page.locator(".file-row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    until(lambda: chosen(page) == ["a.txt", "b.txt"], "two")
    page.keyboard.press("Delete")
    until(lambda: names(page) == ["sub", "c.txt", "d.txt"], "them to be gone")
    page.get_by_role("button", name="Undo").click()
    until(lambda: len(names(page)) == 5, "them again")
    sub = page.locator(f'[data-path="{folder.name}/sub"] .file-row')
    # Dragged onto a folder, all that are chosen go there; and up again by the name above.
    page.get_by_label("Choose a.txt").check(force=True)
    page.get_by_label("Choose c.txt").check(force=True)
    page.get_by_role("link", name="c.txt").drag_to(sub)
    until(lambda: sorted(each.name for each in (folder / "sub").iterdir()) == ["a.txt", "c.txt"])
    sub.click()
    until(lambda: names(page) == ["a.txt", "c.txt"], "the folder")
    page.get_by_role("link", name="a.txt").drag_to(page.locator(".crumbs a").nth(1))
    until(lambda: (folder / "a.txt").exists(), "it to be above again")
    page.locator(".crumbs a").nth(1).click()
    until(lambda: names(page) == ["sub", "a.txt", "b.txt", "d.txt"], "the folder above")
    page.locator(".file-row").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("F2")
    page.keyboard.type("e")
    page.keyboard.press("Enter")
    until(lambda: "e.txt" in names(page), "the new name")


def test_a_folder_is_uploaded_and_fetched_as_a_zip(
    server: Server, page: Page, folder: Path, tmp_path: Path
) -> None:  # PAGE-37, PAGE-38
    up = tmp_path / "set"
    (up / "deep").mkdir(parents=True)
    (up / "a.txt").write_text("one")
    large = bytes(range(256)) * (20 << 12)  # 20 MB: several pieces
    (up / "deep" / "b.bin").write_bytes(large)
    (folder / "set").mkdir()
    go(page, server, folder)
    page.get_by_label("Folder to upload").set_input_files(up)
    until(lambda: names(page) == ["set", "set 2"], "the folder under a free name")
    until(lambda: (folder / "set 2" / "deep" / "b.bin").exists(), "the large file")
    assert (folder / "set 2" / "deep" / "b.bin").read_bytes() == large
    until(lambda: page.locator(".upload").count() == 0, "the end of it")
    with page.expect_download() as downloaded:
        act(page, "set 2", "Download as a zip")
    assert downloaded.value.suggested_filename == "set 2.zip"
    with zipfile.ZipFile(downloaded.value.path()) as archive:
        assert archive.read("set 2/deep/b.bin") == large


def test_names_that_would_do_harm_are_only_names(
    server: Server, page: Page, folder: Path
) -> None:  # PAGE-39
    hostile = [
        "<img src=x onerror=hit=1>.txt",
        "line\nbreak.txt",
        "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
        "x" * 200 + ".txt",
        "100 % #1?&.txt",
        "__proto__",
    ]
    for name in hostile:
        (folder / name).write_text(name)
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to("loop")
    go(page, server, folder)
    until(lambda: len(names(page)) == len(hostile) + 2, "the list")
    boxes = [row.bounding_box() for row in page.locator(".files > li").all()]
    heights = {box["height"] for box in boxes if box}
    assert len(heights) == 1
    assert page.locator("img[src=x]").count() == 0
    page.locator(".files > li", has_text="100 % #1?&.txt").get_by_role("link").click()
    until(lambda: "100 %" in page.locator(".view-text .cm-content").inner_text(), "its text")
    page.go_back()
    until(lambda: len(names(page)) == len(hostile) + 2, "the list again")
    # What leads out is shown, and no way leads there.
    assert page.locator(".files > li", has_text="out").get_by_role("link").count() == 0
    assert page.evaluate("window.hit") is None


def test_a_folder_of_many_files_is_scrolled(server: Server, page: Page, folder: Path) -> None:
    for number in range(10_000):
        (folder / f"file {number:05}.txt").touch()
    go(page, server, folder)
    until(lambda: "file 00000.txt" in names(page), "the first")
    assert len(names(page)) < 120
    page.locator(".file-row").first.focus()
    page.keyboard.press("End")
    until(lambda: "file 09999.txt" in names(page), "the last")
    focused = "document.activeElement.querySelector('.file-name')?.textContent"
    until(lambda: page.evaluate(focused) == "file 09999.txt", "the focus there")
    page.keyboard.type("file 05")
    until(lambda: page.evaluate(focused) == "file 05000.txt", "the one that was typed")


def test_what_may_not_be_read_or_written_is_told(server: Server, page: Page, folder: Path) -> None:
    go(page, server, folder)
    assert "Nothing is here yet" in page.locator(".home-empty").inner_text()
    page.get_by_role("button", name="New folder").click()
    for wanted in ("a/../../b", ".hidden", "no/where"):
        page.get_by_role("dialog").locator("input").fill(wanted)
        page.keyboard.press("Enter")
        until(lambda: page.get_by_role("dialog").get_by_role("alert").count() == 1, "a reason")
    page.keyboard.press("Escape")
    page.goto(f"{server.base}/?path=nowhere")
    until(lambda: "could not be read" in page.get_by_role("alert").inner_text(), "the reason")
