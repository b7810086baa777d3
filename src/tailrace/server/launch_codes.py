"""One-time codes that let the person at the terminal into the browser.

A code is a file in a folder that only the user can write to, named by the code's digest;
redeeming it removes the file, and since only one removal can succeed a code works once,
whoever asks and however many servers there are. So any process of the user can make a
code for a running server (`tailrace url`), and no code needs to be kept or logged.
"""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

from tailrace.folders import made

LIFETIME_S = 300.0  # long enough to find the terminal again, short enough to be worthless later


class LaunchCodes:
    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def mint(self) -> str:
        """A new code, good for one login within `LIFETIME_S`."""
        folder = made(self._folder)
        self._sweep(folder)
        code = secrets.token_urlsafe(24)
        file = folder / _digest(code)
        file.touch(mode=0o600)
        file.write_text(repr(self._clock() + LIFETIME_S))
        return code

    def redeem(self, code: str) -> bool:
        """Whether `code` was good. It is not any more."""
        file = self._folder / _digest(code)
        try:
            expires = float(file.read_text())
            file.unlink()
        except (OSError, ValueError):
            return False  # never made, or somebody else was first
        return self._clock() < expires

    def _sweep(self, folder: Path) -> None:
        for file in folder.iterdir():
            try:
                if float(file.read_text()) <= self._clock():
                    file.unlink()
            except (OSError, ValueError):
                continue  # redeemed or being written at this moment


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
