"""A small real application behind the real edges, on a real socket, for the tests here."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from tailrace.files.trash import Trash
from tailrace.files.workspace import Workspace
from tailrace.folders import StateFolders
from tailrace.kernels.kernel import Kernel, KernelInfo, KernelProvider, ReportSink
from tailrace.language.analyst import Analyst
from tailrace.page_settings import PageSettings, PageSettingsFile
from tailrace.protocol.errors import KernelStartFailed
from tailrace.protocol.ids import KernelId, NotebookId
from tailrace.server.app import create_app
from tailrace.server.application import CloseReason
from tailrace.server.launch_codes import LaunchCodes
from tailrace.server.permissions import Routes
from tailrace.server.run import listen, uvicorn_config
from tailrace.server.static import BuiltPage
from tailrace.session.clock import SystemClock
from tailrace.session.moves import Moves
from tailrace.settings import Settings, load_settings


@dataclass
class SmallNotebook:
    path: str
    kernel_id: KernelId | None = None
    is_running: bool = False
    clients: int = 0

    @property
    def notebook_id(self) -> NotebookId:
        return NotebookId(self.path.replace("/", "-").replace(".", "-"))


class SmallKernels(KernelProvider):
    """Knows kernels; starts none."""

    def __init__(self) -> None:
        self.known: dict[KernelId, KernelInfo] = {}

    def add(self, kernel_id: str, label: str) -> None:
        info = KernelInfo(KernelId(kernel_id), os.getpid(), label, "python", 0.0, True)
        self.known[info.kernel_id] = info

    async def start(
        self,
        kernel_id: KernelId,
        sink: ReportSink,
        *,
        interpreter: str | None,
        cwd: str,
        label: str,
        env: dict[str, str] | None = None,
    ) -> Kernel:
        raise KernelStartFailed("this application runs no kernels")

    async def attach(self, kernel_id: KernelId, sink: ReportSink, *, received: int) -> None:
        return None

    async def list(self) -> list[KernelInfo]:
        return list(self.known.values())

    async def close(self) -> None:
        self.known.clear()


@dataclass
class SmallApplication:
    settings: Settings
    notebooks: list[SmallNotebook] = field(default_factory=list)
    kernels: SmallKernels = field(default_factory=SmallKernels)
    stopped: list[str] = field(default_factory=list)
    closed: CloseReason | None = None

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.settings.root)
        self.directory = self
        self.backup_folder = self.settings.root.parent / "state" / "backups"
        state = self.settings.root.parent / "state"
        self.moves = Moves(
            self.workspace,
            Trash(state / "trash", self.workspace),
            lambda files: contextlib.nullcontext(),
            lambda notebook_id: state / "logs" / notebook_id,
            SystemClock(),
        )
        self.page_settings = PageSettingsFile(self.settings.root.parent / "config" / "page.json")
        self.analyst = Analyst(state / "analyst")
        self.applied: list[PageSettings] = []

    def open_notebooks(self) -> list[SmallNotebook]:
        return self.notebooks

    def apply(self, settings: PageSettings) -> None:
        self.applied.append(settings)

    async def start(self) -> None:
        self.closed = None

    async def stop_kernel(self, kernel_id: KernelId, *, kill: bool, reason: str) -> bool:
        known = self.kernels.known.pop(kernel_id, None) is not None
        for notebook in self.notebooks:
            if notebook.kernel_id == kernel_id:
                notebook.kernel_id, known = None, True
        if known:
            self.stopped.append(kernel_id)
        return known

    async def close(self, reason: CloseReason) -> None:
        self.closed = reason


@dataclass
class Site:
    """A running server. `base` is its address, without a final slash."""

    app: FastAPI
    application: SmallApplication
    folders: StateFolders
    host: str
    port: int
    base_url: str
    told: list[str]
    server: uvicorn.Server
    clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.origin}{self.base_url.rstrip('/')}"

    @property
    def cookie_name(self) -> str:
        return f"tailrace-{self.port}"

    def code(self) -> str:
        return LaunchCodes(self.folders.launch, time.time).mint()

    def anonymous(self, **headers: str) -> httpx.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.clients.enter_context(
            httpx.Client(base_url=self.base, headers=named, timeout=60)
        )

    def browser(self) -> httpx.Client:
        """A client that logged in with a code and behaves like a page of ours."""
        client = self.anonymous()
        answer = client.get(f"/login?code={self.code()}")
        assert answer.status_code == 303
        token = client.get("/api/v1/me").json()["token"]
        client.headers.update({"Origin": self.origin, "X-Tailrace-Token": token})
        return client

    def program(self, token: str) -> httpx.Client:
        return self.anonymous(Authorization=f"Bearer {token}")


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the tests' own process keeps its signals


@contextlib.contextmanager
def running_site(
    folder: Path,
    *,
    routes: tuple[Routes, ...] = (),
    page: BuiltPage | None = None,
    notebooks: tuple[SmallNotebook, ...] = (),
    **given: object,
) -> Iterator[Site]:
    root = folder / "work"
    root.mkdir(exist_ok=True)
    settings = load_settings({"root": root, "port": 0, **given}, environ={})
    folders = StateFolders(folder / "state", folder / "config", folder / "run")
    listening = listen(settings)
    application = SmallApplication(settings, list(notebooks))
    told: list[str] = []
    try:
        app = create_app(
            application,
            settings,
            folders,
            port=listening.port,
            routes=routes,
            page=page,
            tell=told.append,
        )
    except RuntimeError:
        listening.listener.close()
        raise
    server = _Quiet(uvicorn_config(app, trusted_proxies=settings.trusted_proxies))
    thread = threading.Thread(target=server.run, args=([listening.listener],))
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.005)
    site = Site(
        app, application, folders, listening.host, listening.port, settings.base_url, told, server
    )
    try:
        yield site
    finally:
        site.clients.close()
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
