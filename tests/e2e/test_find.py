"""Find and replace over the whole notebook, also where no editor is."""

from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write


def count(notebook: Notebook) -> str:
    return str(notebook.page.locator(".find-count").inner_text())


def find(notebook: Notebook, query: str) -> Locator:
    """Opens the search and types; gives the field."""
    notebook.press("Control+f")
    field = notebook.page.get_by_label("Find in this notebook")
    field.fill(query)
    return field


def marks(notebook: Notebook, name: str) -> int:
    return int(notebook.page.evaluate(f"CSS.highlights.get('{name}')?.size ?? 0"))


def marked(notebook: Notebook, name: str) -> list[str]:
    return list(notebook.page.evaluate(f"[...CSS.highlights.get('{name}') ?? []].map(String)"))


def test_matches_are_counted_and_visited_in_every_cell(written: Write, opened: Open) -> None:
    filler = "\n".join(f"# line {n}" for n in range(80))
    notebook = opened(written("rate = 1", "%%md\nThe Rate of it", filler, filler, "generate(rate)"))
    notebook.select("a")
    # Typed on at once: what is not in the field yet would be commands.
    notebook.press("f")
    notebook.page.keyboard.type("rate")
    field = notebook.page.get_by_label("Find in this notebook")
    until(lambda: count(notebook) == "4", "the count")
    assert field.input_value() == "rate"
    until(lambda: marks(notebook, "find") > 0, "marks on the screen")
    for expected, cell in [("1 of 4", "a"), ("2 of 4", "b"), ("3 of 4", "e"), ("4 of 4", "e")]:
        field.press("Enter")
        until(lambda wanted=expected: count(notebook) == wanted, expected)  # type: ignore[misc]
        assert notebook.active() == cell
    until(lambda: marks(notebook, "find-current") == 1, "the mark of the last one")
    box = notebook.cell("e").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 860
    notebook.page.get_by_label("Whole words").click()
    until(lambda: count(notebook) == "3", "whole words")
    notebook.page.get_by_label("Match case").click()
    until(lambda: count(notebook) == "2", "the same case")
    field.press("Escape")
    until(lambda: notebook.page.locator(".find").count() == 0, "no search")
    assert marks(notebook, "find") == 0
    # The keys are the notebook's again.
    notebook.press("k")
    until(lambda: notebook.active() == "d", "the cell above")


def test_replacing_all_is_one_step_that_others_see(written: Write, opened: Open) -> None:
    name = written("old = old + 1", "%%md\nAbout old things", "print(old)")
    here, there = opened(name), opened(name)
    here.select("a")
    here.press("Control+h")
    here.page.get_by_label("Find in this notebook").fill("old")
    until(lambda: count(here) == "4", "the count")
    here.page.get_by_label("Replace by").fill("new")
    here.page.get_by_role("button", name="Replace all").click()
    until(lambda: there.source("a") == "new = new + 1", "the replacement over there")
    until(lambda: there.source("c") == "print(new)", "the last cell")
    until(lambda: count(here) == "Nothing found", "none left")
    here.page.get_by_role("button", name="Undo").click()
    until(lambda: there.source("a") == "old = old + 1", "one step back")
    until(lambda: there.source("c") == "print(old)", "one step back, there too")


def test_replacing_one_goes_on_to_the_next(written: Write, opened: Open) -> None:
    notebook = opened(written("a1 a2", "a3"))
    notebook.select("a")
    notebook.press("Control+h")
    notebook.page.get_by_label("Regular expression").click()
    notebook.page.get_by_label("Find in this notebook").fill(r"a(\d)")
    until(lambda: count(notebook) == "3", "the count")
    template = notebook.page.get_by_label("Replace by")
    template.fill("b$1")
    template.press("Enter")
    until(lambda: count(notebook) == "1 of 3", "the first")
    template.press("Enter")
    until(lambda: notebook.source("a") == "b1 a2", "the first replaced")
    until(lambda: count(notebook) == "1 of 2", "the next")
    template.press("Enter")
    until(lambda: notebook.source("a") == "b1 b2", "the second replaced")
    assert notebook.source("b") == "a3"


def test_an_expression_that_takes_for_ever_is_given_up(written: Write, opened: Open) -> None:
    notebook = opened(written("'" + "a" * 60 + "'"))
    notebook.select("a")
    find(notebook, "")
    notebook.page.get_by_label("Regular expression").click()
    field = notebook.page.get_by_label("Find in this notebook")
    field.fill("(a+)+b")
    until(lambda: "too long" in count(notebook), "the search to be given up")
    field.fill("(a")
    until(lambda: "no expression" in count(notebook), "what is wrong")
    field.fill("a{60}")
    until(lambda: count(notebook) == "1", "the next search")


def test_outputs_are_searched_on_demand(written: Write, opened: Open) -> None:
    notebook = opened(written("print('need' + 'le')"))
    notebook.run("a")
    notebook.wait("a", "finished")
    field = find(notebook, "needle")
    until(lambda: count(notebook) == "Nothing found", "no match in the source")
    notebook.page.get_by_label("Search outputs too").click()
    until(lambda: count(notebook) == "1", "the output")
    until(lambda: marked(notebook, "find") == ["needle"], "the mark in the output")
    field.press("Enter")
    until(lambda: count(notebook) == "1 of 1", "to be there")


def test_rendered_words_are_marked_where_they_stand(written: Write, opened: Open) -> None:
    notebook = opened(written("%%md\n# The **Rate**\n\n[rate](http://rate.example) rates", "1"))
    find(notebook, "rate")
    until(lambda: count(notebook) == "4", "the count, the address with it")
    until(lambda: marked(notebook, "find") == ["Rate", "rate", "rate"], "the marks")
