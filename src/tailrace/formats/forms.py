"""In which form a notebook's file is: chosen by its name, the same to everybody above.

`parse` and `render` are between the notebook value and the whole (`beside.py`): the bytes of
the file, with those of the file beside it where its outputs are there.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tailrace.formats import ipynb
from tailrace.formats.beside import (
    Whole,
    outputs_file,
    says_beside,
    whole_of,
    with_outputs,
    without_outputs,
)
from tailrace.formats.notebook import Cell, Notebook
from tailrace.formats.text_notebook import ENDINGS, is_marked, parse_text, render_text
from tailrace.protocol.ids import CellId

Ending = Literal[".ipynb", ".py", ".md"]


class Form(Struct, frozen=True):
    ending: str

    @property
    def is_text(self) -> bool:
        return self.ending in ENDINGS

    def parse(self, data: bytes) -> Notebook:
        """The notebook of a whole. Raises `NotANotebook`."""
        whole = whole_of(data)
        if self.is_text:
            notebook = parse_text(whole.notebook, self.ending)
        else:
            notebook = ipynb.parse(whole.notebook)
        if whole.outputs is not None:
            notebook = with_outputs(notebook, whole.outputs, has_ids=not self.is_text)
        return notebook

    def render(self, notebook: Notebook, held: bytes | None = None) -> bytes:
        """The whole of `notebook`. `held` is the one before, which a text is written after."""
        before = whole_of(held) if held is not None else None
        is_beside = says_beside(notebook)
        if self.is_text:
            data = render_text(notebook, None if before is None else before.notebook, self.ending)
        else:
            data = ipynb.render(without_outputs(notebook) if is_beside else notebook)
        return Whole(data, outputs_file(notebook) if is_beside else None).joined()

    def empty(self) -> bytes:
        """A new notebook with one empty cell."""
        spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
        cell = Cell(CellId("first"), "code", "")
        return self.render(Notebook({"kernelspec": spec}, cells=(cell,)))

    def has_outputs(self, data: bytes) -> bool:
        """Whether the whole says anything of outputs; else nobody but the log knows them."""
        whole = whole_of(data)
        return whole.outputs is not None or not (
            self.is_text or says_beside(ipynb.parse(whole.notebook))
        )

    def as_kept(self, notebook: Notebook, held: bytes | None) -> Notebook:
        """`notebook` with what a file of this form can say of its sources, ids kept where cells
        are still those cells. What a text cannot say does not count as a change of it."""
        if not self.is_text:
            return notebook
        before = None if held is None else whole_of(held).notebook
        read = parse_text(render_text(notebook, before, self.ending), self.ending)
        if len(read.cells) != len(notebook.cells):
            return read
        cells = tuple(
            replace(
                cell,
                cell_id=now.cell_id,
                attachments=now.attachments,
                execution_count=now.execution_count,
                outputs=now.outputs,
                extra=now.extra,
            )
            for cell, now in zip(read.cells, notebook.cells, strict=True)
        )
        return replace(read, cells=cells)


def form_of(name: str) -> Form:
    """By the name's ending; whatever else it is called is taken for an `.ipynb`."""
    lower = name.lower()
    return Form(next((ending for ending in ENDINGS if lower.endswith(ending)), ".ipynb"))


def may_be_notebook(name: str) -> bool:
    """Whether a file of this name can be opened as a notebook."""
    return name.lower().endswith((".ipynb", *ENDINGS))


def not_by_renaming(old: str, new: str, head: bytes) -> str | None:
    """Why a file that begins with `head` cannot take the name `new`, with what to do instead;
    None where it can. A name says how a notebook is written, and a rename writes nothing: a
    script's name on an `.ipynb` would leave JSON in a script."""
    before, after = form_of(old).ending, form_of(new).ending
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    is_that = is_json if before == ".ipynb" else is_marked(old, head)
    if not (may_be_notebook(old) and may_be_notebook(new)) or before == after or not head.strip():
        return None
    if after == ".ipynb":
        if is_json:
            return None  # one that had a wrong name
        how = "export it as a notebook (.ipynb), or run: tailrace export NAME --to ipynb"
    elif not is_that:
        return None
    elif after == ".py":
        how = "export it as a text notebook, or run: tailrace export NAME --to percent"
    else:
        how = "run: jupytext --to md NAME"
    return f"renaming does not turn a {before} notebook into a {after}; {how}"


def with_outputs_of(notebook: Notebook, known: Mapping[CellId, Cell]) -> Notebook:
    """`notebook` with the outputs that its cells are known to have."""
    cells = tuple(
        replace(cell, outputs=was.outputs, execution_count=was.execution_count)
        if cell.kind == "code" and (was := known.get(cell.cell_id)) is not None
        else cell
        for cell in notebook.cells
    )
    return replace(notebook, cells=cells)
