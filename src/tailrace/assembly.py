"""Settings in, a running application out: the one place that names concrete adapters."""

import asyncio
import logging
import os
from pathlib import Path

from tailrace.blobs.local import LocalBlobs
from tailrace.files.trash import Trash
from tailrace.files.workspace import Workspace
from tailrace.folders import StateFolders, made
from tailrace.kernels.provider import HostProvider
from tailrace.language.analyst import Analyst
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog
from tailrace.page_settings import PageSettings, PageSettingsFile
from tailrace.protocol.errors import TailraceError
from tailrace.protocol.frames import SettingsChanged
from tailrace.protocol.ids import KernelId, NotebookId, OperationId
from tailrace.protocol.operations import StopKernel
from tailrace.session.clock import SystemClock
from tailrace.session.consoles import Consoles
from tailrace.session.directory import Directory
from tailrace.session.moves import Moves
from tailrace.settings import Settings

log_ = logging.getLogger("tailrace")


class Application:
    """One server's worth of parts. `start` once, `close` once."""

    def __init__(
        self, settings: Settings, folders: StateFolders, *, interpreter: str | None = None
    ) -> None:
        self.settings = settings
        self.folders = folders
        self.workspace = Workspace(settings.root)
        self.backup_folder = folders.state / "backups"
        self.kernels = HostProvider(folders.run)
        self.clock = SystemClock()
        self.directory = Directory(
            self.workspace,
            self.kernels,
            self._open_log,
            self._blobs_of,
            self.clock,
            autosave_s=settings.autosave_s,
            idle_stop_after_s=settings.idle_stop_after_s,
            backup_folder=self.backup_folder,
            interpreter=interpreter,
            console_folder=folders.consoles(self.workspace.root),
        )
        self.consoles = Consoles(
            folders.consoles(self.workspace.root), self.directory, self._folder
        )
        self.moves = Moves(
            self.workspace,
            Trash(folders.trash, self.workspace),
            self.directory.closed,
            self._folder,
            self.clock,
            self.directory.following,
        )
        self.page_settings = PageSettingsFile(folders.config / "page.json")
        self.analyst = Analyst(folders.state / "analyst")
        self._main: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be ready to open notebooks; find kernels that outlived an earlier server."""
        made(self.folders.run)
        try:
            self.apply(await asyncio.to_thread(self.page_settings.read))
        except TailraceError as error:  # the page says so too, when it asks
            log_.error("%s", error)
        ready = asyncio.Event()
        self._main = asyncio.create_task(self.directory.run(ready))
        await ready.wait()
        # In the background: whoever opens the page first need not wait for a warm host.
        self._warming = asyncio.create_task(self._warm())

    async def _warm(self) -> None:
        try:
            try:
                await self.kernels.warm()
            finally:
                await self.directory.reopen_living()
        except TailraceError as error:
            log_.error("the kernel host did not start: %s", error)

    def apply(self, settings: PageSettings) -> None:
        """Save files by themselves, or only when asked, from now on; tell the pages."""
        self.directory.set_autosave(settings.autosave)
        self.directory.tell(SettingsChanged())

    async def stop_kernel(self, kernel_id: KernelId, *, kill: bool, reason: str) -> bool:
        """Stop it, through its session where one is open, so that the log says so."""
        for session in self.directory.open_notebooks():
            if session.kernel_id == kernel_id:
                operation_id = OperationId(f"server-{self.clock.seed()}")
                answer = await session.submit(operation_id, StopKernel(kill), f"server:{reason}")
                if answer.refusal is None:
                    return True
        return await self.kernels.stop(kernel_id, kill=kill)

    async def close(self, reason: str) -> None:
        """Save, sync and let go. What becomes of kernels was settled before."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        self.directory.close()
        if self._main is not None:
            await self._main
        await self.analyst.close()
        await self.kernels.close()

    async def _open_log(self, notebook_id: NotebookId) -> EventLog:
        path = self._folder(notebook_id) / "log.db"
        return await EmbeddedLog.open(path, quota_bytes=self.settings.log_quota_bytes)

    def _blobs_of(self, notebook_id: NotebookId) -> LocalBlobs:
        return LocalBlobs(self._folder(notebook_id) / "blobs")

    def _folder(self, notebook_id: NotebookId) -> Path:
        return self.folders.logs / os.fspath(notebook_id)
