"""A stranger's notebook is opened, clicked all over and run; nothing of it gets out.

What it tries is in `tools/write_hostile.py`. A socket stands where its attempts lead to, so
that whatever the browser does by itself (a name looked up, a connection made ahead) counts.
"""

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ElementHandle, Error, Frame, Page

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import Server

FIXTURE = Path(__file__).parents[2] / "fixtures/notebooks/hostile.ipynb"
NAME = "<img src=x onerror=top.__owned=1> &lt;b&gt; ' %3Cscript%3E.ipynb"
OWN = ("/assets/", "/frame.html")
AT_ONCE_MS = 250
DRAWN_MS = 5_000
MANY = 30  # things that could be pressed; fewer would mean that they were not there

# What would stand in the page if anything had got into it.
FOUND = """() => {
  const scripts = [...document.querySelectorAll("script")];
  const foreign = "object, embed, base, link[href*='127.0.0.1'][rel=preconnect], meta[http-equiv]";
  return {
    owned: [window.__owned, localStorage.getItem("owned"), ({}).owned, ({}).polluted],
    title: document.title === "owned",
    body: document.body instanceof HTMLBodyElement && document.head instanceof HTMLHeadElement,
    scripts: scripts.filter((each) => each.src === "").length,
    foreign: document.querySelectorAll(foreign).length,
    frames: [...document.querySelectorAll("iframe")].filter(
      (each) => each.getAttribute("sandbox") !== "allow-scripts").length,
    handlers: [...document.querySelectorAll("main *")].filter((each) =>
      each.getAttributeNames().some((name) => name.startsWith("on"))).length,
    links: [...document.querySelectorAll("a")].filter((each) =>
      /^(javascript|data|vbscript|file|blob):/.test(each.href)).length,
    copies: document.querySelectorAll("[data-cell-id=js], .notices .cell, #documentElement").length,
  };
}"""
NOTHING = {
    "owned": [None, None, None, None],
    "title": False,
    "body": True,
    "scripts": 0,
    "foreign": 0,
    "frames": 0,
    "handlers": 0,
    "links": 0,
    "copies": 0,
}


class Canary:
    """Hears whoever comes, by TCP or UDP."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._waker, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._tcp, self._udp, self._woken], [], [])
            if self._woken in ready:
                return
            if self._udp in ready:
                self.heard.append(self._udp.recv(200))
            if self._tcp in ready:
                with self._tcp.accept()[0] as caller:
                    caller.settimeout(0.2)
                    try:
                        self.heard.append(b"connected " + caller.recv(200))
                    except OSError:
                        self.heard.append(b"connected, and said nothing")

    def close(self) -> None:
        self._waker.close()
        self._thread.join()
        for each in (self._tcp, self._udp, self._woken):
            each.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    try:
        yield canary
    finally:
        canary.close()


class Witness:
    """What the browser does because of the notebook, and nobody asked for."""

    def __init__(self, page: Page, base: str) -> None:
        self.seen: list[str] = []
        page.on("request", lambda request: self._asked(request.url, request.frame, page, base))
        page.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        page.on("dialog", lambda dialog: (self.seen.append("dialog"), dialog.dismiss()))
        page.on("download", lambda _: self.seen.append("download"))
        page.context.on("page", lambda opened: self.seen.append(f"page {opened.url}"))

    def _failed(self, url: str, reason: str | None) -> None:
        """What the browser refused was never sent: the canary says so too."""
        if reason in ("csp", "origin"):
            self.seen = [seen for seen in self.seen if not seen.endswith(f"asks {url}")]

    def _asked(self, url: str, frame: Frame, page: Page, base: str) -> None:
        if url.startswith(("data:", "blob:", "about:")):
            return
        ours = url.startswith(base)
        by_page = frame is page.main_frame
        if not ours or "stolen" in url or "logout" in url:
            self.seen.append(f"{'page' if by_page else 'output'} asks {url}")
        elif not by_page and not any(part in url for part in OWN):
            self.seen.append(f"output asks {url}")


def press(element: ElementHandle) -> None:
    """As a person would, and as a script would; what cannot be pressed cannot harm."""
    for act in (
        lambda: element.click(force=True, timeout=AT_ONCE_MS),
        lambda: element.dispatch_event("click"),
    ):
        try:
            act()
        except Error:
            continue


def click_all_over(notebook: Notebook) -> int:
    """Every cell into sight, and a press on all in it that could be pressed."""
    page, pressed = notebook.page, 0
    for cell_id in notebook.order():
        cell = notebook.cell(cell_id)
        cell.scroll_into_view_if_needed()
        until(lambda cell=cell: cell.get_attribute("data-near") is not None, "the cell")
        # A link to the web, or to a file's page, leads there when a person presses it.
        within = "a:not([href^=http]), img, summary, li, td"
        for element in cell.locator(f".cell-main :is({within})").element_handles():
            press(element)
            pressed += 1
        for frame in cell.locator("iframe").element_handles():
            inner = frame.content_frame()
            if inner is None:
                continue
            try:
                inner.wait_for_selector("main[data-form]", state="attached", timeout=DRAWN_MS)
                targets = inner.query_selector_all("a, button, summary, .cover, text, [onclick]")
            except Error:
                continue  # it went elsewhere meanwhile, and was stopped for it
            for element in targets[:12]:
                press(element)
                pressed += 1
    page.keyboard.press("Escape")
    return pressed


def test_a_hostile_notebook_does_nothing_but_be_shown(  # SEC-23, SEC-26
    server: Server, chromium: Browser, canary: Canary
) -> None:
    text = FIXTURE.read_text("utf-8").replace("canary.invalid", f"127.0.0.1:{canary.port}")
    Path(server.folder, NAME).write_text(text, "utf-8")
    with reader(chromium, server.login) as page:
        witness = Witness(page, server.base)
        # Its name is on the first page, and is searched for.
        page.goto(server.base)
        page.get_by_role("link", name="onerror=top").first.wait_for()
        assert page.evaluate(FOUND) == NOTHING
        notebook = Notebook(page, server.notebook(quote(NAME)))
        address = page.url

        assert click_all_over(notebook) >= MANY
        assert page.evaluate(FOUND) == NOTHING
        assert witness.seen == []

        page.get_by_label("Run all", exact=True).click()
        notebook.wait("told", "failed")
        assert click_all_over(notebook) >= MANY
        # What else draws its words: the contents beside the cells, and the palette.
        page.get_by_label("Contents").first.click()
        page.keyboard.press("Control+Shift+P")
        page.keyboard.insert_text("script")
        page.keyboard.press("Escape")

        assert page.evaluate(FOUND) == NOTHING
        assert witness.seen == []
        assert canary.heard == []
        assert page.url == address
        # And the notebook is in the hands of the person all the same.
        assert notebook.attribute("data-connection") == "open"
        notebook.run("told", "print('mine')")
        notebook.wait("told", "finished")
        assert notebook.outputs("told").strip() == "mine"
