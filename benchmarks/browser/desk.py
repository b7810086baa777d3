"""Where a product keeps its notebooks, and by which names its page is read."""

import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.browser.notebooks import Cell, as_ipynb, as_marimo
from benchmarks.products.jupyter import Jupyter
from benchmarks.products.marimo import Marimo
from benchmarks.products.product import Product
from benchmarks.products.tailrace import TOKEN, Tailrace


class Names(NamedTuple):
    """CSS selectors. `finished`: what a cell holds once it can be read."""

    cell: str
    editor: str
    output: str
    finished: str
    busy: str


class Desk(Protocol):
    names: Names

    @property
    def product(self) -> Product: ...

    def login(self) -> str | None:
        """An address to visit first, in a browser that was never here."""
        ...

    def written(self, name: str, cells: list[Cell]) -> str:
        """Writes a notebook; the address of its page."""
        ...


class TailraceDesk:
    names = Names(
        cell="[data-cell-id]",
        editor=".cm-content",
        output="[data-output]",
        finished=".cm-content, pre.code, .markdown",
        busy='[data-execution="running"]',
    )

    def __init__(self, folder: Path, peers: Path) -> None:
        self.product = Tailrace(folder)
        self._notebooks = folder / "notebooks"

    def login(self) -> str:
        return f"{self.product.base}/frame.html?token={TOKEN}"

    def written(self, name: str, cells: list[Cell]) -> str:
        (self._notebooks / f"{name}.ipynb").write_text(as_ipynb(cells))
        return f"{self.product.base}/notebook/{name}.ipynb"


class JupyterDesk:
    names = Names(
        cell=".jp-Cell",
        # On the second visit its workspace holds another panel, hidden.
        editor=".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-content",
        output=".jp-OutputArea-output",
        finished=".cm-content, .jp-RenderedMarkdown > *",
        busy=".jp-InputPrompt[aria-label*='*'], .jp-mod-executing",
    )

    def __init__(self, folder: Path, peers: Path) -> None:
        self.product = Jupyter(folder, peers)
        self._folder = folder

    def login(self) -> None:
        return None

    def written(self, name: str, cells: list[Cell]) -> str:
        (self._folder / f"{name}.ipynb").write_text(as_ipynb(cells))
        return f"http://127.0.0.1:{self.product.port}/lab/tree/{name}.ipynb"


class MarimoDesk:
    names = Names(
        cell=".marimo-cell",
        editor=".marimo-cell .cm-content",
        output=".output-area, .console-output-area",
        finished=".cm-content, .output-area",
        busy="[data-status='running']",
    )

    def __init__(self, folder: Path, peers: Path) -> None:
        self.product = Marimo(folder, peers)
        self._notebooks = folder / "notebooks"
        self._marimo = peers / "bin" / "marimo"

    def login(self) -> None:
        return None

    def written(self, name: str, cells: list[Cell]) -> str:
        # Not by the bare name: a notebook is a module, and `load.py` may be another's.
        file = self._notebooks / f"bench_{name}.py"
        file.write_text(as_marimo(cells))
        if any(cell.printed for cell in cells):
            # Its `.py` holds no outputs; they are beside it, once it has been run.
            subprocess.run(
                [str(self._marimo), "-q", "-y", "export", "session", str(file)],
                check=True,
                capture_output=True,
                cwd=self._notebooks,
                timeout=300,
            )
        where = urllib.parse.quote(str(file))
        return f"http://127.0.0.1:{self.product.port}/?file={where}"


DESKS: dict[str, Callable[[Path, Path], Desk]] = {
    "tailrace": TailraceDesk,
    "jupyter": JupyterDesk,
    "marimo": MarimoDesk,
}
