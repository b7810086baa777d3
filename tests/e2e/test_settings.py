"""Settings are obeyed at once, kept on the server, and reach other pages."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import TOKEN, Open, Server, Write


@pytest.fixture(autouse=True)
def usual(server: Server) -> Iterator[None]:
    """Each story ends with the settings as they were."""
    yield
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as client:
        names = client.get("/api/v1/settings").json()
        answer = client.put("/api/v1/settings", json=dict.fromkeys(names))
        assert answer.status_code == 200


def settings(notebook: Notebook) -> None:
    notebook.press("Control+,")
    notebook.page.wait_for_selector("dialog .settings")


def code_size(notebook: Notebook) -> str:
    script = "getComputedStyle(document.querySelector('.cell-source .cm-editor')).fontSize"
    return str(notebook.page.evaluate(script))


def theme(notebook: Notebook) -> str:
    return str(notebook.page.evaluate("document.documentElement.dataset.theme"))


def test_a_choice_is_seen_at_once_and_in_another_browser(written: Write, opened: Open) -> None:
    """PAGE-63"""
    name = written("if True:\n    print(1)")
    here, there = opened(name), opened(name)
    here.select("a")
    settings(here)
    here.page.get_by_role("combobox", name="Theme").select_option("dark")
    here.page.get_by_label("Size of code").select_option("18")
    here.page.get_by_label("Line numbers in cells").check()
    here.page.get_by_label("Lines that show the indentation").check()
    until(lambda: theme(here) == "dark", "the theme")
    until(lambda: code_size(here) == "18px", "the size")
    until(lambda: here.cell("a").locator(".cm-lineNumbers").count() == 1, "line numbers")
    until(lambda: here.cell("a").locator(".cm-guided").count() == 1, "indentation")
    # The other one is told, though nobody looks at it.
    until(lambda: theme(there) == "dark", "the theme over there")
    until(lambda: code_size(there) == "18px", "the size over there")
    here.page.reload()
    here.page.wait_for_selector("[data-cell-id]")
    assert theme(here) == "dark"


def test_keys_are_given_anew_and_taken_back(written: Write, opened: Open) -> None:
    notebook = opened(written("1", "2"))
    notebook.select("a")
    settings(notebook)
    row = notebook.page.locator('[data-shortcut="delete"]')
    row.get_by_label("Another key").click()
    notebook.press("x")
    until(
        lambda: "already there" in notebook.page.locator(".shortcuts-problem").inner_text(),
        "what is in the way",
    )
    row.get_by_label("Another key").click()
    notebook.press("Delete")
    until(lambda: row.locator("kbd").count() == 2, "the new key")
    row.get_by_label("Take D, D away").click()
    until(lambda: row.locator("kbd").count() == 1, "only the new key")
    notebook.press("Escape")
    notebook.press("d", "d")
    notebook.press("Delete")
    until(lambda: notebook.order() == ["b"], "the cell to be deleted")


def test_keys_of_the_text_are_given_anew_in_open_editors(written: Write, opened: Open) -> None:
    """PAGE-67"""
    notebook = opened(written("one = 1\ntwo = 2", "3"))
    page = notebook.page

    def row(name: str) -> Locator:
        return page.locator(f'[data-shortcut="{name}"]')

    def give(name: str, *keys: str) -> None:
        row(name).get_by_label("Another key").click()
        notebook.press(*keys)

    notebook.press("Enter", "Control+Home")
    settings(notebook)
    give("comment", "a")
    until(lambda: "for the text itself" in row("comment").inner_text(), "a letter to be refused")
    give("comment", "Control+d")
    until(lambda: "next same word" in row("comment").inner_text(), "what is in the way")
    give("comment", "Tab")
    until(lambda: "Complete, or indent" in row("comment").inner_text(), "Tab to be a key here")
    give("comment", "F6")
    row("comment").get_by_label("Take Ctrl / away").click()
    give("split", "Control+Alt+x")
    give("run", "F8")
    row("leave").get_by_label("Take Ctrl M away").click()
    row("leave").get_by_label("Take Esc away").click()
    until(lambda: "Without a key" in row("leave").inner_text(), "one key to be left")
    notebook.press("Escape")
    # The editor that was open obeys at once.
    until(lambda: notebook.cell("a").get_attribute("data-editing") is not None, "the cell again")
    notebook.press("Control+/", "F6")
    until(lambda: notebook.source("a") == "# one = 1\ntwo = 2", "one line commented, once")
    notebook.press("F6", "ArrowDown", "Home", "Control+Alt+x")
    until(lambda: len(notebook.order()) == 3, "two parts")
    below = notebook.order()[1]
    notebook.press("F8")
    notebook.wait(below, "finished")

    page.reload()
    page.wait_for_selector("[data-cell-id]")
    notebook.press("Enter", "F6")
    until(lambda: notebook.source(notebook.order()[0]).startswith("# one"), "the key to be kept")
    notebook.press("Escape", "h")
    sheet = page.get_by_role("dialog")
    until(lambda: "F6" in sheet.inner_text(), "the sheet to say so")
    notebook.press("Escape", "Escape")
    until(lambda: sheet.count() == 0, "the sheet to close")
    settings(notebook)
    row("comment").get_by_label("The usual keys").click()
    until(lambda: row("comment").locator("kbd").all_inner_texts() == ["Ctrl /"], "the usual key")
    notebook.press("Escape", "Enter", "Control+/")
    until(lambda: notebook.source(notebook.order()[0]).startswith("one"), "the usual key to work")


def test_vim_keys_work_in_a_cell_and_lead_out_of_it(written: Write, opened: Open) -> None:
    notebook = opened(written("one two", "print('second')"))
    notebook.select("a")
    settings(notebook)
    notebook.page.get_by_label("Keys while typing").select_option("vim")
    notebook.press("Escape")
    until(lambda: notebook.cell("a").locator(".cm-vimMode").count() == 1, "vim keys")
    notebook.press("Enter")
    until(lambda: notebook.cell("a").get_attribute("data-editing") is not None, "to be in the cell")
    notebook.press("0", "d", "w")
    until(lambda: notebook.source("a") == "two", "a word deleted")
    notebook.press("i")
    notebook.page.keyboard.type("x")
    notebook.press("Escape")
    assert notebook.source("a") == "xtwo"
    assert notebook.cell("a").get_attribute("data-editing") is not None
    notebook.press("Escape")
    until(lambda: notebook.cell("a").get_attribute("data-editing") is None, "to be out again")
    notebook.press("j", "Enter")
    until(lambda: notebook.cell("b").get_attribute("data-editing") is not None, "the next cell")
    notebook.press("Control+Enter")
    until(lambda: "second" in notebook.outputs("b"), "the cell to run")


def test_shift_enter_stays_when_it_shall(written: Write, opened: Open) -> None:
    notebook = opened(written("1", "2"))
    notebook.select("a")
    settings(notebook)
    notebook.page.get_by_label("Shift+Enter goes on").uncheck()
    notebook.press("Escape")
    notebook.press("Shift+Enter")
    notebook.wait("a", "finished")
    assert notebook.active() == "a"


def test_without_autosave_the_file_waits(server: Server, written: Write, opened: Open) -> None:
    name = written("1")
    notebook = opened(name)
    notebook.select("a")
    settings(notebook)
    notebook.page.get_by_label("Save files by themselves").uncheck()
    notebook.press("Escape")
    notebook.type_into("a", "changed = True")
    saved = notebook.page.locator(".bar-saved")
    until(lambda: "Not saved" in saved.inner_text(), "to be told so")
    assert "changed" not in (server.folder / name).read_text()
    notebook.press("Control+s")
    until(lambda: "changed" in (server.folder / name).read_text(), "the file")
