"""A notebook in any of the forms it can be exported to, as bytes with a name (FMT-13)."""

from typing import Literal, get_args

from msgspec import Struct

from tailrace.exports.html import html_file_of
from tailrace.exports.markdown import markdown_of
from tailrace.exports.pdf import pdf_of
from tailrace.exports.script import script_of
from tailrace.files.light_import import load_jupytext
from tailrace.formats import ipynb
from tailrace.formats.forms import form_of
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import RequestError

To = Literal["html", "markdown", "script", "percent", "ipynb", "pdf"]
FORMS: tuple[To, ...] = get_args(To)

ENDINGS: dict[To, str] = {
    "html": ".html",
    "markdown": ".md",
    "script": ".py",
    "percent": ".py",
    "ipynb": ".ipynb",
    "pdf": ".pdf",
}
TYPES = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".ipynb": "application/x-ipynb+json",
    ".pdf": "application/pdf",
}


class Exported(Struct, frozen=True):
    """`missing` are sentences about what is not in it."""

    data: bytes
    name: str
    media_type: str
    missing: tuple[str, ...] = ()


def form_called(name: str) -> To:
    """Raises `RequestError` for what is none of `FORMS`."""
    for form in FORMS:
        if form == name:
            return form
    raise RequestError(f"{name!r} is no form to export to; there are {', '.join(FORMS)}")


def exported(notebook: Notebook, to: To, stem: str) -> Exported:
    """`notebook` in the form `to`, called `stem`. Blocks: call it from a thread.

    Raises `BrowserMissing` and `ToolFailed` for a PDF.
    """
    missing: list[str] = []
    match to:
        case "html":
            text, missing = html_file_of(notebook, stem)
            data = text.encode("utf-8", "replace")
        case "pdf":
            text, missing = html_file_of(notebook, stem)
            data = pdf_of(text)
        case "markdown":
            text, missing = markdown_of(notebook)
            data = text.encode("utf-8", "replace")
        case "script":
            text, missing = script_of(notebook)
            data = text.encode("utf-8", "replace")
        case "ipynb":
            data = ipynb.render(notebook)
        case "percent":
            load_jupytext()
            data = form_of(".py").render(notebook)
            shown = sum(bool(cell.outputs) for cell in notebook.cells)
            missing = [f"the outputs of {shown} cell{'' if shown == 1 else 's'}"] if shown else []
    ending = ENDINGS[to]
    return Exported(data, stem + ending, TYPES[ending], tuple(missing))
