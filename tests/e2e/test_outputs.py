"""Every form of output, what can be done with one, and the ways out of an error."""

import json
import re
from pathlib import Path

from playwright.sync_api import Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import EXAMPLES, Open, Server, Write
from tests.guest.test_packages import wheel

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
READ_CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read();
  const type = item?.types.find((each) => each !== "text/html");
  if (!type) return "";  // nothing was copied yet
  // While somebody copies, what was read about may be another thing already.
  const blob = await item.getType(type).catch(() => null);
  if (!blob) return "";
  return type === "text/plain" ? await blob.text() : `${type} ${blob.size > 100}`;
}"""
TEXT = r"""
print("\x1b[31mred\x1b[0m \x1b[48;5;208morange\x1b[0m \x1b[48;2;1;2;3mexact\x1b[0m")
print("see https://docs.python.org/3/.")
for n in range(3): print(f"\rstep {n}", end="")
print()
"""
# A film, made by the browser itself: some frames of 64 by 48 points.
FILM = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise(resolve => { recorder.onstop = resolve; });
  recorder.start();
  for (let frame = 0; frame < 8; frame += 1) {
    pen.fillStyle = `hsl(${frame * 40} 60% 50%)`;
    pen.fillRect(0, 0, 64, 48);
    await new Promise(requestAnimationFrame);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
DRAWN = {
    "html": "table.temperature",
    "svg": "svg",
    "vegalite": "svg.marks",
    "vega": "svg.marks",
    "plotly": ".plot-container",
    "audio": "audio",
    "wav": "audio",
    "javascript": "button",
    "cdn": "#map",
}


def tool(notebook: Notebook, cell_id: str, name: str, which: int = 0) -> None:
    """Chooses from the menu of one output."""
    notebook.cell(cell_id).locator(".cell-source").hover()
    output = notebook.cell(cell_id).locator(".output").nth(which)
    output.get_by_role("button", name="Output actions").click()
    output.get_by_role("menuitem", name=name).click()


def outputs_of(notebook: Notebook, cell_id: str) -> Locator:
    return notebook.cell(cell_id).locator("[data-outputs]")


def test_the_example_shows_every_kind_of_output(  # PAGE-29
    server: Server, opened: Open
) -> None:
    (server.folder / "outputs.ipynb").write_bytes((EXAMPLES / "outputs.ipynb").read_bytes())
    notebook = opened("outputs.ipynb")
    asked: list[str] = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    refused: list[str] = []
    notebook.page.on("requestfailed", lambda request: refused.append(request.url))
    cells = [
        cell_id
        for cell_id in notebook.order()
        if notebook.cell(cell_id).get_attribute("data-cell-kind") == "code"
    ]
    for cell_id in cells:
        notebook.cell(cell_id).scroll_into_view_if_needed()
        notebook.run(cell_id)
    until(lambda: notebook.state("question") == "running", "the libraries' imports", 120)
    prompt = notebook.cell("question").locator(".prompt input")
    prompt.fill("Ada")
    prompt.press("Enter")
    notebook.wait("question", "finished")

    failed = [cell_id for cell_id in cells if notebook.state(cell_id) != "finished"]
    assert failed == ["error", "missing"]
    for cell_id, selector in DRAWN.items():
        notebook.cell(cell_id).scroll_into_view_if_needed()
        frame = notebook.cell(cell_id).locator("iframe")
        frame.content_frame.locator(selector).first.wait_for(state="attached")
    for cell_id, selector in {
        "markdown": ".prose table",
        "latex": ".katex",
        "json": ".json",
        "geojson": ".json",
        "table": "[role=grid]",
        "pdf": ".pdf-output canvas",
        "png": "img.picture",
        "updates": ".prose strong",
    }.items():
        notebook.cell(cell_id).scroll_into_view_if_needed()
        notebook.cell(cell_id).locator(selector).first.wait_for()
    pictures = notebook.cell("rasters").locator("img")
    notebook.cell("rasters").scroll_into_view_if_needed()
    until(lambda: [each.evaluate("i => i.naturalWidth") for each in pictures.all()] == [120] * 3)
    # Updated in place, and in its order; cleared with waiting, without a trace.
    assert re.search(r"done, in the same place\s+and text below it", notebook.outputs("updates"))
    assert notebook.outputs("cleared").strip() == "lift-off"
    # Nothing leaves the machine for all that: fonts, formulas, workers and charts are ours.
    elsewhere = {
        url for url in asked if not url.startswith((server.base, "data:", "blob:", "about:"))
    }
    assert elsewhere <= set(refused)
    # The one script that is not ours was refused, and said so.
    assert all("unpkg.com" in problem for problem in notebook.problems)
    notebook.problems.clear()


def test_a_film_plays_in_its_frame(written: Write, opened: Open) -> None:  # PAGE-8, PAGE-29
    notebook = opened(written("x = 1"))
    film = notebook.page.evaluate(FILM)
    show = f"Video(base64.b64decode({film!r}), embed=True, mimetype='video/webm')"
    notebook.run("a", f"import base64\nfrom IPython.display import Video\n{show}")
    notebook.wait("a", "finished")
    video = notebook.cell("a").locator("iframe").content_frame.locator("video")
    video.wait_for()
    until(lambda: video.evaluate("video => video.videoWidth") == 64, "its first picture")
    video.evaluate("video => { video.muted = true; void video.play(); }")
    until(lambda: video.evaluate("video => video.currentTime") > 0, "the film to play")


def test_text_has_colours_links_and_progress(written: Write, opened: Open) -> None:  # PAGE-29
    notebook = opened(written(TEXT))
    notebook.run("a")
    notebook.wait("a", "finished")
    text = notebook.cell("a").locator(".text")
    until(lambda: "step 2" in text.inner_text(), "the last step")

    assert "step 1" not in text.inner_text()
    ground = "element => getComputedStyle(element).backgroundColor"
    assert text.get_by_text("exact").evaluate(ground) == "rgb(1, 2, 3)"
    assert text.get_by_text("orange").evaluate(ground) == "rgb(255, 135, 0)"
    assert "--ansi-red" in (text.get_by_text("red", exact=True).get_attribute("style") or "")
    link = text.get_by_role("link")
    assert link.get_attribute("href") == "https://docs.python.org/3/"
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_an_output_is_copied_saved_and_enlarged(  # PAGE-28
    server: Server, written: Write, opened: Open
) -> None:
    name = written(
        "print('to be kept')\n"
        "import matplotlib.pyplot as plt\nfigure, _ = plt.subplots(figsize=(2, 1))\n"
        "plt.close(); figure",
        "from IPython.display import SVG\n"
        'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20">'
        '<rect width="30" height="20" fill="teal"/></svg>\')',
    )
    notebook = opened(name, **CLIPBOARD)
    notebook.run("a")
    notebook.run("b")
    notebook.wait("b", "finished")
    drawing = notebook.cell("b").locator("iframe").content_frame.locator("svg")
    drawing.wait_for()
    page = notebook.page

    tool(notebook, "a", "Copy text")
    until(lambda: page.evaluate(READ_CLIPBOARD).strip() == "to be kept", "the text")
    tool(notebook, "a", "Copy image", which=1)
    until(lambda: page.evaluate(READ_CLIPBOARD) == "image/png true", "the picture")
    tool(notebook, "b", "Copy image")
    until(lambda: page.get_by_text("The picture is on the clipboard").count() > 0, "the drawing")
    with page.expect_download() as saved:
        tool(notebook, "a", "Save image", which=1)
    assert saved.value.suggested_filename == "output.png"
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as saved:
        tool(notebook, "b", "Save image")
    assert saved.value.suggested_filename == "output.svg"
    assert "teal" in Path(saved.value.path()).read_text()
    with page.expect_download() as saved:
        tool(notebook, "a", "Download")
    assert Path(saved.value.path()).read_text() == "to be kept\n"

    tool(notebook, "a", "Full screen", which=1)
    until(lambda: page.evaluate("document.fullscreenElement?.className") == "output", "full screen")
    page.evaluate("document.exitFullscreen()")
    before = notebook.cell("a").locator(".output").nth(1).bounding_box()
    page.set_viewport_size({"width": 1900, "height": 860})
    tool(notebook, "a", "Full width", which=1)
    after = notebook.cell("a").locator(".output").nth(1).bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > before["width"] + 300


def test_how_outputs_stand_is_kept_in_the_file(  # PAGE-28
    server: Server, written: Write, opened: Open
) -> None:
    name = written("for n in range(60): print(n)", "print(2)")
    notebook = opened(name)
    notebook.run("a")
    notebook.run("b")
    notebook.wait("b", "finished")

    tool(notebook, "a", "Into a scroll box")
    until(lambda: outputs_of(notebook, "a").get_attribute("data-scroll") == "box", "the box")
    notebook.select("b")
    notebook.press("o")
    notebook.cell("b").get_by_role("button", name="1 output hidden").wait_for()
    notebook.press("Control+s")
    file = Path(server.folder, name)
    until(lambda: '"scrolled": true' in file.read_text(), "the file")
    until(lambda: "outputs_hidden" in file.read_text(), "the file")
    metadata = [cell["metadata"] for cell in json.loads(file.read_text())["cells"]]
    assert metadata[0] == {"scrolled": True}
    assert metadata[1] == {"jupyter": {"outputs_hidden": True}}
    again = opened(name)
    assert outputs_of(again, "a").get_attribute("data-scroll") == "box"
    again.select("a")
    again.press("Shift+o")
    until(lambda: outputs_of(notebook, "a").get_attribute("data-scroll") == "auto", "both see it")
    assert again.cell("b").get_by_role("button", name="1 output hidden").count() == 1


def test_a_traceback_leads_to_the_cell_and_line(written: Write, opened: Open) -> None:  # PAGE-31
    notebook = opened(
        written("def f(x):\n    y = x\n    return 1 / y", "import json\njson.loads('{')", "f(0)"),
        **CLIPBOARD,
    )
    notebook.run("a")
    notebook.run("c")
    notebook.wait("c", "failed")
    notebook.run("b")
    notebook.wait("b", "failed")
    error = notebook.cell("c").locator(".error")
    error.get_by_role("button", name="Cell In[1], line 3").click()
    until(lambda: notebook.cell("a").get_attribute("data-editing") is not None, "the cell")
    selected = notebook.page.evaluate("getSelection().toString()")
    assert selected.strip() == "return 1 / y"

    # What is a library's is folded, and all of it can be taken along.
    folded = notebook.cell("b").locator("details")
    assert folded.get_attribute("open") is None
    folded.locator("summary").click()
    assert "raw_decode" in folded.inner_text()
    error.get_by_role("button", name="Copy the error").click()
    copied = until(lambda: notebook.page.evaluate(READ_CLIPBOARD), "the error")
    assert "ZeroDivisionError: division by zero" in copied
    assert "\x1b" not in copied


def test_a_missing_package_is_installed_from_its_error(  # PAGE-31
    written: Write, opened: Open, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "tailrace_probe", "1.0")
    target = tmp_path / "target"
    target.mkdir()
    notebook = opened(
        written(
            f"import os, sys\nsys.path.append({str(target)!r})\n"
            f"os.environ |= dict(PIP_NO_INDEX='1', PIP_TARGET={str(target)!r},"
            f" PIP_FIND_LINKS={str(tmp_path / 'wheels')!r})",
            "import tailrace_probe\nprint('version', tailrace_probe.version)",
        )
    )
    notebook.run("a")
    notebook.run("b")
    notebook.wait("b", "failed")
    notebook.cell("b").get_by_role("button", name="Install tailrace-probe").click()
    again = notebook.cell("b").get_by_role("button", name="Run this cell again")
    again.wait_for()

    [installing] = [each for each in notebook.order() if each not in "ab"]
    assert notebook.order() == ["a", installing, "b"]
    assert notebook.source(installing) == "%pip install tailrace-probe"
    assert "Successfully installed" in notebook.outputs(installing)
    again.click()
    notebook.wait("b", "finished")
    assert notebook.outputs("b").strip() == "version 1.0"


def test_a_prompt_survives_a_reload_and_is_answered_by_another(  # PAGE-32
    written: Write, opened: Open
) -> None:
    name = written(
        "import getpass\nname = input('Who? ')\nword = getpass.getpass('Secret? ')\n"
        "print(name, len(word))"
    )
    notebook = opened(name)
    notebook.run("a")
    field = notebook.cell("a").locator(".prompt input")
    field.fill("half a na")
    notebook.page.reload()
    until(lambda: field.count() == 1 and field.input_value() == "half a na", "the prompt again")

    other = opened(name)
    theirs = other.cell("a").locator(".prompt")
    theirs.locator("input").fill("Grace")
    theirs.locator("input").press("Enter")
    # The next question is there for both; what is typed into it is not shown.
    until(lambda: notebook.cell("a").locator("[data-prompt=password]").count() == 1, "the next")
    assert field.get_attribute("type") == "password"
    field.fill("12345")
    field.press("Enter")
    for each in (notebook, other):
        each.wait("a", "finished")
        until(lambda each=each: "Grace 5" in each.outputs("a"), "the answer")
        assert "12345" not in each.outputs("a")
    assert theirs.count() == 0


def test_a_page_does_not_scroll_to_a_question_it_comes_near_to(  # PAGE-32
    written: Write, opened: Open
) -> None:
    name = written("%%md\n" + "\n\n".join(["A paragraph."] * 100), "name = input('Who? ')")
    asked = opened(name)
    asked.cell("b").evaluate("cell => cell.scrollIntoView()")
    asked.run("b")
    asked.cell("b").locator(".prompt").wait_for()

    reading = opened(name)
    page = reading.page
    top = page.evaluate("document.querySelector('[data-cell-id=b]').offsetTop")
    assert top > 3_000
    page.evaluate("top => scrollTo(0, top - innerHeight - 500)", top)
    reading.cell("b").locator(".prompt").wait_for()
    page.evaluate("() => new Promise(requestAnimationFrame)")

    assert page.evaluate("scrollY + innerHeight") <= top
    assert page.evaluate("document.activeElement.closest('.prompt')") is None
