"""What the user's IPython profile asks to run before the first cell.

Extensions, startup files, `exec_lines` and `exec_files`, as `ipython` and ipykernel do it,
from the profile's folder only: never from the current directory, where a downloaded
notebook could have brought files along.
"""

import logging
import os
from typing import Any, ClassVar

from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS
from IPython.core.shellapp import InteractiveShellApp

from tailrace_kernel.shell import ZMQInteractiveShell


def start_up(shell: ZMQInteractiveShell) -> None:
    """Run what there is to run; mostly there is nothing, and finding that out is quick."""
    if _has_work(shell):
        Startup(shell).run()
    else:
        shell.user_ns_hidden.update(shell.user_ns)


def _has_work(shell: Any) -> bool:
    if "InteractiveShellApp" in shell.config or os.environ.get("PYTHONSTARTUP"):
        return True
    if not shell.extension_manager.loaded:  # the standard ones, in a shell laid ready
        return True
    folders = [shell.profile_dir.startup_dir]
    folders += [os.path.join(path, "startup") for path in (*ENV_CONFIG_DIRS, *SYSTEM_CONFIG_DIRS)]
    return any(
        name.endswith((".py", ".ipy"))
        for folder in folders
        if os.path.isdir(folder)
        for name in os.listdir(folder)
    )


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
