"""`tailrace [PATH]`: serve a folder, or the folder of a notebook, and open the browser.

The socket is opened and the address printed first; the server is imported after that.
Where a server of the same user serves this folder already, the browser is sent there: two
servers on one folder would be two owners of one log.
"""

import contextlib
import gc
import os
import time
from pathlib import Path

import click

from tailrace import __version__
from tailrace.cli.browser import open_browser
from tailrace.folders import StateFolders, state_folders
from tailrace.formats.forms import may_be_notebook
from tailrace.protocol.errors import FileMissing, NotANotebook
from tailrace.server.run import describe, launch_codes, listen, login_address, serve
from tailrace.server.running_servers import RunningServer, RunningServers
from tailrace.settings import DEFAULT_PORT, Settings, load_settings

_AFTER = {
    "keep": "leaves kernels running",
    "stop-idle": "stops idle kernels; cells that run go on",
    "stop": "stops all its kernels",
}
# With one of these somebody wants a server of their own.
_OWN_SERVER = ("host", "port", "base_url", "token")


@click.command("open")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--host", metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, help=f"Port to listen on ({DEFAULT_PORT}, or the next free one).")
@click.option("--base-url", metavar="PREFIX", help="Serve everything below this path.")
@click.option("--token", help="A fixed token for programs. TAILRACE_TOKEN is not seen by `ps`.")
@click.option("--no-browser", is_flag=True, default=None, help="Only print the address.")
@click.option("--new", is_flag=True, help="Start a server also where one serves this folder.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
def open_command(path: Path | None, new: bool, **given: object) -> None:
    """Serve PATH, a folder or a notebook (else the folder you are in), and open the browser."""
    # Start-up only makes things that stay; looking for garbage among them takes a tenth of
    # it. The server switches this on again as soon as it is ready.
    gc.disable()
    folders = state_folders()
    root, page = placed(path) if path is not None else (None, "")
    settings = load_settings(
        {"root": root, **given}, environ=os.environ, file=folders.settings_file
    )
    if not settings.root.is_dir():
        raise FileMissing(f"there is no folder {settings.root}")
    # Children, kernels among them, need not know it.
    os.environ.pop("TAILRACE_TOKEN", None)

    own = new or any(
        given.get(name) is not None or f"TAILRACE_{name.upper()}" in os.environ
        for name in _OWN_SERVER
    )
    same = serving(settings.root, folders)
    if same is not None and not own:
        address = login_address(same, launch_codes(folders), page=page)
        say(f"Tailrace serves {same.root} already (process {same.pid}):\n  {address}")
        show(settings, folders, address)
        return
    if same is not None:
        say(f"Note: {same.address} serves this folder too; open a notebook in one of them only.")
    raise SystemExit(start(settings, folders, page))


def placed(path: Path) -> tuple[Path, str]:
    """The folder to serve for PATH and the page to show: a notebook below the folder one is
    in is shown in that folder, another one in its own."""
    if path.is_dir():
        return path.absolute(), ""
    if not path.exists():
        raise FileMissing(
            f"there is no {path}; run `tailrace {path.parent}` and make the notebook there"
        )
    if not may_be_notebook(path.name):
        raise NotANotebook(
            f"{path} is no notebook (.ipynb, .py, .md); `tailrace {path.parent}` shows it"
        )
    file, here = path.absolute(), Path.cwd()
    if ".." in file.parts:
        file = file.resolve()
    root = here if file.is_relative_to(here) else file.parent
    return root, f"notebook/{file.relative_to(root).as_posix()}"


def serving(root: Path, folders: StateFolders) -> RunningServer | None:
    """A server of this user that serves `root` now."""
    servers = RunningServers(folders.servers)
    if not any(server.root == str(root) for server in servers.remembered()):
        return None
    return next((server for server in servers.alive() if server.root == str(root)), None)


def start(settings: Settings, folders: StateFolders, page: str) -> int:
    listening = listen(settings)
    server = describe(settings, listening)
    codes = launch_codes(folders)
    address = login_address(server, codes, page=page)
    if settings.port not in (0, server.port):
        say(f"Port {settings.port} is in use; taking {server.port}.")
    say(
        f"Tailrace {__version__} serves {settings.root}\n"
        f"  {address}\n"
        "  (works once, for 5 minutes; `tailrace url` prints another)\n"
        f"Ctrl-C {_AFTER[settings.on_interrupt]}; SIGTERM {_AFTER[settings.on_terminate]}"
        " (settings on_interrupt, on_terminate)."
    )
    if not listening.is_loopback:
        say(
            f"Listening on {settings.host}: others can reach this server, and read what is sent"
            " unless a proxy in front of it speaks https."
        )
    show(settings, folders, address)
    return serve(settings, folders, listening, server, codes, tell=say)


def show(settings: Settings, folders: StateFolders, address: str) -> None:
    if not settings.no_browser:
        open_browser(address, folders.run / "browser", time.time())


def say(text: str) -> None:
    """Print at once: a pipe is read by somebody who waits for the address. A server whose
    standard output goes to a full disk, or nowhere, serves all the same."""
    with contextlib.suppress(OSError):
        print(text, flush=True)
