"""Cells run, their output streams in, and what goes wrong is told."""

import json
import re
from pathlib import Path

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write


def lines_of_30(notebook: Notebook) -> list[int]:
    shown = notebook.outputs("streaming")
    return [int(number) for number in re.findall(r"^line (\d+) of 30$", shown, re.M)]


def test_the_example_runs_from_top_to_bottom(server: Server, opened: Open) -> None:
    notebook = opened("tour.ipynb")
    notebook.page.get_by_label("Run all", exact=True).click()

    # Lines come while the cell still runs.
    until(
        lambda: notebook.state("streaming") == "running" and lines_of_30(notebook),
        "lines of a running cell",
    )
    until(lambda: notebook.state("table") == "queued", "the table to wait")
    prompt = notebook.cell("question").locator(".prompt input")
    prompt.fill("Ada")
    prompt.press("Enter")
    notebook.wait("error", "failed")

    assert lines_of_30(notebook) == list(range(1, 31))
    notebook.cell("table").scroll_into_view_if_needed()
    grid = notebook.cell("table").get_by_role("grid")
    first_row = grid.locator("[role=row][aria-rowindex='2']")
    assert "Danube" in first_row.inner_text()
    assert notebook.cell("plot").locator("img").count() == 1
    assert "79800" in notebook.outputs("progress")
    assert notebook.outputs("progress").count("summing") == 1
    assert "Good to have you here, Ada." in notebook.outputs("question")
    assert "ZeroDivisionError: division by zero" in notebook.outputs("error")
    assert [notebook.state(cell) for cell in ("plot", "table")] == ["finished", "finished"]


def test_an_error_stops_the_queue_and_shows_its_message_first(written: Write, opened: Open) -> None:
    notebook = opened(written("print(1)", "import json\njson.loads('{')", "print(3)"))
    notebook.page.get_by_label("Run all", exact=True).click()
    notebook.wait("c", "interrupted")

    assert notebook.state("a") == "finished"
    assert notebook.state("b") == "failed"
    assert notebook.outputs("b").startswith("JSONDecodeError")
    assert "skipped" in notebook.cell("c").inner_text()
    # Our line is shown, the frames of the library are folded.
    assert "json.loads" in notebook.outputs("b")
    assert notebook.cell("b").locator("details:not([open])").count() == 1


def test_an_interrupt_ends_the_cell_and_empties_the_queue(written: Write, opened: Open) -> None:
    notebook = opened(written("print('on', flush=True)\nwhile True: pass", "print('never')"))
    notebook.page.get_by_label("Run all", exact=True).click()
    until(lambda: "on" in notebook.outputs("a"), "the loop to run")
    notebook.press("i", "i")
    notebook.wait("a", "interrupted")
    notebook.wait("b", "interrupted")

    assert notebook.outputs("b") == ""
    assert notebook.attribute("data-kernel") == "idle"


def test_a_dead_kernel_says_why_and_restarts(written: Write, opened: Open) -> None:
    notebook = opened(written("x = 1", "import os; os._exit(3)", "print(type(x))"))
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.run("b")
    notebook.wait("b", "failed")
    alert = notebook.page.get_by_role("alert")
    until(lambda: "The kernel died" in alert.inner_text(), "the banner")

    assert "3" in alert.inner_text()
    assert notebook.attribute("data-kernel") == "dead"
    alert.get_by_role("button", name="Restart", exact=True).click()
    until(lambda: notebook.attribute("data-kernel") == "idle", "a new kernel")
    assert alert.count() == 0
    notebook.run("c")
    notebook.wait("c", "failed")
    assert "NameError" in notebook.outputs("c")


def test_a_long_output_shows_both_ends_and_every_line_on_request(
    written: Write, opened: Open
) -> None:
    notebook = opened(written("for n in range(50_000): print('row', n)"))
    notebook.run("a")
    notebook.wait("a", "finished")
    cell = notebook.cell("a")
    until(lambda: "row 49999" in notebook.outputs("a"), "the last line")

    assert notebook.outputs("a").startswith("row 0\n")
    assert "of 50\u202f000 lines not shown" in notebook.outputs("a")
    assert cell.locator(".text > span").count() < 100
    with notebook.page.expect_download() as saved:
        cell.get_by_role("link", name="Download").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert (len(lines), lines[-1]) == (50_000, "row 49999")
    cell.get_by_role("button", name="Show all").click()
    cell.get_by_label("Search in this output").fill("row 25017")
    cell.get_by_label("Search in this output").press("Enter")
    found = cell.locator(".log-row[data-marked]")
    until(lambda: found.count() == 1 and "row 25017" in found.inner_text(), "the line found")
    assert cell.locator(".log-row").count() < 150


def test_the_file_holds_what_was_typed_and_shown(
    server: Server, written: Write, opened: Open
) -> None:
    name = written("1", "%%md\n# Old")
    notebook = opened(name)
    notebook.run("a", "print('kept', 6 * 7)")
    notebook.wait("a", "finished")
    notebook.press("Control+s")
    until(lambda: "Saved" in notebook.page.locator(".bar-saved").inner_text(), "the file")
    until(lambda: "kept 42" in Path(server.folder, name).read_text(), "the output in the file")

    cell = json.loads(Path(server.folder, name).read_text())["cells"][0]
    assert "".join(cell["source"]) == "print('kept', 6 * 7)"
    again = opened(name)
    assert again.source("a") == "print('kept', 6 * 7)"
    assert again.outputs("a").strip() == "kept 42"
    assert again.state("a") == "finished"


def test_an_edit_after_a_run_is_marked(written: Write, opened: Open) -> None:
    notebook = opened(written("1 + 1"))
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.type_into("a", "1 + 2")
    notebook.wait("a", "stale")
    notebook.type_into("a", "1 + 1")
    notebook.wait("a", "finished")


def test_a_new_notebook_is_ready_to_be_typed_in(server: Server, opened: Open) -> None:
    page = opened("tour.ipynb").page
    page.get_by_label("All files").click()
    page.get_by_role("button", name="New notebook", exact=True).click()
    page.wait_for_selector("[data-cell-id] .cm-content")
    until(lambda: page.locator("body").get_attribute("data-connection") == "open", "a session")
    page.keyboard.press("Enter")
    page.keyboard.insert_text("print('hello')")
    page.keyboard.press("Control+Enter")
    until(lambda: "hello" in page.locator("[data-outputs]").inner_text(), "its output")
    assert Path(server.folder, "Untitled.ipynb").exists()


def test_a_kernel_is_stopped_from_home(written: Write, opened: Open) -> None:
    name = written("x = 1")
    notebook = opened(name)
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.page.get_by_label("All files").click()
    stop = notebook.page.get_by_role("button", name=f"Stop the kernel of {name}")
    running = notebook.page.locator("li", has=stop)
    until(lambda: "MB" in running.inner_text(), "the memory it takes")
    stop.click()
    until(lambda: stop.count() == 0, "the kernel to go")
    notebook.page.go_back()
    notebook.page.wait_for_selector("[data-cell-id]")
    until(lambda: notebook.attribute("data-kernel") in ("none", "dead"), "a notebook without one")
    assert notebook.state("a") == "finished"
