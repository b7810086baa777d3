"""Magics that ipykernel adds to IPython's, and notebooks therefore use. What they show goes where
a page's documentation goes. Not here: those about ZeroMQ's ports and other front ends.
"""

import os
from pathlib import Path
from typing import Any

from IPython.core import page
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import clear_output


@magics_class
class KernelMagics(Magics):
    shell: Any

    @line_magic
    def autosave(self, line: str) -> None:
        """Accepted from notebooks that set it: a notebook is saved by itself here."""
        if not line.strip().isdigit():
            raise UsageError(f"%autosave takes a number of seconds, not {line!r}")
        print("Notebooks are saved by themselves here; %autosave changes nothing.")

    @line_magic
    def clear(self, line: str) -> None:
        """Empty this cell's output."""
        clear_output()

    @line_magic
    def less(self, line: str) -> None:
        """Show a file; one that ends in .py in colours."""
        self._show_file(line)

    @line_magic
    def more(self, line: str) -> None:
        """Show a file, as %less does."""
        self._show_file(line)

    def _show_file(self, name: str) -> None:
        if not name:
            raise UsageError("which file? It stands behind the magic")
        text = Path(name).expanduser().read_text(encoding="utf-8", errors="replace")
        page.page(self.shell.pycolorize(text) if name.endswith(".py") else text)

    if os.name == "posix":

        @line_magic
        def man(self, line: str) -> None:
            """Show a command's manual page."""
            page.page(self.shell.getoutput(f"man {line} | col -b", split=False))
