"""Markdown cells: HTML, diagrams, pictures, places; and pictures that are put into them."""

import base64
import json
from pathlib import Path

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Server, Write

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAE0lEQVR4nGP8z8DAwMDAxIAEAAAdGAEE"
    "9Cn1GQAAAABJRU5ErkJggg=="
)
RICH = """%%md
# My Title

| a | b |
|---|--:|
| 1 | 2 |

- [x] done
- [ ] open

Said so[^1], by <kbd>Ctrl</kbd>, $x^2$ and <span style="color: red">red</span>.

![dot](figures/dot.png) ![drawing](figures/drawing.svg) ![gone](figures/gone.png)

```mermaid
graph LR
  Start --> Stop
```

[down](#the-end), [data](data/x.csv)

[^1]: The source."""
DRAWING = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'>"
    "<script>document.title='broken'</script><rect width='20' height='10'/></svg>"
)


def test_markdown_is_rendered_with_what_stands_beside_it(  # PAGE-30, SEC-26
    server: Server, written: Write, opened: Open
) -> None:
    figures = server.folder / "figures"
    figures.mkdir(exist_ok=True)
    (figures / "dot.png").write_bytes(DOT)
    (figures / "drawing.svg").write_text(DRAWING)
    filler = "\n\n".join(f"paragraph {n}" for n in range(60))
    notebook = opened(written(RICH, f"%%md\n{filler}", '%%md\n<a id="x"></a>\n## The *end*'))
    prose = notebook.cell("a").locator(".prose")
    picture = prose.locator("img[alt=dot]")
    until(lambda: picture.evaluate("i => i.naturalWidth") == 8, "the picture beside it")
    drawing = prose.locator("img[alt=drawing]")
    until(lambda: drawing.evaluate("i => i.naturalWidth") == 20, "the drawing beside it")

    assert prose.locator("td").all_inner_texts() == ["1", "2"]
    assert prose.locator("li.task input").count() == 2
    assert prose.locator("kbd").inner_text() == "Ctrl"
    assert "katex" in (prose.locator(".formula").inner_html())
    until(lambda: prose.locator(".picture-missing").inner_text() == "gone", "what is missing")
    # A diagram is a picture of what another frame drew.
    diagram = prose.locator(".diagram img")
    until(lambda: diagram.count() == 1, "the diagram")
    assert (diagram.bounding_box() or {"width": 0})["width"] > 80
    svg = diagram.get_attribute("src") or ""
    assert svg.startswith("data:image/svg+xml")
    assert "Start" in svg
    assert prose.locator("svg:not(.katex svg)").count() == 0
    link = prose.get_by_role("link", name="data").get_attribute("href")
    assert link == f"{server.base}/view/data/x.csv"

    prose.get_by_role("link", name="[1]").click()
    prose.get_by_role("link", name="down").click()
    until(lambda: notebook.is_active("c"), "the place far below")
    # The browser itself tells of the picture that is not there.
    assert all("404" in problem for problem in notebook.problems)
    notebook.problems.clear()


def test_a_diagram_with_a_mistake_shows_what_was_written(written: Write, opened: Open) -> None:
    notebook = opened(written("%%md\n```mermaid\ngraph LR; a -->\n```"))
    failed = notebook.cell("a").locator(".diagram[data-failed]")
    until(lambda: failed.count() == 1, "the failure")

    assert "graph LR; a -->" in failed.inner_text()


def test_a_picture_pasted_into_markdown_is_kept_in_the_notebook(  # PAGE-30
    server: Server, written: Write, opened: Open
) -> None:
    name = written("%%md\nSee: ")
    notebook = opened(name)
    notebook.select("a")
    notebook.press("Enter")
    editor = notebook.editor("a")
    editor.wait_for()
    notebook.press("Control+End")
    for _ in range(2):
        editor.evaluate(
            """(element, data) => {
              const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
              const clipboardData = new DataTransfer();
              clipboardData.items.add(new File([bytes], "image.png", {type: "image/png"}));
              element.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
            }""",
            base64.b64encode(DOT).decode(),
        )
        until(lambda: ".png)" in notebook.source("a"), "the reference")
    until(lambda: "attachment:image-2.png" in notebook.source("a"), "the second's own name")
    notebook.press("Shift+Enter")
    pictures = notebook.cell("a").locator(".prose img")
    until(lambda: pictures.count() == 2, "the pictures")
    assert pictures.first.evaluate("i => i.naturalWidth") == 8
    assert notebook.source("a").startswith("See:")

    # A copy of the cell has them too; the file has them as Jupyter keeps them.
    notebook.select("a")
    notebook.press("c", "v")
    until(lambda: notebook.page.locator(".prose img").count() == 4, "the copy's pictures")
    notebook.press("Control+s")
    file = Path(server.folder, name)
    until(lambda: '"image-2.png"' in file.read_text(), "the file")
    cell = json.loads(file.read_text())["cells"][0]
    assert base64.b64decode("".join(cell["attachments"]["image.png"]["image/png"])) == DOT
