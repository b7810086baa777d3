"""`tailrace doctor`: look at everything Tailrace needs here, and say what to do about it.

Each check is one function that looks and returns findings; none changes anything. The
status is 1 when something has failed, else 0.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

import click
import msgspec
from msgspec import Struct

from tailrace import __version__
from tailrace.folders import RUN_LIMIT, StateFolders, state_folders
from tailrace.kernels import kernelspecs
from tailrace.kernels.provider import HostProvider
from tailrace.protocol.errors import TailraceError
from tailrace.server.running_servers import RunningServers, answers
from tailrace.settings import Settings, field_types, load_settings

State = Literal["ok", "warn", "fail"]

LOW_SPACE_BYTES = 1 << 30
NO_SPACE_BYTES = 50 << 20
NEEDED = ("fastapi", "uvicorn", "websockets", "msgspec", "pycrdt", "ipython", "nbformat", "click")
HELPFUL = ("uvloop", "httptools")
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


class Finding(Struct, frozen=True):
    """`advice` says what to do, where there is something to do."""

    subject: str
    state: State
    message: str
    advice: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Look at everything Tailrace needs on this machine, and say what to do about it."""
    found = list(findings(state_folders()))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        width = max(len(finding.subject) for finding in found)
        for finding in found:
            state = click.style(f"{finding.state:4}", fg=_COLOURS[finding.state])
            click.echo(f"{state}  {finding.subject.ljust(width)}  {finding.message}")
            if finding.advice:
                click.echo(f"      {' ' * width}  → {finding.advice}")
    raise SystemExit(any(finding.state == "fail" for finding in found))


def findings(folders: StateFolders) -> Iterator[Finding]:
    """All that was found, in the order of the checks. Nothing is changed."""
    yield from _python()
    yield from _packages()
    yield from _settings(folders)
    yield from _folders(folders)
    yield from _space(folders)
    yield from _sockets(folders)
    yield from _page()
    yield from _port(folders)
    yield from _servers(folders)
    yield from _kernelspecs()
    yield from asyncio.run(_kernels(folders))


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("tailrace", "ok", f"{__version__}, Python {version}, {sys.executable}")
    if sys.dont_write_bytecode:
        yield Finding(
            "bytecode",
            "warn",
            "Python is told to keep no bytecode, so every start takes two to three times as long",
            "unset PYTHONDONTWRITEBYTECODE",
        )


def _packages() -> Iterator[Finding]:
    versions, missing = [], []
    for name in NEEDED:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding(
            "packages",
            "fail",
            f"missing: {', '.join(missing)}",
            f"{sys.executable} -m pip install --force-reinstall tailrace",
        )
    else:
        yield Finding("packages", "ok", ", ".join(versions))
    if sys.platform == "win32" or sys.implementation.name != "cpython":
        return
    for name in HELPFUL:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding(
                name,
                "warn",
                "not installed; the server works but is slower",
                f"{sys.executable} -m pip install {name}",
            )


def _settings(folders: StateFolders) -> Iterator[Finding]:
    file = folders.settings_file
    try:
        load_settings({}, environ=os.environ, file=file)
    except TailraceError as problem:
        yield Finding("settings", "fail", str(problem), "see docs/reference/settings.md")
    else:
        yield Finding("settings", "ok", f"{file}{'' if file.exists() else ' (none, defaults)'}")
    known = {"HOME", "START", "TRANSPORT", *(name.upper() for name in field_types())}
    for name in sorted(os.environ):
        if name.startswith("TAILRACE_") and name.removeprefix("TAILRACE_") not in known:
            yield Finding(
                "settings", "warn", f"{name} is set, but there is no such setting", f"unset {name}"
            )


def _folders(folders: StateFolders) -> Iterator[Finding]:
    for name in ("state", "config", "run"):
        folder: Path = getattr(folders, name)
        there = next(up for up in (folder, *folder.parents) if up.exists())
        if there == folder and sys.platform != "win32" and folder.stat().st_uid != os.getuid():
            yield Finding(
                name,
                "fail",
                f"{folder} belongs to another user",
                "set TAILRACE_HOME to a folder of your own",
            )
        elif not os.access(there, os.W_OK | os.X_OK):
            yield Finding(
                name,
                "fail",
                f"{there} may not be written to",
                f"change its permissions ({folder} is needed) or set TAILRACE_HOME",
            )
        elif there == folder and sys.platform != "win32" and folder.stat().st_mode & 0o077:
            yield Finding(
                name,
                "warn",
                f"{folder} can be read by others",
                f"chmod 700 {folder} (the next start does it)",
            )
        else:
            yield Finding(name, "ok", f"{folder}{'' if there == folder else ' (made when needed)'}")


def _space(folders: StateFolders) -> Iterator[Finding]:
    there = next(up for up in (folders.state, *folders.state.parents) if up.exists())
    free = shutil.disk_usage(there).free
    shown = f"{free / 1e9:.1f} GB free for {folders.state}"
    if free < NO_SPACE_BYTES:
        yield Finding(
            "disk", "fail", shown, "make space: notebooks are read-only until there is some"
        )
    elif free < LOW_SPACE_BYTES:
        yield Finding("disk", "warn", shown, "make space before the logs need it")
    else:
        yield Finding("disk", "ok", shown)


def _sockets(folders: StateFolders) -> Iterator[Finding]:
    if os.name != "posix":
        yield Finding("sockets", "ok", "no unix sockets here; loopback with a secret is used")
        return
    length = len(os.fsencode(folders.run))
    if length > RUN_LIMIT:
        yield Finding(
            "sockets",
            "fail",
            f"{folders.run} is {length} bytes long; sockets below it need at most {RUN_LIMIT}",
            "set TAILRACE_HOME to a shorter folder",
        )
    else:
        yield Finding("sockets", "ok", f"paths are short enough ({length} of {RUN_LIMIT} bytes)")


def _page() -> Iterator[Finding]:
    from tailrace.server.static import BUILT

    if (BUILT / "index.html").is_file():
        yield Finding("page", "ok", "built")
    else:
        yield Finding(
            "page",
            "fail",
            "the page was not built",
            "make web (in a checkout), or pip install --force-reinstall tailrace",
        )


def _port(folders: StateFolders) -> Iterator[Finding]:
    try:
        settings = load_settings({}, environ=os.environ, file=folders.settings_file)
    except TailraceError:
        settings = Settings()  # said already
    with socket.socket() as trial:
        if os.name == "posix":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", settings.port))
        except OSError:
            advice = "" if settings.port_retries else "choose another with --port"
            yield Finding(
                "port",
                "ok" if settings.port_retries else "warn",
                f"{settings.port} is in use"
                + ("; the next free one is taken" if settings.port_retries else ""),
                advice,
            )
        else:
            yield Finding("port", "ok", f"{settings.port or 'any'} is free")


def _servers(folders: StateFolders) -> Iterator[Finding]:
    for server in RunningServers(folders.servers).remembered():
        if not answers(server):
            yield Finding(
                "server",
                "warn",
                f"process {server.pid} at {server.address} does not answer",
                "if it is gone this is only a left-over, removed by the next `tailrace url`",
            )
        elif server.version != __version__:
            yield Finding(
                "server",
                "warn",
                f"{server.address} serves {server.root} with version {server.version}",
                f"restart it (kill {server.pid}): kernels go on",
            )
        else:
            yield Finding("server", "ok", f"{server.address} serves {server.root}")


def _kernelspecs() -> Iterator[Finding]:
    """Kernels of other languages, and what is wrong with those that do not work."""
    found = [spec for spec in kernelspecs.installed() if spec.name not in kernelspecs.OURS]
    for spec in found:
        about = f"{spec.display_name}, {spec.folder}"
        if spec.problem is None:
            yield Finding(f"kernel {spec.name}", "ok", about)
        else:
            advice = f"install it anew, or remove it: rm -r {spec.folder}"
            yield Finding(f"kernel {spec.name}", "warn", spec.problem, advice)
    if not found:
        yield Finding("other kernels", "ok", "none is installed; Python needs none")


async def _kernels(folders: StateFolders) -> list[Finding]:
    if not folders.run.exists():
        return [Finding("kernels", "ok", "none runs")]
    provider = HostProvider(folders.run)
    try:
        identity = await provider.host_identity()
        known = await provider.list()
    except TailraceError as problem:
        return [Finding("kernels", "fail", str(problem), f"see {folders.run / 'host.log'}")]
    finally:
        await provider.close()
    living = [kernel for kernel in known if kernel.alive]
    found = []
    if identity is not None and identity.get("version") != __version__:
        found.append(
            Finding(
                "kernel host",
                "warn",
                f"process {identity.get('pid')} is of version {identity.get('version')}",
                "it leaves by itself once its kernels have ended (`tailrace kernels stop --all`)",
            )
        )
    elif identity is not None:
        found.append(Finding("kernel host", "ok", f"process {identity.get('pid')}"))
    summary = f"{len(living)} alive" if living else "none runs"
    dead = len(known) - len(living)
    if dead:
        summary += f", {dead} ended and not yet looked at"
    unserved = living and not RunningServers(folders.servers).remembered()
    found.append(
        Finding(
            "kernels",
            "warn" if unserved else "ok",
            summary + (" without a server" if unserved else ""),
            "`tailrace` returns to them, `tailrace kernels stop --all` ends them"
            if unserved
            else "",
        )
    )
    return found
