"""A cell that prints far more than a page can hold: the page lives, and every line can be seen.

`TAILRACE_E2E_MEGABYTES=1000` plays it with a whole gigabyte; by default it is as much as is
quick, and many times more than the page keeps.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import Server, made_server

MEGABYTES = int(os.environ.get("TAILRACE_E2E_MEGABYTES", "50"))
LINES = MEGABYTES * 10_000
WIDE = "y" * 91  # with number, space and newline: 100 bytes
FLOOD = (
    f"for begin in range(0, {LINES}, 1000):\n"
    f"    print('\\n'.join([f'{{i:08d}} {WIDE[1:]}' for i in range(begin, begin + 1000)]))"
)
PATIENCE_S = 60.0 + MEGABYTES


def spaced(number: int) -> str:
    """As the page writes it."""
    return f"{number:,}".replace(",", "\u202f")


@pytest.fixture
def own() -> Iterator[Server]:
    """A server of its own, whose memory is looked at in the end."""
    with made_server() as server:
        yield server


def peak_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def test_a_flood_leaves_the_page_alive_and_every_line_within_reach(
    own: Server, chromium: Browser
) -> None:
    name = own.write("flood.ipynb", FLOOD, "1")
    with reader(chromium, own.login) as page:
        notebook = Notebook(page, own.notebook(name))
        notebook.run("a")
        notebook.wait("a", "running")
        answered = 0
        # What a person does meanwhile is answered, again and again.
        while notebook.state("a") == "running":
            answered += 1
            notebook.type_into("b", f"typed = {answered}")
            expected = f"typed = {answered}"
            until(lambda: notebook.source("b") == expected, "what was typed")  # noqa: B023
        assert answered > 0
        until(lambda: notebook.state("a") == "finished", "the end", PATIENCE_S)

        # The first lines, the last lines, and how many there are between them.
        until(lambda: f"{LINES - 1:08d} yyy" in notebook.outputs("a"), "the last line", PATIENCE_S)
        shown = notebook.outputs("a")
        assert shown.startswith(f"{0:08d} yyy")
        assert f"of {spaced(LINES)} lines not shown" in shown

        notebook.cell("a").get_by_role("button", name="Show all").click()
        log = notebook.cell("a").locator(".log-lines")
        until(lambda: log.locator(".log-row").count() > 10, "the lines in sight")
        log.evaluate("element => { element.scrollTop = element.scrollHeight / 2 }")

        def rows_in_the_middle() -> list[int]:
            rows = log.locator(".log-row").all_inner_texts()
            numbers = [int(row.split()[-2]) for row in rows if row.rstrip().endswith("y")]
            return [number for number in numbers if abs(number - LINES // 2) < LINES // 10]

        until(lambda: len(rows_in_the_middle()) > 10, "lines from the middle")
        numbers = rows_in_the_middle()
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

        wanted = LINES - LINES // 3
        search = notebook.cell("a").get_by_label("Search in this output")
        search.fill(f"{wanted:08d} Y")
        search.press("Enter")
        marked = log.locator("[data-marked]")
        until(lambda: marked.count() == 1, "the line that was searched", PATIENCE_S)
        until(lambda: f"{wanted:08d} yyy" in marked.inner_text(), "its text")
        assert notebook.problems == []
    assert peak_bytes(own) <= 300 << 20
