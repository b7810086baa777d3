"""Open the user's browser without putting the login code on a command line.

Other users of a machine see the arguments of every process. So the browser is given a
small file of mode 0600 that leads to the address, where the browser can be expected to
read it; where it cannot (a sandboxed snap, the other side of WSL), it is given the address
without the code, and the page says where the code is.
"""

import contextlib
import os
import secrets
import sys
import threading
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from tailrace.folders import made
from tailrace.protocol.errors import SettingsError

_KEPT_S = 600.0

# Snaps see nothing of a hidden folder; which browser will be opened cannot be known.
SANDBOXED: tuple[str, ...] = ("/snap/bin/firefox", "/snap/bin/chromium")


def open_browser(address: str, folder: Path, now: float) -> bool:
    """Whether there is a browser to be opened; it is opened in the background."""
    if not has_screen():
        return False
    target = target_for(address, folder, now)
    threading.Thread(target=_open, args=(target,), daemon=True).start()
    return True


def target_for(address: str, folder: Path, now: float) -> str:
    """What stands on the browser's command line instead of `address`."""
    if reads_our_files():
        # On a full disk there is no file; the page then says where the code is.
        with contextlib.suppress(OSError, SettingsError):
            return _leading_file(address, folder, now)
    return _without_code(address)


def has_screen() -> bool:
    """A text browser would take the terminal over; it is not meant."""
    if os.environ.get("BROWSER") or sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def reads_our_files() -> bool:
    if os.environ.get("WSL_DISTRO_NAME"):
        return False
    return not any(Path(program).exists() for program in SANDBOXED)


def _leading_file(address: str, folder: Path, now: float) -> str:
    for old in made(folder).glob("open-*.html"):
        if old.stat().st_mtime < now - _KEPT_S:
            old.unlink(missing_ok=True)
    file = folder / f"open-{secrets.token_hex(6)}.html"
    file.touch(mode=0o600)
    link = escape(address, quote=True)
    file.write_text(
        f'<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0; url={link}"><title>Tailrace</title>'
        f'<a href="{link}">Tailrace</a>\n'
    )
    return file.as_uri()


def _without_code(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _open(target: str) -> None:
    import webbrowser

    webbrowser.open(target, new=2)
