"""The web application: guards, then who asks, then the routes.

    Guards           host, origin, security headers, base URL
    Authentication   cookie, token or code → an identity in the scope
    routes           each with its permission; the server refuses to start otherwise

FastAPI's own pages for the API's description are off.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi import FastAPI

from tailrace import __version__
from tailrace.files.uploads import Uploads
from tailrace.folders import StateFolders
from tailrace.server.application import Application, CloseReason
from tailrace.server.auth import Authentication, Authenticator
from tailrace.server.departure import settle_kernels
from tailrace.server.event_stream import EventStreams
from tailrace.server.guards import Guards, HostNames
from tailrace.server.launch_codes import LaunchCodes
from tailrace.server.logins import Logins
from tailrace.server.permissions import Routes, undeclared
from tailrace.server.problems import install_problems
from tailrace.server.routes.file_changes import file_change_routes
from tailrace.server.routes.files import file_routes
from tailrace.server.routes.health import health_routes
from tailrace.server.routes.kernels import kernel_routes
from tailrace.server.routes.me import me_routes
from tailrace.server.routes.page import page_routes
from tailrace.server.routes.transfers import transfer_routes
from tailrace.server.static import BuiltPage, static_routes
from tailrace.settings import Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")

logger = logging.getLogger("tailrace.server")


def create_app(
    application: Application,
    settings: Settings,
    folders: StateFolders,
    *,
    port: int,
    routes: Sequence[Routes] = (),
    page: BuiltPage | None = None,
    instance: str | None = None,
    codes: LaunchCodes | None = None,
    tell: Callable[[str], None] = print,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The application behind its edges, ready to be served on `port`.

    `routes` come before those of the page. `tell` gets the line about kernels at the end.
    Raises `RuntimeError` for a route that declares no permission.
    """
    uploads = Uploads(application.workspace, time.monotonic)
    logins = Logins(folders.logins / f"{port}.json", token=settings.token, clock=clock)
    authenticator = Authenticator(
        token=settings.token,
        logins=logins,
        codes=codes or LaunchCodes(folders.launch, clock),
        clock=clock,
        monotonic=time.monotonic,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await application.start()
        try:
            yield
        finally:
            reason: CloseReason = app.state.close_reason
            settled = await settle_kernels(application, reason)
            if sentence := settled.sentence():
                tell(sentence)
            await application.close(reason)
            await asyncio.to_thread(uploads.close)
            logins.close()

    app = FastAPI(
        title="Tailrace",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.application = application
    app.state.close_reason = "terminate"
    app.state.authenticator = authenticator
    app.state.event_streams = EventStreams()
    install_problems(app, settings.root)
    for some in (
        health_routes(instance or secrets.token_hex(8)),
        me_routes(authenticator),
        file_routes(application),
        file_change_routes(application),
        transfer_routes(application, uploads),
        kernel_routes(application),
        page_routes(application),
        *routes,
        static_routes(page or BuiltPage(), pages=settings.page_origins),
    ):
        some.install(app)
    # The last one added is the outermost.
    app.add_middleware(Authentication, authenticator=authenticator)
    app.add_middleware(
        Guards,
        hosts=host_names(settings),
        origins=settings.allowed_origins,
        pages=settings.page_origins,
        base_url=settings.base_url,
    )
    if nameless := undeclared(app):
        raise RuntimeError(f"routes without a permission: {', '.join(nameless)}")
    return app


def host_names(settings: Settings) -> HostNames:
    """The names this server answers to: loopback, what is configured, and, when it listens
    beyond loopback, this machine's own name."""
    public = settings.host not in LOOPBACK
    names = list(settings.allowed_hosts)
    for origin in settings.allowed_origins:
        names.append(_host_of(origin))
    if public:
        names += [settings.host.lower(), socket.gethostname().lower()]
    return HostNames(names, public=public)


def _host_of(origin: str) -> str:
    host = origin.partition("://")[2]
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
