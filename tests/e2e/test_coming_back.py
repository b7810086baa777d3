"""What a page that was away, and a second page, are shown."""

from pathlib import Path

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write

# Half of its lines come once somebody says so.
SLOW = """import os, time
for n in range(60):
    while n == 30 and not os.path.exists("%s"): time.sleep(0.01)
    print("line", n, flush=True)
    time.sleep(0.01)"""


def reloaded(notebook: Notebook) -> None:
    notebook.page.reload()
    notebook.page.wait_for_selector("[data-cell-id]")


def test_a_reload_in_the_middle_of_a_cell_loses_no_line(
    server: Server, written: Write, opened: Open
) -> None:
    notebook = opened(written(SLOW % "reloaded"))
    notebook.run("a")
    until(lambda: len(notebook.printed("a", "line")) > 5, "some lines")
    seen = notebook.printed("a", "line")
    reloaded(notebook)

    # What was there is there, the cell is known to run, and lines still arrive.
    until(lambda: len(notebook.printed("a", "line")) >= len(seen), "the earlier lines")
    assert notebook.state("a") == "running"
    Path(server.folder, "reloaded").touch()
    notebook.wait("a", "finished")
    until(lambda: len(notebook.printed("a", "line")) == 60, "all lines")
    assert notebook.printed("a", "line") == list(range(60))


def test_a_closed_page_finds_everything_when_it_is_opened_again(
    server: Server, written: Write, opened: Open
) -> None:
    name = written(SLOW % "closed")
    first = opened(name)
    first.run("a")
    until(lambda: len(first.printed("a", "line")) > 3, "some lines")
    first.page.close()
    Path(server.folder, "closed").touch()
    second = opened(name)
    second.wait("a", "finished")
    assert second.printed("a", "line") == list(range(60))


def test_two_browsers_share_source_and_output(written: Write, opened: Open) -> None:
    name = written("1")
    here, there = opened(name), opened(name)
    here.type_into("a", "print('from here')")
    until(lambda: there.source("a") == "print('from here')", "the edit over there")
    there.run("a")
    until(lambda: "from here" in here.outputs("a"), "the output over here")
    here.wait("a", "finished")
    here.select("a")
    here.press("b")
    until(lambda: len(there.order()) == 2, "the new cell over there")
    # Both type at once, in the same cell: nothing of either is lost.
    here.type_into("a", "")
    until(lambda: there.source("a").strip("\u200b") == "", "an empty cell")
    here.page.keyboard.insert_text("aaaa")
    there.cell("a").locator(".cell-source").click()
    there.page.keyboard.insert_text("bbbb")
    until(lambda: here.source("a") == there.source("a"), "one text")
    assert sorted(here.source("a")) == sorted("aaaabbbb")


def test_a_question_survives_a_reload_and_is_answered_from_elsewhere(
    written: Write, opened: Open
) -> None:
    name = written("who = input('Who? ')\nprint('hello', who)")
    asked = opened(name)
    asked.run("a")
    asked.page.wait_for_selector(".prompt")
    reloaded(asked)
    until(lambda: asked.page.locator(".prompt").count() == 1, "the question again")
    assert "Who?" in asked.page.locator(".prompt").inner_text()
    other = opened(name)
    until(lambda: other.page.locator(".prompt").count() == 1, "the question elsewhere")
    field = other.page.locator(".prompt input")
    field.fill("Grace")
    field.press("Enter")
    until(lambda: "hello Grace" in asked.outputs("a"), "the answer")
    until(lambda: asked.page.locator(".prompt").count() == 0, "the question to go")


def test_a_password_is_not_shown_or_kept(server: Server, written: Write, opened: Open) -> None:
    name = written("import getpass\nlength = len(getpass.getpass('Key: '))\nprint(length)")
    notebook = opened(name)
    notebook.run("a")
    field = notebook.page.locator(".prompt input[type=password]")
    field.fill("s3cr3t-word")
    field.press("Enter")
    notebook.wait("a", "finished")
    assert "11" in notebook.outputs("a")
    assert "s3cr3t-word" not in notebook.page.content()
    notebook.press("Control+s")
    until(lambda: "11" in Path(server.folder, name).read_text(), "the file")
    assert "s3cr3t-word" not in Path(server.folder, name).read_text()
