"""What the user's IPython profile asks to run before the first cell.

Extensions, startup files, `exec_lines` and `exec_files`, as `ipython` and ipykernel do it,
from the profile's folder only: never from the current directory, where a downloaded
notebook could have brought files along.
"""

import logging
import os
from typing import Any, ClassVar

from IPython.core.shellapp import InteractiveShellApp

from tailrace_kernel.shell import ZMQInteractiveShell


class Startup(InteractiveShellApp):
    """IPython's own start-up code, given our shell."""

    log = logging.getLogger("tailrace_kernel.startup")
    extra_args: ClassVar[list[str]] = []

    def __init__(self, shell: ZMQInteractiveShell) -> None:
        super().__init__(config=shell.config)
        self.shell = shell
        self.profile_dir: Any = shell.profile_dir
        # Files named in `exec_files` are looked for in "." first, then here.
        self.exec_files = [os.path.join(shell.ipython_dir, name) for name in self.exec_files]
        self.ipython_dir = shell.ipython_dir

    def run(self) -> None:
        self.init_extensions()
        self.init_code()

    def exit(self, status: int = 0) -> None:
        """A startup file may not end the kernel."""
