"""`tailrace mcp`: an agent's way to the notebooks of a folder, over stdin and stdout.

It speaks to the server that serves the folder, or one above it; where there is none it is
one itself, without opening a browser, until the agent's program closes stdin. Such a server
is found by `tailrace` and `tailrace url` like any other, so a person can look on, and the
same rules say what becomes of its kernels (setting `on_terminate`).

Standard output belongs to the protocol alone: whatever else writes to it goes to stderr.
"""

import contextlib
import hashlib
import http.client
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import BinaryIO

import click

from tailrace.folders import StateFolders, made, state_folders
from tailrace.kernels.host_lock import taken_lock
from tailrace.mcp.bridge import Bridge, Server
from tailrace.protocol.errors import AuthError, FileMissing, ServerClosing, SettingsError
from tailrace.server.run import describe, launch_codes, listen, serve
from tailrace.server.running_servers import RunningServer, RunningServers, answers
from tailrace.settings import Settings, load_settings

STARTS_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
LOGOUT_WITHIN_S = 2.0
LOGIN_WITHIN_S = 60.0  # our own server answers only once it is imported


logger = logging.getLogger("tailrace.mcp")


@click.command("mcp")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--url", metavar="ADDRESS", help="Speak to this server instead of a local one.")
@click.option("--token", help="Its token. TAILRACE_TOKEN is not seen by `ps`.")
@click.option("--read-only", is_flag=True, help="Let the agent look, but change and run nothing.")
def mcp(folder: Path | None, url: str | None, token: str | None, read_only: bool) -> None:
    """Let an agent use the notebooks of FOLDER (else of the folder you are in): a server of the
    Model Context Protocol on stdin and stdout."""
    if sys.stdin.isatty():
        _say(
            "This speaks the Model Context Protocol; an agent's program starts it"
            " (docs/guide/agents.md). Ctrl-D ends it."
        )
    sink = _own_stdout()
    source = sys.stdin.buffer
    if url is not None:
        server = _given(url, token or os.environ.get("TAILRACE_TOKEN"), read_only=read_only)
        Bridge(source, sink, lambda before: server).run()
        return
    folders = state_folders()
    given = {"root": folder, "port": 0, "no_browser": True, "token": token}
    settings = load_settings(given, environ=os.environ, file=folders.settings_file)
    if not settings.root.is_dir():
        raise FileMissing(f"there is no folder {settings.root}")
    os.environ.pop("TAILRACE_TOKEN", None)  # kernels need not know it
    _Local(settings, folders, read_only=read_only).run(source, sink)


def _own_stdout() -> BinaryIO:
    """The pipe to the agent's program, which nobody else writes to from now on."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "wb")


def _given(url: str, token: str | None, *, read_only: bool) -> Server:
    place = urllib.parse.urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise SettingsError(f"{url!r} is no address such as http://127.0.0.1:8899/")
    base = place.path.rstrip("/").removesuffix("/mcp")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = urllib.parse.urlunsplit((place.scheme, place.netloc, f"{base}/mcp", "", ""))
    return Server(address + ("?read_only=1" if read_only else ""), headers)


class _Local:
    """The bridge runs in a thread; serving, when it comes to that, needs the main one."""

    def __init__(self, settings: Settings, folders: StateFolders, *, read_only: bool) -> None:
        self._settings = settings
        self._folders = folders
        self._read_only = read_only
        self._orders: queue.Queue[int | None] = queue.Queue()  # a lock to serve under; None: end
        self._serving = False
        self._ended = threading.Event()
        self._login_at: tuple[RunningServer, dict[str, str]] | None = None

    def run(self, source: BinaryIO, sink: BinaryIO) -> None:
        bridge = Bridge(source, sink, self._find)

        def speak() -> None:
            try:
                bridge.run()
            finally:
                self._ended.set()
                self._logout()
                self._orders.put(None)
                if self._serving:
                    signal.raise_signal(signal.SIGTERM)  # the server's own way to end

        threading.Thread(target=speak, daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            while (lock := self._orders.get()) is not None:
                self._serve(lock)
                if not self._ended.is_set():
                    break  # ended by a signal, and so does this

    def _serve(self, lock: int) -> None:
        settings = self._settings
        listening = listen(settings)
        server = describe(settings, listening)
        threading.Thread(target=self._unlocked, args=(server, lock), daemon=True).start()
        self._serving = True
        try:
            if not self._ended.is_set():
                codes = launch_codes(self._folders)
                serve(settings, self._folders, listening, server, codes, tell=_say)
        finally:
            self._serving = False

    def _unlocked(self, server: RunningServer, lock: int) -> None:
        """Others may look for a server again once this one answers."""
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until and not answers(server):
            time.sleep(LOOK_EVERY_S)
        os.close(lock)

    # ── finding one ──────────────────────────────────────────────────────────

    def _find(self, before: Server | None) -> Server:
        """Called from the bridge's threads, one at a time."""
        until = time.monotonic() + STARTS_WITHIN_S
        name = hashlib.sha256(str(self._settings.root).encode()).hexdigest()[:16]
        place = made(self._folders.run) / f"mcp-{name}.lock"
        while time.monotonic() < until:
            found = nearest(self._settings.root, self._folders)
            if found is not None:
                return self._login(found)
            if not self._serving:
                lock = taken_lock(place)
                if lock is not None:
                    self._serving = True
                    self._orders.put(lock)
            time.sleep(LOOK_EVERY_S)
        raise ServerClosing("no notebook server could be started; `tailrace doctor` says why")

    def _login(self, found: RunningServer) -> Server:
        """A login like a person's, by a code that only this user can make."""
        code = launch_codes(self._folders).mint()
        answer = _asked(found, "POST", "api/v1/login", {"code": code}, {})
        bearer = {"authorization": f"Bearer {answer['bearer']}"}
        me = _asked(found, "GET", "api/v1/me", None, bearer)
        headers = {**bearer, "x-tailrace-token": str(me["token"])}
        self._login_at = (found, headers)
        query = "?read_only=1" if self._read_only else ""
        return Server(f"{found.address}mcp{query}", headers)

    def _logout(self) -> None:
        """Leave no login behind."""
        if self._login_at is None:
            return
        server, headers = self._login_at
        try:
            _asked(server, "POST", "api/v1/logout", {}, headers, within_s=LOGOUT_WITHIN_S)
        except (OSError, http.client.HTTPException, AuthError, ValueError) as problem:
            logger.info("the login at %s is left to expire: %s", server.address, problem)


def nearest(root: Path, folders: StateFolders) -> RunningServer | None:
    """The server of this user that serves `root`, or else the closest folder above it: a
    second one would be a second owner of its notebooks."""
    servers = RunningServers(folders.servers)
    if not any(root.is_relative_to(server.root) for server in servers.remembered()):
        return None
    living = [server for server in servers.alive() if root.is_relative_to(server.root)]
    return max(living, key=lambda server: len(server.root), default=None)


def _asked(
    server: RunningServer,
    method: str,
    route: str,
    body: object,
    headers: dict[str, str],
    *,
    within_s: float = LOGIN_WITHIN_S,
) -> dict[str, object]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=within_s)
    with contextlib.closing(connection):
        content = None if body is None else json.dumps(body).encode()
        headers = {**headers, "content-type": "application/json"}
        connection.request(method, f"{server.base_url}{route}", content, headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
        if response.status not in (200, 204):
            raise AuthError(str(answer.get("message", response.status)))
        return dict(answer)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
