"""A real server on a folder of its own, and a real browser that is logged in to it."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import Notebook, launched, reader
from tests.e2e.gallery import lay_out
from tests.e2e.studio import PICTURES, Screen, screen

TOKEN = "token-of-the-end-to-end-tests"
START_WITHIN_S = 60
EXAMPLES = Path(__file__).parents[2] / "examples"


class Server:
    """`tailrace FOLDER --no-browser --port 0`, as a person starts it."""

    def __init__(self, folder: Path, home: Path, *options: str, **settings: str) -> None:
        self.folder = folder
        self.home = home
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tailrace.cli",
                "open",
                str(folder),
                "--no-browser",
                "--port",
                "0",
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TAILRACE_HOME": str(home), "TAILRACE_TOKEN": TOKEN, **settings},
        )
        self._lines: Queue[str] = Queue()
        self._said: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.base = self._address()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.append(line)
            self._lines.put(line)
        self._lines.put("")

    def _address(self) -> str:
        while line := self._lines.get(timeout=START_WITHIN_S):
            if found := re.search(r"http://[\d.]+:\d+", line):
                return found[0]
        raise AssertionError(f"the server did not start:\n{''.join(self._said)}")

    @property
    def login(self) -> str:
        return f"{self.base}/?token={TOKEN}"

    def notebook(self, name: str) -> str:
        return f"{self.base}/notebook/{name}"

    def write(self, name: str, *sources: str) -> str:
        """Writes a notebook with cells of these sources, named `a`, `b`, …; returns its name.

        A source that begins with `%%md` makes a Markdown cell of the rest.
        """
        cells = []
        for letter, source in zip("abcdefghij", sources, strict=False):
            cell = {"id": letter, "metadata": {}, "source": source.removeprefix("%%md\n")}
            if source.startswith("%%md"):
                cell["cell_type"] = "markdown"
            else:
                cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
            cells.append(cell)
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / name).write_text(json.dumps(notebook))
        return name

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def made_server(*options: str, **settings: str) -> Iterator[Server]:
    """A started server in folders of its own, with these options and variables; nothing of it
    is left afterwards."""
    # The path is short: it holds sockets, whose names may have only some hundred letters.
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as place:
        folder = Path(place, "files")
        folder.mkdir()
        home = Path(place, "home")
        server = Server(folder, home, *options, **settings)
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


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with made_server() as server:
        (server.folder / "tour.ipynb").write_bytes((EXAMPLES / "tour.ipynb").read_bytes())
        yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


Write = Callable[..., str]


@pytest.fixture
def written(server: Server, request: pytest.FixtureRequest) -> Write:
    """Writes a notebook with cells of these sources, and returns its name."""

    def write(*sources: str) -> str:
        return server.write(re.sub(r"\W+", "-", request.node.name)[:60] + ".ipynb", *sources)

    return write


Open = Callable[..., Notebook]


@pytest.fixture
def opened(server: Server, chromium: Browser) -> Iterator[Open]:
    """Opens a notebook, each time in a browser of its own; in the end none may have complained."""
    contexts = []
    notebooks: list[Notebook] = []

    def open_(name: str, **options: object) -> Notebook:
        context = reader(chromium, server.login, **options)
        page = context.__enter__()
        contexts.append(context)
        notebooks.append(Notebook(page, server.notebook(name)))
        return notebooks[-1]

    try:
        yield open_
        assert [problem for notebook in notebooks for problem in notebook.problems] == []
    finally:
        for context in contexts:
            context.__exit__(None, None, None)


@pytest.fixture(scope="package")
def rivers() -> Iterator[Server]:
    """A server with files of its own, so that the pictures show nobody else's."""
    with made_server() as server:
        lay_out(server.folder)
        PICTURES.mkdir(parents=True, exist_ok=True)
        yield server


@pytest.fixture
def screens(rivers: Server, chromium: Browser) -> Iterator[list[Screen]]:
    """A desk and a hand."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(screen(chromium, rivers.login, "desk")),
            stack.enter_context(screen(chromium, rivers.login, "phone")),
        ]
