"""What the server's edges ask of the application behind them.

The concrete one is put together in `tailrace.assembly`; the routes see only this, so that
they can be tested without kernels and logs. Nothing here holds state.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from tailrace.files.workspace import Workspace
from tailrace.kernels.kernel import KernelProvider
from tailrace.language.analyst import Analyst
from tailrace.page_settings import PageSettings, PageSettingsFile
from tailrace.protocol.ids import KernelId, NotebookId
from tailrace.session.moves import Moves
from tailrace.settings import Settings

CloseReason = Literal["interrupt", "terminate", "failure"]
"""Ctrl-C, SIGTERM, or an error that ended the server."""


class OpenNotebook(Protocol):
    """One session, as lists of them show it. `path` is relative to the root, with `/`."""

    @property
    def notebook_id(self) -> NotebookId: ...

    @property
    def path(self) -> str: ...

    @property
    def kernel_id(self) -> KernelId | None:
        """The kernel that lives or is being started; None where there is none."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether a cell runs or is queued."""
        ...

    @property
    def clients(self) -> int:
        """How many connections look at it."""
        ...


class NotebookDirectory(Protocol):
    def open_notebooks(self) -> Sequence[OpenNotebook]:
        """The sessions of this server, as they are now."""
        ...


class Application(Protocol):
    @property
    def settings(self) -> Settings: ...

    @property
    def workspace(self) -> Workspace: ...

    @property
    def directory(self) -> NotebookDirectory: ...

    @property
    def kernels(self) -> KernelProvider: ...

    @property
    def moves(self) -> Moves: ...

    @property
    def backup_folder(self) -> Path:
        """Where what is overwritten in place is kept meanwhile."""
        ...

    @property
    def page_settings(self) -> PageSettingsFile: ...

    @property
    def analyst(self) -> Analyst: ...

    def apply(self, settings: PageSettings) -> None:
        """What the page's settings ask of the server: whether files are saved by themselves."""
        ...

    async def start(self) -> None:
        """Called once, on the event loop, before the first request is answered."""
        ...

    async def stop_kernel(self, kernel_id: KernelId, *, kill: bool, reason: str) -> bool:
        """Stop it, through its session where one is open, so that the log says so.
        False when nobody knows of such a kernel. `reason` is for a person."""
        ...

    async def close(self, reason: CloseReason) -> None:
        """Save, sync and let go. What becomes of kernels was settled before."""
        ...
