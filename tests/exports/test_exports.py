"""Notebooks in other forms: complete as far as the form goes, honest about the rest, inert."""

import ast
import base64
import html.parser
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailrace.exports.exported import exported, form_called
from tailrace.exports.html import html_file_of
from tailrace.exports.markdown import markdown_of
from tailrace.exports.pdf import ELSEWHERE, NAMES, pdf_of
from tailrace.exports.plain import plain_text
from tailrace.exports.prose import html_of
from tailrace.exports.script import script_of
from tailrace.exports.tables import tables_of
from tailrace.formats.forms import form_of
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import BrowserMissing, RequestError, ToolFailed
from tailrace.protocol.ids import CellId

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n pixel").decode()


def code(source: str, *outputs: dict[str, Any]) -> Cell:
    return Cell(CellId("c"), "code", source, execution_count=3, outputs=outputs)


def prose(source: str, **more: Any) -> Cell:
    return Cell(CellId("p"), "markdown", source, **more)


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def display(**data: Any) -> dict[str, Any]:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


# ── script ───────────────────────────────────────────────────────────────────


def test_a_script_has_cells_in_the_percent_form() -> None:
    script, missing = script_of(
        Notebook(cells=(prose("# Title\n\ntext"), code("x = 1\nx", stream("1"))))
    )

    assert script == "# %% [markdown]\n# # Title\n#\n# text\n\n# %%\nx = 1\nx\n"
    assert missing == ["the outputs of 1 cell"]


def test_lines_for_ipython_are_commented_and_counted() -> None:
    source = "%matplotlib inline\nimport os\nfiles = !ls\nif files:\n    !rm x\nos?\n"
    script, missing = script_of(Notebook(cells=(code(source), code("%%bash\necho $HOME"))))

    ast.parse(script)
    assert "import os\n" in script
    assert "# %matplotlib inline" in script
    assert "    pass  # !rm x" in script
    assert "# echo $HOME" in script
    assert missing == ["6 lines for IPython (commented)"]


def test_what_is_python_is_left_alone() -> None:
    source = 'text = """\n%not magic\n!not shell\n"""\nx = 7 \\\n  %3\nawait f()'
    script, missing = script_of(Notebook(cells=(code(source),)))

    assert source in script
    assert missing == []


# ── Markdown ─────────────────────────────────────────────────────────────────


def test_markdown_has_prose_code_and_outputs_in_order() -> None:
    cells = (
        prose("# Title ![](attachment:a.png)", attachments={"a.png": {"image/png": PIXEL}}),
        code("print('```')", stream("```\n"), display(image_png=PIXEL, text_plain="<Figure>")),
    )
    text, missing = markdown_of(Notebook(cells=cells))

    assert text == (
        f"# Title ![](data:image/png;base64,{PIXEL})\n\n"
        "````python\nprint('```')\n````\n\n"
        "````text\n```\n````\n\n"
        f"![output](data:image/png;base64,{PIXEL})\n"
    )
    assert missing == []


def test_what_is_left_out_is_said_in_its_place_and_in_sum() -> None:
    widget = display(
        **{"application_vnd.jupyter.widget-view+json": {}, "text_plain": "IntSlider()"}
    )
    table = display(text_html="<table>", text_plain="a b")
    cells = (code("1", widget, table, table),)

    for text, missing in (
        markdown_of(Notebook(cells=cells)),
        html_file_of(Notebook(cells=cells), "t"),
    ):
        assert "IntSlider()" in text
        assert "a b" in text
        assert text.count("is left out") == 3
        assert missing == [
            "1 output of type application/vnd.jupyter.widget-view+json",
            "2 outputs of type text/html",
        ]


# ── HTML ─────────────────────────────────────────────────────────────────────


class Tags(html.parser.HTMLParser):
    """Collects what a browser would see as elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "footer", "p", "pre",
    "code", "div", "img", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote",
    "hr", "strong", "em", "a",
}  # fmt: skip
HARMLESS_ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "src", "alt", "href", "rel",
    "style",
}  # fmt: skip


def assert_inert(text: str) -> None:
    for tag, attributes in Tags(text).seen:
        assert tag in HARMLESS, tag
        assert set(attributes) <= HARMLESS_ATTRIBUTES, attributes
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/")
            # In a picture nothing runs and nothing is loaded, not in a drawing either.
            assert ";base64," in (attributes["src"] or "")
        if tag == "a":
            assert (attributes["href"] or "").lower().startswith(("http:", "https:", "mailto:"))
            assert attributes["rel"] == "noopener noreferrer"
        if tag == "meta":
            assert attributes.get("http-equiv") in (None, "Content-Security-Policy")


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>)",
    "[x](//evil.example)",
    "[x](https://a.example/\"onmouseover=alert(1))",
    "[x](http://[)",
    "![x](https://evil.example/pixel.png)",
    "</pre></section><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "`</code><script>`",
    "```\n</code></pre><svg onload=alert(1)>\n```",
    "> <svg/onload=alert(1)>",
    "- <iframe srcdoc='x'>",
    "# <math><mtext></mtext></math>",
    "**<b onclick=x>**",
    "\x00<script>",
    "&lt;script&gt;",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_a_notebook_becomes_part_of_the_page(attack: str) -> None:
    cells = (
        prose(attack, attachments={attack: {"image/png": PIXEL}, "x": {"image/png": attack}}),
        code(
            attack,
            stream(attack),
            stream(attack, "stderr"),
            display(text_html=attack, text_plain=attack),
            display(image_png=attack, text_plain=attack),
            display(image_png=PIXEL, text_plain=attack),
            display(**{"image_svg+xml": attack}),
            display(**{attack: attack}),
            {
                "output_type": "error",
                "ename": attack,
                "evalue": attack,
                "traceback": [attack, "\x1b[31m" + attack],
            },
        ),
        Cell(CellId("r"), "raw", attack),
    )
    text, _ = html_file_of(Notebook(cells=cells), attack)

    assert_inert(text)
    assert "default-src 'none'" in text
    assert "script-src" not in text


@given(st.text(alphabet=st.sampled_from("abc <>&\"'`*_[]()!#->1.\n\t:/\\"), max_size=200))
@example("`" * 50)
@example("*" * 60 + "a")
def test_any_prose_is_inert(text: str) -> None:
    assert_inert(html_of(text))


def test_prose_looks_like_what_it_says() -> None:
    shown = html_of(
        "# A *title*\n\nSome **bold** `co<de>` and [a link](https://a.example/?x=1&y=2).\n"
        "second line\n\n1. one\n2. two\n   more\n\n- a\n  - b\n\n"
        "> quoted\n\n---\n\n```py\nx < 1\n```"
    )

    assert "<h1>A <em>title</em></h1>" in shown
    assert "<strong>bold</strong> <code>co&lt;de&gt;</code>" in shown
    assert 'href="https://a.example/?x=1&amp;y=2" rel="noopener noreferrer">a link</a>' in shown
    assert shown.count("<li") == 4
    assert "<ol>" in shown
    assert "<blockquote><p>quoted</p></blockquote>" in shown
    assert "<hr>" in shown
    assert "<pre><code>x &lt; 1</code></pre>" in shown


def test_long_hostile_prose_is_done_in_the_end() -> None:
    for unit in ("`a``b", "**a", "*a ", "[a](", "__x", "![", "- a\n", "> ", "# ", " " * 40 + "#"):
        assert html_of(unit * 40_000)


def test_text_is_what_a_terminal_shows_in_the_end() -> None:
    assert plain_text("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"
    assert plain_text("10%\r50%\r100%\ndone\r\n") == "100%\ndone\n"
    assert plain_text("a\x00\x9bb") == "ab"


# ── richer outputs ───────────────────────────────────────────────────────────

FRAME = """<div><style scoped>.dataframe td { color: red }</style>
<table border="1" class="dataframe" onclick="alert(1)"><thead><tr><th></th><th colspan="2">a</th>
</tr></thead><tbody><tr><th>0</th><td>1 &lt; 2</td><td><a href="javascript:x">link</a>
<script>alert(1)</script><img src="https://evil.example/p.png"></td></tr></tbody></table></div>"""


def test_a_data_frame_is_a_table_and_nothing_else_of_its_html() -> None:  # FMT-13
    cell = code("df", display(text_html=FRAME, text_plain="   a\n0  1"))
    for text, missing in (
        html_file_of(Notebook(cells=(cell,)), "t"),
        markdown_of(Notebook(cells=(cell,))),
    ):
        assert missing == []
        assert '<th colspan="2">a</th>' in text
        assert "<td>1 &lt; 2</td>" in text
        for attack in ("onclick", "javascript", "alert(1)", "evil", "color: red"):
            assert attack not in text


@given(st.text(alphabet="<>/=\"' tabledrhscip&;!-", max_size=80))
@example("<table><td><!--><script>x</script>")
@example("<table><td><svg><td><script>1</script></svg>a")
@example("<table><td colspan=99999999999999>1")
def test_tables_of_anything_are_made_of_harmless_tags(text: str) -> None:  # FMT-13
    made = tables_of(f"<table><tr><td>{text}") or ""
    for tag, attributes in Tags(made).seen:
        assert tag in {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "br"}
        assert set(attributes) <= {"colspan", "rowspan"}


def test_a_drawing_is_shown_as_a_picture() -> None:  # FMT-13
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    text, missing = html_file_of(Notebook(cells=(code("", display(**{"image_svg+xml": svg})),)), "")

    assert missing == []
    assert f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" in text
    assert "<script" not in text


def test_widgets_and_plotly_are_said_to_be_left_out() -> None:  # FMT-13
    widget = display(
        **{"application_vnd.jupyter.widget-view+json": {"model_id": "1"}}, text_plain="IntSlider()"
    )
    figure = display(
        **{"application_vnd.plotly.v1+json": {"data": []}},
        text_html="<div id='p'></div><script>draw()</script>",
    )
    text, missing = html_file_of(Notebook(cells=(code("", widget, figure),)), "")

    assert "IntSlider()" in text
    assert "draw()" not in text
    assert missing == [
        "1 output of type application/vnd.jupyter.widget-view+json",
        "1 output of type text/html",
    ]


def test_a_large_picture_is_in_the_file_whole() -> None:  # FMT-13
    large = base64.b64encode(bytes(9_000_000)).decode()
    text, missing = html_file_of(Notebook(cells=(code("", display(image_png=large)),)), "")

    assert large in text
    assert missing == []


# ── every form ───────────────────────────────────────────────────────────────

STORY = Notebook(cells=(prose("# Title"), code("%time x = 1", stream("1"))))


def test_every_form_has_its_name_and_type() -> None:  # FMT-13
    for form, name, held in (
        ("html", "n.html", b"<h1>Title</h1>"),
        ("markdown", "n.md", b"# Title"),
        ("script", "n.py", b"# %% [markdown]"),
        ("percent", "n.py", b"# %time x = 1"),
        ("ipynb", "n.ipynb", b'"nbformat": 4'),
    ):
        made = exported(STORY, form_called(form), "n")
        assert made.name == name
        assert held in made.data
    percent = exported(STORY, "percent", "n").data
    assert form_of("n.py").parse(percent).cells[1].source == "%time x = 1"
    with pytest.raises(RequestError, match="html, markdown"):
        form_called("docx")


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no browser is installed here")
def test_a_pdf_is_printed_by_the_browser_without_script_or_network() -> None:  # FMT-15
    made = exported(STORY, "pdf", "n")

    assert made.data.startswith(b"%PDF-")
    assert made.media_type == "application/pdf"


def test_without_a_browser_it_is_said_what_to_do(tmp_path: Path) -> None:  # FMT-15
    with pytest.raises(BrowserMissing, match="CHROME_PATH names"):
        pdf_of("", {"CHROME_PATH": str(tmp_path / "none"), "PATH": str(tmp_path)})
    if not any(os.access(place, os.X_OK) for place in ELSEWHERE):
        with pytest.raises(BrowserMissing, match="install one"):
            pdf_of("", {"PATH": str(tmp_path)})


@pytest.mark.skipif(sys.platform == "win32", reason="a script of the shell")
def test_a_browser_that_fails_is_quoted(tmp_path: Path) -> None:  # FMT-15
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\necho cannot open display\nexit 1\n")
    browser.chmod(0o755)
    with pytest.raises(ToolFailed, match="cannot open display"):
        pdf_of("<p>", {"PATH": str(tmp_path)})
