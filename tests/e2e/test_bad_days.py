"""What a person sees when something goes wrong: the network, the disk, the file, the kernel."""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, TimeoutError

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import TOKEN, Server, made_server
from tests.e2e.wire import Wire

STUBBORN = """\
import time
for n in range(1_000_000):
    try:
        print("round", n, flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""

KEPT = """text => new Promise((answer, fail) => {
  const opening = indexedDB.open("tailrace");
  opening.onerror = () => fail(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction("states").objectStore("states").getAll();
    reading.onsuccess = () => {
      opening.result.close();
      const decoder = new TextDecoder("latin1");
      answer(reading.result.some(({ state }) => decoder.decode(state).includes(text)));
    };
  };
})"""


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """One that saves when it is told to: then the file and the page can differ for a while."""
    with made_server(TAILRACE_AUTOSAVE_S="600") as server:
        yield server


@pytest.fixture
def wire(own: Server) -> Iterator[Wire]:
    wire = Wire(own.base)
    yield wire
    wire.cut()


def login(base: str) -> str:
    return f"{base}/?token={TOKEN}"


def banners(notebook: Notebook) -> str:
    return str(notebook.page.locator(".banners").inner_text())


def saved_source(server: Server, name: str, index: int = 0) -> str:
    cells = json.loads(Path(server.folder, name).read_text())["cells"]
    return "".join(cells[index]["source"])


def change_outside(server: Server, name: str, source: str) -> None:
    """What another editor does: it knows nothing of us and writes the whole file."""
    file = Path(server.folder, name)
    notebook = json.loads(file.read_text())
    notebook["cells"][0]["source"] = source
    file.write_text(json.dumps(notebook, indent=1))


# ── the network ──────────────────────────────────────────────────────────────


def test_what_was_typed_without_a_connection_is_merged_when_it_is_back(
    own: Server, wire: Wire, chromium: Browser
) -> None:
    name = own.write("offline.ipynb", "one", "two")
    with reader(chromium, login(wire.base)) as page, reader(chromium, own.login) as elsewhere:
        away = Notebook(page, f"{wire.base}/notebook/{name}")
        here = Notebook(elsewhere, own.notebook(name))
        wire.cut()
        until(lambda: "Not connected." in banners(away), "to be told")
        away.type_into("a", "one, from the train")
        here.type_into("b", "two, from the office")
        away.select("b")
        away.press("b")  # a new cell below
        until(lambda: len(away.order()) == 3, "the new cell")
        assert here.source("a") == "one"
        assert away.source("b") == "two"

        wire.mend()
        with suppress(TimeoutError):  # it may be back by itself before the finger is there
            page.get_by_role("button", name="Try now").click(timeout=3_000)
        until(lambda: away.attribute("data-connection") == "open", "the connection")
        until(lambda: here.source("a") == "one, from the train", "the edit over here")
        until(lambda: away.source("b") == "two, from the office", "the edit over there")
        until(lambda: here.order() == away.order() and len(here.order()) == 3, "one order")
        until(lambda: "Not connected." not in banners(away), "the banner to go")
        assert here.problems == []


def test_edits_outlive_the_page_that_could_not_send_them(
    own: Server, wire: Wire, chromium: Browser
) -> None:
    name = own.write("kept.ipynb", "one", "two")
    with reader(chromium, login(wire.base)) as page, reader(chromium, own.login) as elsewhere:
        away = Notebook(page, f"{wire.base}/notebook/{name}")
        here = Notebook(elsewhere, own.notebook(name))
        wire.cut()
        until(lambda: away.attribute("data-connection") == "waiting", "the connection to break")
        away.type_into("a", "one, kept by the browser")
        until(lambda: away.source("a") == "one, kept by the browser", "the text")
        until(lambda: page.evaluate(KEPT, "kept by the browser"), "the browser to keep it")
        page.goto("about:blank")  # the tab is closed, with nobody to send to
        here.type_into("b", "two, meanwhile")
        wire.mend()
        back = Notebook(page, f"{wire.base}/notebook/{name}")

        until(lambda: back.source("a") == "one, kept by the browser", "the edit that was kept")
        until(lambda: here.source("a") == "one, kept by the browser", "it to be delivered")
        assert back.source("b") == "two, meanwhile"


def test_edits_that_cannot_be_merged_are_kept_aside(chromium: Browser) -> None:
    with made_server() as first:
        wire = Wire(first.base)
        name = first.write("anew.ipynb", "one", "two")
        with reader(chromium, login(wire.base)) as page:
            away = Notebook(page, f"{wire.base}/notebook/{name}")
            wire.cut()
            until(lambda: away.attribute("data-connection") == "waiting", "the break")
            away.type_into("a", "my hour of work")
            until(lambda: away.source("a") == "my hour of work", "the text")
            first.stop()
            # The record is lost with its disk; the file is all that there is.
            shutil.rmtree(first.home)
            second = Server(first.folder, first.home)
            try:
                wire.lead_to(second.base)
                wire.mend()
                page.goto(login(wire.base))
                back = Notebook(page, f"{wire.base}/notebook/{name}")
                until(lambda: "kept aside" in banners(back), "the copy")
                assert back.source("a") == "one"
                page.get_by_role("button", name="Look at it").click()
                dialog = page.get_by_role("dialog")
                until(lambda: "my hour of work" in dialog.inner_text(), "my version")
                back.press("Escape")
                page.reload()
                until(lambda: "kept aside" in banners(back), "the copy, still")
                page.get_by_role("button", name="Discard").click()
                until(lambda: "kept aside" not in banners(back), "it to go")
            finally:
                second.stop()
                wire.cut()


# ── the disk ─────────────────────────────────────────────────────────────────


def test_a_full_disk_is_told_edits_are_kept_and_it_goes_on_by_itself(
    own: Server, chromium: Browser
) -> None:
    name = own.write("disk.ipynb", "print('before')", "2")
    with reader(chromium, own.login) as page:
        notebook = Notebook(page, own.notebook(name))
        notebook.run("a")
        notebook.wait("a", "finished")
        whole = resource.prlimit(own.process.pid, resource.RLIMIT_FSIZE, (0, -1))
        try:
            notebook.type_into("b", "print('typed on a full disk')")
            until(lambda: "The disk is full." in banners(notebook), "to be told")
            notebook.press("Control+Enter")
            assert notebook.source("b") == "print('typed on a full disk')"
            assert notebook.outputs("a").strip() == "before"
        finally:
            resource.prlimit(own.process.pid, resource.RLIMIT_FSIZE, whole)
        until(lambda: "The disk is full." not in banners(notebook), "it to go on")
        notebook.run("b")
        notebook.wait("b", "finished")
        assert notebook.outputs("b").strip() == "typed on a full disk"
        notebook.press("Control+s")
        until(lambda: "typed on" in saved_source(own, name, 1), "the file")


# ── the file ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("choice", "shown", "in_file"),
    [
        ("Keep what is here", "mine = 1", "mine = 1"),
        ("Take the file's", "theirs = 1", "theirs = 1"),
        ("Keep both, mine as a copy", "theirs = 1", "theirs = 1"),
    ],
)
def test_a_file_that_was_changed_too_is_put_to_the_person(
    own: Server, chromium: Browser, choice: str, shown: str, in_file: str
) -> None:
    name = own.write(f"conflict-{choice[:6].strip()}.ipynb", "begun = 1", "2")
    with reader(chromium, own.login) as page:
        notebook = Notebook(page, own.notebook(name))
        notebook.type_into("a", "mine = 1")
        until(lambda: notebook.source("a") == "mine = 1", "the edit")
        change_outside(own, name, "theirs = 1")
        until(lambda: "changed by another program" in banners(notebook), "to be asked")
        # Neither is touched until there is an answer.
        assert notebook.source("a") == "mine = 1"
        assert saved_source(own, name) == "theirs = 1"
        page.get_by_role("button", name=choice).click()
        until(lambda: "changed by" not in banners(notebook), "it to be settled")
        until(lambda: notebook.source("a") == shown, "the text")
        until(lambda: saved_source(own, name) == in_file, "the file")
        if choice.startswith("Keep both"):
            copies = [file for file in own.folder.glob(f"{name[:-6]}*") if file.name != name]
            assert [saved_source(own, copy.name) for copy in copies] == ["mine = 1"]


# ── the kernel ───────────────────────────────────────────────────────────────


def test_a_cell_that_does_not_stop_can_be_killed_after_the_third_try(
    own: Server, chromium: Browser
) -> None:
    name = own.write("stubborn.ipynb", STUBBORN, "print('alive')")
    with reader(chromium, own.login) as page:
        notebook = Notebook(page, own.notebook(name))
        notebook.run("a")
        for tries in range(3):
            until(lambda: f"round {tries}" in notebook.outputs("a"), "the round")  # noqa: B023
            assert "does not stop" not in banners(notebook)
            notebook.press("i", "i")
        until(lambda: "does not stop" in banners(notebook), "the offer")
        page.get_by_role("button", name="Kill the kernel").click()
        confirm = page.get_by_role("dialog").get_by_role("button", name="Kill")
        if confirm.count():
            confirm.click()
        notebook.wait("a", "died", "interrupted", "failed")
        notebook.run("b")
        notebook.wait("b", "finished")
        assert notebook.outputs("b").strip() == "alive"
