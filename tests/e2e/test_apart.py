"""The page on a host of static files, the server at another origin (SEC-28, SEC-29)."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import EXAMPLES, TOKEN, Server

PLOT = """\
import base64, os
from IPython.display import HTML, Image, display
print("hello", 1)
display(Image(os.urandom(0) + base64.b64decode(PIXEL) + b"\\0" * 200_000, format="png"))
HTML("<b id=framed>in the frame</b><script>1</script>")
"""
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Host(ThreadingHTTPServer):
    """Nothing but files, as any static host."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Apart(NamedTuple):
    host: Host
    server: Server
    stranger: Host


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """A server that lets the pages of `host` in, and not those of `stranger`."""
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as place:
        folder, home, site = Path(place, "files"), Path(place, "home"), Path(place, "site")
        other = Path(place, "other")
        folder.mkdir()
        (home / "config").mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
        (folder / "tour.ipynb").write_bytes((EXAMPLES / "tour.ipynb").read_bytes())
        (folder / "plot.ipynb").write_text(
            '{"cells": [{"id": "a", "cell_type": "code", "metadata": {}, "source": "",'
            ' "outputs": [], "execution_count": null}], "metadata": {},'
            ' "nbformat": 4, "nbformat_minor": 5}'
        )
        site.mkdir()
        other.mkdir()
        host, stranger = Host(site), Host(other)
        (home / "config" / "settings.toml").write_text(f'page_origins = ["{host.address}"]\n')
        server = Server(folder, home)
        for target, options in ((site, ["--server", server.base]), (other, [])):
            command = [sys.executable, "-m", "tailrace.cli", "page", str(target), *options]
            subprocess.run([*command, "--force"], check=True, capture_output=True)
        try:
            yield Apart(host, server, stranger)
        finally:
            for each in (host, stranger):
                each.shutdown()
                each.server_close()
            server.stop()
            subprocess.run(
                [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all"],
                env={**os.environ, "TAILRACE_HOME": str(home)},
                check=False,
                capture_output=True,
            )


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    yield context.new_page()
    context.close()


def log_in(page: Page, said: str) -> None:
    page.get_by_label("Token or address").fill(said)
    page.get_by_role("button", name="Log in").click()


def test_a_notebook_runs_from_a_page_at_another_origin(apart: Apart, page: Page) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{apart.host.address}/")
    log_in(page, "not the token")
    until(lambda: page.get_by_role("alert").count() == 1, "a word about the token")
    log_in(page, TOKEN)
    page.get_by_role("link", name="plot.ipynb").click()
    page.wait_for_selector("[data-cell-id]")
    assert page.url == f"{apart.host.address}/#/notebook/plot.ipynb"
    opened = Notebook(page, page.url)
    page.reload()
    until(lambda: opened.attribute("data-connection") == "open", "the login to be kept")
    assert opened.attribute("data-way") == "socket"
    opened.run("a", f"PIXEL = {PIXEL!r}\n{PLOT}")
    opened.wait("a", "finished")
    assert opened.printed("a", "hello") == [1]
    picture = opened.cell("a").locator("img.picture")
    until(lambda: picture.evaluate("image => image.naturalWidth") == 1, "the picture")
    assert "ticket=" in (picture.get_attribute("src") or "")
    frame = opened.cell("a").frame_locator("iframe").locator("#framed")
    until(lambda: frame.count() == 1 and frame.inner_text() == "in the frame", "the frame")
    # Nothing of it needed a cookie, and none is there.
    assert page.context.cookies() == []
    assert [said for said in (*problems, *opened.problems) if "401" not in said] == []


def test_it_says_who_has_to_let_it_in(apart: Apart, page: Page) -> None:
    page.goto(f"{apart.stranger.address}/?server={apart.server.base}")
    until(lambda: page.get_by_role("alert").count() == 1, "the reason")
    said = page.get_by_role("alert").inner_text()
    assert "page_origins" in said
    assert apart.stranger.address in said
    page.get_by_role("button", name="Another server").click()
    page.get_by_label("The server's address").fill("http://127.0.0.1:1/")
    page.get_by_role("button", name="Go there").click()
    until(lambda: "cannot be reached" in page.get_by_role("alert").inner_text(), "the other reason")
