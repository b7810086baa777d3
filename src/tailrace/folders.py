"""Where Tailrace keeps what is its own: logs, logins, settings, sockets.

Three folders, made with mode 0700 when something is first put there. `TAILRACE_HOME`
holds all of them when it is set; otherwise the XDG folders do, or on Windows
%LOCALAPPDATA%. Nothing is ever written beside a user's notebooks.

The run folder is not under `XDG_RUNTIME_DIR`: logind empties that when the last login
session ends, and a kernel must still be found after that. Its path is kept short enough
for unix sockets several names below it.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tailrace.protocol.errors import SettingsError

# A socket's path may have 103 bytes (macOS; Linux has 107). Below the run folder come `k/`,
# a kernel's folder of up to 32 characters, and `guest.sock`.
RUN_LIMIT = 56


class StateFolders(Struct, frozen=True):
    """Absolute paths; whether they exist is not said. Use `made` before writing."""

    state: Path
    config: Path
    run: Path

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    def consoles(self, root: Path) -> Path:
        """Of the servers of one folder: another folder's find their own kernels only."""
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()
        return self.state / "consoles" / digest[:16]

    @property
    def kept_copies(self) -> Path:
        """The checkpoints that Jupyter's clients ask for."""
        return self.state / "checkpoints"

    @property
    def blobs(self) -> Path:
        return self.state / "blobs"

    @property
    def trash(self) -> Path:
        return self.state / "trash"

    @property
    def logins(self) -> Path:
        return self.state / "logins"

    @property
    def servers(self) -> Path:
        """One small file for each server that runs."""
        return self.run / "servers"

    @property
    def launch(self) -> Path:
        """One-time login codes."""
        return self.run / "launch"

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"


def state_folders(
    environ: Mapping[str, str] = os.environ, *, platform: str = sys.platform
) -> StateFolders:
    """The folders of this user, from `TAILRACE_HOME` or what the system uses. Touches nothing."""
    home = environ.get("TAILRACE_HOME")
    if home:
        base = Path(home).expanduser().absolute()
        state, config, run = base / "state", base / "config", base / "run"
    elif platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tailrace"
        state, config, run = base / "state", base / "config", base / "run"
    else:
        state = _xdg(environ, "XDG_STATE_HOME", ".local/state")
        config = _xdg(environ, "XDG_CONFIG_HOME", ".config")
        run = state / "run"
    return StateFolders(state=state, config=config, run=_short(run))


def made(folder: Path) -> Path:
    """`folder`, which now exists and is ours alone (mode 0700, our uid, no link).

    Raises `SettingsError` when somebody else owns it: a folder under the system's
    temporary one could have been put there by another user, waiting for our sockets.
    """
    try:
        # Folders above it are made with the same mode, as the XDG specification wants.
        for missing in reversed([up for up in folder.parents if not up.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise SettingsError(
            f"{folder} cannot be made ({problem.strerror}); set TAILRACE_HOME to a folder"
            " that you may write to"
        ) from problem
    if sys.platform != "win32":
        if stat.S_ISLNK(found.st_mode) and folder.parent == _temporary():
            raise SettingsError(f"{folder} is a link that somebody put there; remove it")
        if folder.stat().st_uid != os.getuid():
            raise SettingsError(f"{folder} belongs to another user; set TAILRACE_HOME")
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    return folder


def _xdg(environ: Mapping[str, str], name: str, otherwise: str) -> Path:
    # The XDG specification says to ignore a value that is not absolute.
    value = environ.get(name, "")
    base = Path(value) if os.path.isabs(value) else Path.home() / otherwise
    return base / "tailrace"


def _short(run: Path) -> Path:
    if sys.platform == "win32" or len(os.fsencode(run)) <= RUN_LIMIT:
        return run
    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    return _temporary() / f"tailrace-{os.getuid()}-{digest}"


def _temporary() -> Path:
    # The same one whatever TMPDIR is in this shell, or commands would not find each other.
    # (`tempfile` would also try to write there, which a full disk does not let it.)
    return Path("/tmp") if os.path.isdir("/tmp") else Path(os.environ.get("TMPDIR", "/var/tmp"))
