"""A notebook that is renamed while it is open: its pages follow it (PAGE-13)."""

from playwright.sync_api import Page

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write

HOLDING = """\
import os, time
print("line", 0)
while not os.path.exists("go-on"): time.sleep(0.01)
print("line", 1)
"""


def renamed(page: Page, server: Server, path: str, to: str) -> None:
    """As home does it."""
    status = page.evaluate(
        """async ([base, path, to]) => {
          const { token } = await (await fetch(`${base}/api/v1/me`)).json();
          const headers = { "content-type": "application/json", "x-tailrace-token": token };
          const body = JSON.stringify({ path, to });
          const answer = await fetch(`${base}/api/v1/files`, { method: "PATCH", headers, body });
          return answer.status;
        }""",
        [server.base, path, to],
    )
    assert status == 200


def shows(notebook: Notebook, path: str) -> bool:
    name = path.rpartition("/")[2]
    return (
        notebook.attribute("data-connection") == "open"
        and name in notebook.page.title()
        and name in notebook.page.locator(".bar-file").inner_text()
        and notebook.page.evaluate("location.pathname").endswith(f"/notebook/{path}")
    )


def test_both_pages_follow_a_notebook_that_is_moved_while_it_runs(
    server: Server, written: Write, opened: Open
) -> None:
    old = written(HOLDING, "x = 6")
    here, there = opened(old), opened(old)
    here.run("b")
    here.wait("b", "finished")
    here.run("a")
    until(lambda: here.printed("a", "line") == [0], "the first line")
    here.select("b")
    renamed(here.page, server, old, "follow-me.ipynb")
    for page in (here, there):
        until(lambda at=page: shows(at, "follow-me.ipynb"), "the new name")  # type: ignore[misc]
    # The page was not begun anew, the kernel neither, and the cell runs on.
    assert here.is_active("b")
    assert here.state("a") == "running"
    (server.folder / "go-on").touch()
    there.wait("a", "finished")
    until(lambda: here.printed("a", "line") == [0, 1], "the second line")
    here.type_into("b", "print('line', x * 7)")
    until(lambda: there.source("b") == "print('line', x * 7)", "the edit over there")
    there.run("b")
    until(lambda: here.printed("b", "line") == [42], "what the same kernel says")
    # A folder takes it along too; what was open stays open.
    (server.folder / "place").mkdir()
    renamed(here.page, server, "follow-me.ipynb", "place/follow-me.ipynb")
    renamed(here.page, server, "place", "another")
    for page in (here, there):
        until(lambda at=page: shows(at, "another/follow-me.ipynb"), "the new folder")  # type: ignore[misc]
    here.page.reload()
    here.page.wait_for_selector("[data-cell-id]")
    until(lambda: here.printed("b", "line") == [42], "its outputs")
    assert here.attribute("data-kernel") in ("idle", "busy")
