"""One-time codes that let the person at the terminal into the browser.

A code is a file in a folder that only the user can write to, named by the code's digest;
redeeming it removes the file, and since only one removal can succeed a code works once,
whoever asks and however many servers there are. So any process of the user can make a
code for a running server (`tailrace url`), and no code needs to be kept or logged.
"""

import contextlib
import hashlib
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from tailrace.folders import made
from tailrace.protocol.errors import SettingsError

logger = logging.getLogger("tailrace.auth")

LIFETIME_S = 300.0  # long enough to find the terminal again, short enough to be worthless later


class LaunchCodes:
    """Where the disk takes no file, a code is kept in memory: it then works for a server
    that shares this object, and one can log in to a server that started on a full disk."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._unwritten: dict[str, float] = {}

    def mint(self) -> str:
        """A new code, good for one login within `LIFETIME_S`."""
        code = secrets.token_urlsafe(24)
        expires = self._clock() + LIFETIME_S
        try:
            folder = made(self._folder)
            self._sweep(folder)
            file = folder / _digest(code)
            file.touch(mode=0o600)
            os.utime(file, (expires, expires))  # an empty file fits where nothing else does
        except (OSError, SettingsError) as problem:
            logger.warning("a login code could not be written: %s", problem)
            self._unwritten[_digest(code)] = expires
        return code

    def redeem(self, code: str) -> bool:
        """Whether `code` was good. It is not any more."""
        digest = _digest(code)
        expires = self._unwritten.pop(digest, None)
        if expires is None:
            file = self._folder / digest
            try:
                expires = file.stat().st_mtime
                file.unlink()
            except OSError:
                return False  # never made, or somebody else was first
        return self._clock() < expires

    def _sweep(self, folder: Path) -> None:
        for file in folder.iterdir():
            with contextlib.suppress(OSError):  # redeemed at this moment
                if file.stat().st_mtime <= self._clock():
                    file.unlink()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
