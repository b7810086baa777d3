"""Serve: a socket that listens at once, an application behind it as soon as it is there.

The socket is opened, and its address can be printed, before anything heavy is imported: a
browser that is quick waits in the socket's queue instead of being refused.

Ctrl-C and SIGTERM end the server in order (`departure.py` says what becomes of kernels); a
second Ctrl-C ends it at once and leaves the kernels alone, which is safe, as everything that
was shown is in the log. A closed terminal (SIGHUP) counts as SIGTERM.
"""

import errno
import gc
import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from msgspec import Struct

from tailrace import __version__
from tailrace.folders import StateFolders
from tailrace.protocol.errors import SettingsError
from tailrace.server.launch_codes import LaunchCodes
from tailrace.server.running_servers import RunningServer, RunningServers
from tailrace.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

logger = logging.getLogger("tailrace.server")

BACKLOG = 2048
# The largest document update that is taken (8 MiB, `documents/update.py`) as base64 in JSON:
# what is too large is then refused by name, and not by cutting the socket.
WEBSOCKET_MESSAGE_BYTES = 12 << 20
WEBSOCKET_QUEUE = 32
GRACE_S = 3  # for requests that are under way when the server ends

FAILED_TO_START = 3


class Listening(Struct, frozen=True):
    """An open socket and how this machine's browser reaches it."""

    listener: socket.socket
    host: str
    port: int
    is_loopback: bool


def listen(settings: Settings) -> Listening:
    """Open the socket. Takes the next free port where the settings allow it; raises
    `SettingsError`, which says what to do, where they do not."""
    try:
        found = socket.getaddrinfo(
            settings.host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as problem:
        raise SettingsError(
            f"host {settings.host!r} is no address of this machine ({problem.strerror})"
        ) from problem
    family, _, _, _, address = found[0]
    ports = [settings.port]
    if settings.port:
        ports += range(settings.port + 1, min(settings.port + settings.port_retries, 65535) + 1)
    for port in ports:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            # A restarted server gets its port back at once. (On Windows this would let two
            # servers share one.)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address[0], port, *address[2:]))
            listener.listen(BACKLOG)
        except OSError as problem:
            listener.close()
            if problem.errno == errno.EADDRINUSE:
                continue
            raise SettingsError(
                f"cannot listen on {settings.host} port {port}: {problem.strerror}"
            ) from problem
        listener.setblocking(False)
        host, bound = str(listener.getsockname()[0]), int(listener.getsockname()[1])
        is_loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return Listening(listener, reached, bound, is_loopback)
    taken = f"port {ports[0]} is" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]} are"
    raise SettingsError(
        f"{taken} in use; choose another with --port, or --port 0 for any that is free."
        " `tailrace url` shows the servers that you run"
    )


def describe(settings: Settings, listening: Listening) -> RunningServer:
    """This server, as others will find it."""
    return RunningServer(
        instance=secrets.token_hex(8),
        pid=os.getpid(),
        host=listening.host,
        port=listening.port,
        base_url=settings.base_url,
        root=str(settings.root),
        version=__version__,
        started_at=time.time(),
    )


def launch_codes(folders: StateFolders) -> LaunchCodes:
    return LaunchCodes(folders.launch, time.time)


def login_address(server: RunningServer, codes: LaunchCodes, *, page: str = "") -> str:
    """An address that logs a browser in once, and then shows `page` (`notebook/a.ipynb`)."""
    from urllib.parse import quote

    wanted = f"&next={quote(page)}" if page else ""
    return f"{server.address}login?code={codes.mint()}{wanted}"


def serve(
    settings: Settings,
    folders: StateFolders,
    listening: Listening,
    server: RunningServer,
    codes: LaunchCodes,
    *,
    tell: Callable[[str], None] = print,
) -> int:
    """Serve until a signal; returns the process's exit status. `codes` made the address."""
    set_up_logging(settings)
    servers = RunningServers(folders.servers)
    try:
        servers.add(server)
    except OSError as problem:  # a full disk must not keep the server from starting
        logger.warning("other commands will not find this server: %s", problem)
    try:
        return _serve(settings, folders, listening, server, codes, tell)
    finally:
        servers.remove(server.instance)


def _serve(
    settings: Settings,
    folders: StateFolders,
    listening: Listening,
    server: RunningServer,
    codes: LaunchCodes,
    tell: Callable[[str], None],
) -> int:
    # Imported late: the address is on the screen and the socket listens already.
    import uvicorn

    from tailrace.assembly import Application
    from tailrace.mcp.endpoint import Endpoint
    from tailrace.mcp.tools import Served
    from tailrace.server.app import create_app
    from tailrace.server.routes.agents import Agents
    from tailrace.server.whole import whole_routes

    application = Application(settings, folders)
    served = Served(application.workspace, application.directory)
    agents = Agents(Endpoint(served), settings.agents)
    app = create_app(
        application,
        settings,
        folders,
        port=server.port,
        routes=whole_routes(application, folders, agents),
        instance=server.instance,
        codes=codes,
        tell=tell,
    )

    class Serving(uvicorn.Server):
        """Ends in order, tells the application why, and does not raise the signal again."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # What was imported lives as long as the process: never look at it again.
            gc.freeze()
            gc.enable()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.event_streams.close()
            agents.close()
            await super().shutdown(sockets)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if self.should_exit and sig == signal.SIGINT:
                self.force_exit = True
            elif not self.should_exit:
                app.state.close_reason = "interrupt" if sig == signal.SIGINT else "terminate"
                self.should_exit = True

    serving = Serving(uvicorn_config(app, trusted_proxies=settings.trusted_proxies))
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, serving.handle_exit)
    try:
        serving.run(sockets=[listening.listener])
    except SystemExit as failed:  # uvicorn's way to say that start-up failed
        return failed.code if isinstance(failed.code, int) else FAILED_TO_START
    return 0


def uvicorn_config(app: "FastAPI", *, trusted_proxies: Sequence[str] = ()) -> "uvicorn.Config":
    """How uvicorn serves us: no logs of its own below warnings, sockets with back-pressure
    and without compression (which would cost four fifths of the throughput).

    Who asks, and whether by https, is taken from `X-Forwarded-For` and `-Proto` only where
    one of `trusted_proxies` says it: anybody can write them (SEC-27)."""
    import uvicorn

    # Below warnings uvicorn and websockets write addresses with their query, headers and
    # frames, and so what nobody may read; `guards.py` has our own line for each request.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=GRACE_S,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        ws_max_queue=WEBSOCKET_QUEUE,
        ws_per_message_deflate=False,
    )


def set_up_logging(settings: Settings) -> None:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("tailrace").setLevel(settings.log_level.upper())
