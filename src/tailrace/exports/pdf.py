"""A PDF, printed from the HTML export by a browser that is installed (FMT-15).

The browser gets one file that allows no script and no address but `data:`, a profile of its own
that is thrown away, and no network: whatever name it asks for is not found. Its own sandbox is
on, except for root, whom Chromium refuses it.

Blocks: call it from a thread.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tailrace.protocol.errors import BrowserMissing, ToolFailed

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
    "brave-browser",
    "chromium-headless-shell",
    "chrome-headless-shell",
)
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
)
PATIENCE_S = 120.0  # a report of some hundred pages on a busy machine takes half a minute

_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
)


def browser_of(environ: Mapping[str, str]) -> str:
    """The browser that prints: the one `CHROME_PATH` names, else one of those that are usual.

    Raises `BrowserMissing`.
    """
    named = environ.get("CHROME_PATH")
    if named:
        found = shutil.which(named, path=environ.get("PATH"))
        if found is None:
            raise BrowserMissing(f"CHROME_PATH names {named}, which is no program here")
        return found
    for name in NAMES:
        if (found := shutil.which(name, path=environ.get("PATH"))) is not None:
            return found
    for place in ELSEWHERE:
        if os.access(place, os.X_OK):
            return place
    raise BrowserMissing(
        "a PDF is printed by Chromium, Chrome or Edge, and none of them is installed here; "
        "install one, name it in CHROME_PATH, or export to HTML and print that"
    )


def pdf_of(html: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """`html`, printed. Raises `BrowserMissing`, and `ToolFailed` with what the browser said."""
    browser = browser_of(environ)
    with tempfile.TemporaryDirectory(prefix="tailrace-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page, printed = folder / "page.html", folder / "page.pdf"
        page.write_text(html, encoding="utf-8", errors="replace")
        command = [browser, *_OPTIONS, f"--user-data-dir={folder / 'profile'}"]
        if sys.platform != "win32" and os.geteuid() == 0:
            command.append("--no-sandbox")
        try:
            done = subprocess.run(
                [*command, f"--print-to-pdf={printed}", page.as_uri()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolFailed(f"{browser} did not print the PDF in {PATIENCE_S:.0f} s") from error
        except OSError as error:
            raise ToolFailed(f"{browser} cannot be started: {error.strerror}") from error
        if not printed.is_file() or not printed.stat().st_size:
            said = done.stdout.decode("utf-8", "replace").strip().splitlines()
            last = said[-1] if said else f"status {done.returncode}"
            raise ToolFailed(f"{browser} printed no PDF: {last}")
        return printed.read_bytes()
