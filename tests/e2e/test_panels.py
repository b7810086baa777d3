"""The panels beside the cells, and the palette: what a person sees there and can do."""

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write


def panel(notebook: Notebook, name: str) -> None:
    notebook.page.locator(".side-rail").get_by_label(name).click()
    notebook.page.wait_for_selector(".panel")


def names(notebook: Notebook) -> list[str]:
    rows = notebook.page.locator("[data-variable]").all()
    return [row.get_attribute("data-variable") or "" for row in rows]


def row(notebook: Notebook, name: str) -> str:
    return notebook.page.locator(f'[data-variable="{name}"]').inner_text()


def test_variables_follow_each_run_and_tell_what_changed(written: Write, opened: Open) -> None:
    notebook = opened(written("numbers = list(range(12))\nword = 'left'", "more = {'a': 1}"))
    panel(notebook, "Variables")
    shown = notebook.page.locator(".panel")
    until(lambda: "No kernel runs" in shown.inner_text(), "what to do")
    notebook.run("a")
    until(lambda: names(notebook) == ["numbers", "word"], "the variables of the first cell")
    assert "[0, 1, 2" in row(notebook, "numbers")
    assert "12" in row(notebook, "numbers")
    notebook.run("b")
    until(lambda: names(notebook) == ["more", "numbers", "word"], "the new one")
    changed = notebook.page.locator("[data-variable]:has(.changed)")
    until(lambda: changed.count() == 1, "one changed")
    assert changed.get_attribute("data-variable") == "more"
    foot = notebook.page.locator(".panel-foot").inner_text()
    assert "3 variables" in foot
    assert foot.rstrip().endswith(" B"), foot  # what they take, together
    notebook.page.get_by_label("Find a variable").fill("num")
    until(lambda: names(notebook) == ["numbers"], "the search")
    notebook.page.locator("[data-variable] > button").click()
    inspected = notebook.page.locator(".variable-inspected")
    until(lambda: "list" in inspected.inner_text(), "what the kernel knows of it")


def test_contents_lead_to_headings_and_to_what_failed(written: Write, opened: Open) -> None:
    filler = "\n".join(f"# {n}" for n in range(60))
    notebook = opened(
        written("%%md\n# First\ntext", filler, "%%md\n## **Second** part", "1/0", filler)
    )
    panel(notebook, "Contents")
    entries = notebook.page.locator(".contents button:not(.contents-fold)")
    until(lambda: entries.all_inner_texts() == ["First", "Second part"], "the headings")
    entries.nth(1).click()
    until(lambda: notebook.is_active("c"), "the heading's cell")
    until(lambda: entries.nth(1).get_attribute("aria-current") == "location", "the mark")
    notebook.run("d")
    failed = notebook.page.locator(".at-work button")
    until(lambda: failed.all_inner_texts() == ["Cell 4"], "the failed cell")
    notebook.select("a")
    failed.click()
    until(lambda: notebook.is_active("d"), "the failed cell to be active")


def test_contents_fold_sections_in_the_notebook_too(written: Write, opened: Open) -> None:
    notebook = opened(written("%%md\n# One", "'b'", "%%md\n## Deeper", "%%md\n# Two"))
    panel(notebook, "Contents")
    headings = notebook.page.locator(".contents li")
    until(lambda: headings.count() == 3, "the headings")
    headings.first.hover()
    notebook.page.get_by_label("Fold One").click()
    until(lambda: headings.count() == 2, "the deeper one to go")
    assert not notebook.cell("b").is_visible()
    notebook.page.get_by_label("Unfold One").click()
    until(lambda: notebook.cell("b").is_visible(), "the section")


def test_files_are_looked_through_beside_the_notebook(
    server: Server, written: Write, opened: Open
) -> None:
    beside = server.folder / "beside"
    beside.mkdir(exist_ok=True)
    (beside / "numbers.csv").write_text("a,b\n1,2\n")
    name = written("1")
    notebook = opened(name)
    panel(notebook, "Files")
    files = notebook.page.locator(".folder")
    until(lambda: files.locator("[aria-current]").count() == 1, "this notebook")
    assert name in files.locator("[aria-current]").inner_text()
    files.get_by_text("beside", exact=True).click()
    until(lambda: files.locator("li").count() == 1, "what is in the folder")
    files.get_by_text("numbers.csv").click()
    until(lambda: "/view/beside/numbers.csv" in notebook.page.url, "the file's page")


def test_history_shows_what_ran_and_puts_it_back(written: Write, opened: Open) -> None:
    notebook = opened(written("first = 1; print('then')"))
    notebook.run("a")
    notebook.wait("a", "finished")
    notebook.run("a", "second = 2\nthird = 3")
    notebook.wait("a", "finished")
    panel(notebook, "History")
    past = notebook.page.locator("[data-execution-id]")
    until(lambda: past.count() == 2, "both executions")
    until(lambda: "second = 2" in past.nth(0).inner_text(), "the newest source")
    past.nth(1).locator("button").first.click()
    lines = notebook.page.locator(".diff-line")
    assert [line.get_attribute("data-kind") for line in lines.all()] == ["gone", "new", "new"]
    shown = past.nth(1).locator(".past-outputs")
    until(lambda: shown.count() == 1 and shown.inner_text().strip() == "then", "what it printed")
    notebook.page.get_by_role("button", name="Put this text back").click()
    until(lambda: notebook.source("a").startswith("first = 1"), "the earlier text")
    notebook.page.get_by_role("button", name="Undo").click()
    until(lambda: notebook.source("a") == "second = 2\nthird = 3", "the later text again")


def test_the_kernel_is_measured_and_restarted_from_its_panel(written: Write, opened: Open) -> None:
    notebook = opened(written("x = 1", "x"))
    notebook.run("a")
    notebook.wait("a", "finished")
    panel(notebook, "Kernel")
    memory = notebook.page.locator('[data-gauge="memory"]')
    until(lambda: "MB" in memory.inner_text(), "its memory")
    until(lambda: "%" in notebook.page.locator('[data-gauge="cpu"]').inner_text(), "its processor")
    process = notebook.page.locator(".facts").inner_text()
    notebook.page.locator(".panel").get_by_role("button", name="Restart …").click()
    notebook.page.locator("dialog").get_by_role("button", name="Restart", exact=True).click()
    until(lambda: notebook.page.locator(".facts").inner_text() != process, "another process")
    until(lambda: notebook.attribute("data-kernel") == "idle", "the new kernel")
    notebook.run("b")
    notebook.wait("b", "failed")


def test_a_panel_is_remembered_and_closed_by_escape(written: Write, opened: Open) -> None:
    notebook = opened(written("1"))
    panel(notebook, "Contents")
    notebook.page.reload()
    notebook.page.wait_for_selector('[data-panel="contents"]')
    until(lambda: notebook.attribute("data-connection") == "open", "the notebook's cells")
    notebook.page.wait_for_selector("[data-cell-id=a]")
    notebook.page.locator(".panel").get_by_label("Close Contents").focus()
    notebook.press("Escape")
    until(lambda: notebook.page.locator(".panel").count() == 0, "no panel")
    focused = notebook.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Contents"
    # A letter typed there is not a command of the notebook.
    notebook.press("x")
    assert notebook.order() == ["a"]


def test_the_palette_runs_commands_and_remembers_them(written: Write, opened: Open) -> None:
    notebook = opened(written("print('one')", "print('two')"))
    notebook.cell("a").locator(".cell-source").click()
    notebook.cell("a").locator(".cm-content:focus").wait_for()
    notebook.press("Control+Shift+P")
    notebook.page.wait_for_selector(".palette")
    notebook.page.keyboard.type("run all")
    notebook.press("Enter")
    notebook.wait("b", "finished")
    # It gives the focus back to the editor it was opened from.
    notebook.cell("a").locator(".cm-content:focus").wait_for()
    notebook.page.keyboard.type("#")
    until(lambda: "#" in notebook.source("a"), "typing to go on")
    notebook.press("Control+k")
    first = notebook.page.locator(".palette-entry").first
    assert first.get_attribute("data-command") == "run-all"
    assert "recent" in first.inner_text()
    notebook.press("Escape")
    until(lambda: notebook.page.locator("dialog").count() == 0, "no palette")


def test_on_a_narrow_screen_a_panel_is_a_sheet(written: Write, opened: Open) -> None:
    notebook = opened(written("%%md\n# Heading", "1"))
    notebook.page.set_viewport_size({"width": 390, "height": 844})
    notebook.page.locator(".bar").get_by_label("Panels").click()
    sheet = notebook.page.locator(".panel")
    until(lambda: sheet.is_visible(), "the sheet")
    box = sheet.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    sheet.get_by_label("Variables").first.click()
    notebook.page.wait_for_selector('[data-panel="variables"]')
    width = notebook.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
