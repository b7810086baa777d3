"""Kernels of other languages on the page: bash by its kernelspec, and one that is missing."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Notebook, reader, until
from tests.e2e.conftest import Server, made_server

COUNTING = "for i in $(seq 1 24); do echo tick $i; sleep 0.12; done"


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jupyter")
    bash = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    for name, argv in (("bash", bash), ("gone", ["/nowhere/julia"])):
        (folder / "kernels" / name).mkdir(parents=True)
        said = {"argv": argv, "display_name": name.title(), "language": name}
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(scope="module")
def serving(specs: Path) -> Iterator[Server]:
    with made_server(JUPYTER_PATH=str(specs)) as server:
        yield server


@pytest.fixture
def page(serving: Server, chromium: Browser) -> Iterator[Page]:
    with reader(chromium, serving.login) as page:
        yield page


def metadata_of(server: Server, name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((server.folder / name).read_text())["metadata"]
    return found


def test_a_new_notebook_of_another_language_runs_and_comes_back(
    serving: Server, specs: Path, chromium: Browser, page: Page
) -> None:  # KER-50, PAGE-59
    page.goto(serving.base)
    page.get_by_role("button", name="New notebook with another kernel").click()
    page.get_by_role("menuitem", name="Bash").click()
    page.wait_for_selector("[data-cell-id]")
    notebook = Notebook(page, page.url)
    (cell,) = notebook.order()
    assert "Type Bash" in page.locator(".cm-placeholder").inner_text()

    # It streams while it runs; a reload in the middle loses and doubles nothing.
    notebook.run(cell, f"{COUNTING}; sleep 60")
    until(lambda: len(notebook.printed(cell, "tick")) > 5, "the first lines")
    page.reload()
    page.wait_for_selector("[data-cell-id]")
    until(lambda: notebook.state(cell) == "running", "the cell to be seen running")
    until(lambda: len(notebook.printed(cell, "tick")) == 24, "all lines")
    page.get_by_label("Interrupt", exact=True).click()
    notebook.wait(cell, "interrupted", "failed")
    assert notebook.printed(cell, "tick") == list(range(1, 25))

    # It is bash still, colours its words, and completes from the kernel.
    notebook.run(cell, "kept_value=42; echo done")
    notebook.wait(cell, "finished")
    notebook.type_into(cell, "echo $kept_va")
    notebook.press("Tab")
    page.locator(".cm-tooltip-autocomplete li", has_text="$kept_value").click()
    until(lambda: notebook.source(cell) == "echo $kept_value", "the name in the text")
    notebook.press("Control+Enter")
    until(lambda: notebook.outputs(cell).strip() == "42", "its value")
    page.get_by_role("button", name="Kernel: Idle Bash").wait_for()
    saved = until(
        lambda: metadata_of(serving, "Untitled.ipynb").get("language_info"), "the file to be saved"
    )
    assert saved["name"] == "bash"
    assert metadata_of(serving, "Untitled.ipynb")["kernelspec"]["name"] == "bash"

    # A restart forgets its variables.
    notebook.select(cell)
    notebook.press("0", "0")
    page.get_by_role("button", name="Restart", exact=True).last.click()
    until(lambda: notebook.attribute("data-kernel") == "idle", "a new kernel")
    notebook.run(cell, 'echo "[$kept_value]"')
    until(lambda: notebook.outputs(cell).strip() == "[]", "an empty value")
    assert notebook.problems == []


def test_a_kernel_outlives_the_server(specs: Path, chromium: Browser) -> None:  # KER-42
    with made_server(JUPYTER_PATH=str(specs)) as first:
        name = first.write("n.ipynb", COUNTING, "echo $BASH_VERSION")
        content = json.loads((first.folder / name).read_text())
        content["metadata"]["kernelspec"] = {"name": "bash", "language": "bash"}
        (first.folder / name).write_text(json.dumps(content))
        with reader(chromium, first.login) as page:
            notebook = Notebook(page, first.notebook(name))
            notebook.run("a")
            until(lambda: len(notebook.printed("a", "tick")) > 5, "the first lines")
        first.stop()
        second = Server(first.folder, first.home, JUPYTER_PATH=str(specs))
        try:
            with reader(chromium, second.login) as page:
                notebook = Notebook(page, second.notebook(name))
                notebook.wait("a", "finished")
                assert notebook.printed("a", "tick") == list(range(1, 25))
        finally:
            second.stop()


def test_a_notebook_whose_kernel_is_missing_says_so_and_takes_another(
    serving: Server, page: Page
) -> None:  # PAGE-59
    name = serving.write("julia.ipynb", "echo here")
    content = json.loads((serving.folder / name).read_text())
    theirs = {"name": "julia-1.10", "display_name": "Julia 1.10", "language": "julia", "own": 1}
    content["metadata"] = {"kernelspec": theirs, "language_info": {"name": "julia"}}
    before = json.dumps(content)
    (serving.folder / name).write_text(before)

    notebook = Notebook(page, serving.notebook(name))
    banner = page.locator(".banner")
    until(lambda: "Julia 1.10, cannot be used here" in banner.inner_text(), "the banner")
    assert 'Pkg.add("IJulia")' in banner.inner_text()
    assert (serving.folder / name).read_text() == before

    banner.get_by_role("button", name="Choose another").click()
    dialog = page.locator("dialog")
    until(lambda: "/nowhere/julia" in dialog.inner_text(), "the broken kernel's reason")
    dialog.get_by_role("button", name="Use Bash").click()
    until(lambda: banner.count() == 0, "the banner to go")
    notebook.run("a")
    notebook.wait("a", "finished")
    assert notebook.outputs("a").strip() == "here"
    until(
        lambda: metadata_of(serving, name)["kernelspec"].get("name") == "bash", "the saved choice"
    )
    assert metadata_of(serving, name)["kernelspec"]["own"] == 1
    assert notebook.problems == []
