"""The page behind a proxy, below a path, and where WebSockets are blocked (SYNC-33, SEC-27)."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import TOKEN, Server
from tests.e2e.proxy import Proxy, proxied

PREFIX = "/user/ann/"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "id": letter,
                "cell_type": "code",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for letter, source in (("a", ""), ("b", "6 * 7"))
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
COUNTING = """\
import os, time
for n in range(4):
    print("line", n)
    while not os.path.exists(f"go-{n}"): time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def ann() -> Iterator[Server]:
    """A server below `/user/ann/`."""
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as place:
        folder, home = Path(place, "files"), Path(place, "home")
        folder.mkdir()
        server = Server(folder, home, "--base-url", PREFIX)
        try:
            yield server
        finally:
            server.stop()
            subprocess.run(
                [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all"],
                env={**os.environ, "TAILRACE_HOME": str(home)},
                check=False,
                capture_output=True,
            )


def login(proxy: Proxy) -> str:
    return f"{proxy.address}{PREFIX}?token={TOKEN}"


def notebook(page: Page, proxy: Proxy, name: str) -> Notebook:
    return Notebook(page, f"{proxy.address}{PREFIX}notebook/{name}")


def way(notebook: Notebook) -> str | None:
    return notebook.attribute("data-way")


def test_below_a_path_behind_a_proxy_all_works(ann: Server, chromium: Browser) -> None:
    (ann.folder / "n.ipynb").write_text(NOTEBOOK)
    with (
        proxied(urlsplit(ann.base).port or 0, prefix=PREFIX) as proxy,
        reader(chromium, login(proxy)) as page,
    ):
        # From the bare prefix one is led to the page, and the cookie is for this path alone.
        answer = page.goto(f"{proxy.address}{PREFIX.rstrip('/')}")
        assert answer is not None
        assert (answer.status, page.url) == (200, f"{proxy.address}{PREFIX}")
        assert {cookie.get("path") for cookie in page.context.cookies()} == {PREFIX}
        page.get_by_role("link", name="n.ipynb").click()
        page.wait_for_selector("[data-cell-id]")
        opened = notebook(page, proxy, "n.ipynb")
        assert way(opened) == "socket"
        big = "from IPython.display import HTML, display\nprint('x' * 300_000)\n"
        opened.run("a", f"{big}HTML('<b id=framed>in the frame</b><script>1</script>')")
        opened.wait("a", "finished")
        frame = opened.cell("a").frame_locator("iframe").locator("#framed")
        until(lambda: frame.count() == 1 and frame.inner_text() == "in the frame", "the frame")
        # Nothing was asked for outside of the path, and nobody complained.
        assert [
            path for path in proxy.paths if not path.split(" ")[1].startswith("/user/ann")
        ] == []
        assert opened.problems == []


def test_where_sockets_are_refused_a_notebook_runs_all_the_same(
    ann: Server, chromium: Browser
) -> None:  # SYNC-33
    (ann.folder / "m.ipynb").write_text(NOTEBOOK)
    port = urlsplit(ann.base).port or 0
    with (
        proxied(port, prefix=PREFIX, lets_sockets=False) as blocking,
        proxied(port, prefix=PREFIX) as clear,
        reader(chromium, login(blocking)) as page,
        reader(chromium, login(clear)) as other,
    ):
        here, there = notebook(page, blocking, "m.ipynb"), notebook(other, clear, "m.ipynb")
        assert (way(here), way(there)) == ("stream", "socket")
        assert blocking.upgrades == 2
        assert page.locator(".bar-way").inner_text() == "over HTTP"
        here.run("a", COUNTING)
        until(lambda: here.printed("a", "line") == [0], "the first line")
        (ann.folder / "go-0").touch()
        until(lambda: here.printed("a", "line") == [0, 1], "the second line")
        # Reloaded in the middle: nothing is lost, and sockets are not tried again.
        page.reload()
        page.wait_for_selector("[data-cell-id]")
        until(lambda: here.printed("a", "line") == [0, 1], "the lines so far")
        assert (way(here), here.state("a"), blocking.upgrades) == ("stream", "running", 2)
        # Broken in the middle: it resumes by sequence.
        blocking.cut()
        (ann.folder / "go-1").touch()
        until(lambda: here.printed("a", "line") == [0, 1, 2], "the third line")
        # Edits go both ways.
        here.type_into("b", "print('typed', 1)")
        until(lambda: there.source("b") == "print('typed', 1)", "the edit over there")
        there.type_into("b", "print('typed', 2)")
        until(lambda: here.source("b") == "print('typed', 2)", "the edit over here")
        for n in (2, 3):
            (ann.folder / f"go-{n}").touch()
        there.run("b")
        until(lambda: here.printed("b", "typed") == [2], "the output of the other")
        assert here.printed("a", "line") == there.printed("a", "line") == [0, 1, 2, 3]
        # What the browser itself says of sockets and of the cut.
        network = ("WebSocket connection to", "net::ERR_", "Failed to load resource")
        assert [said for said in here.problems if not any(each in said for each in network)] == []


def test_sockets_that_open_and_are_closed_again_are_blocked_too(
    ann: Server, chromium: Browser
) -> None:  # SYNC-33
    (ann.folder / "k.ipynb").write_text(NOTEBOOK)

    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011)

    with reader(chromium, f"{ann.base}{PREFIX}?token={TOKEN}") as page:
        page.route_web_socket("**/socket", refuse)
        opened = Notebook(page, f"{ann.base}{PREFIX}notebook/k.ipynb")
        assert way(opened) == "stream"
        opened.run("b")
        until(lambda: "42" in opened.outputs("b"), "the result")
