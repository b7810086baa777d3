"""Logins: the sessions behind the cookies, kept so that a restarted server knows them.

The cookie holds a random id; the file holds only its digest, so that reading the file lets
nobody in. A login made with a fixed token remembers that token's digest and ends when the
server is started with another (SEC-10).
"""

import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from tailrace.folders import made
from tailrace.protocol.errors import SettingsError
from tailrace.server.identity import EVERYTHING, Identity

logger = logging.getLogger("tailrace.auth")

LIFETIME_S = 30 * 24 * 3600.0
KEPT = 256  # logins per port; the oldest goes first


class Login(Struct, frozen=True):
    """`made_with` is `code`, or the digest of the fixed token it was made with."""

    key: str
    made_with: str
    expires: float


class Logins:
    """The logins of one server. All methods are for the event loop's thread; the file is
    written on another, in order, and `close` waits for that."""

    def __init__(self, file: Path, *, token: str | None, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._token_digest = token_digest(token) if token else None
        self._logins: dict[str, Login] = {}
        self._identities: dict[str, Identity] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="logins")
        for login in _read(file):
            if self._is_good(login):
                self._logins[login.key] = login

    def begin(self, *, with_token: bool) -> str:
        """Log somebody in; returns the cookie's value, which is not kept."""
        session = secrets.token_urlsafe(32)
        key = _key(session)
        made_with = self._token_digest if with_token and self._token_digest else "code"
        self._logins[key] = Login(key, made_with, self._clock() + LIFETIME_S)
        while len(self._logins) > KEPT:
            self.end(next(iter(self._logins)))
        self._write()
        return session

    def identify(self, session: str) -> Identity | None:
        """Who holds this cookie; the same object for as long as the login lasts."""
        key = _key(session)
        if not self._lives(key):
            return None
        identity = self._identities.get(key)
        if identity is None:
            identity = Identity(
                name="owner", may=EVERYTHING, login=key, anti_forgery=_anti_forgery(session)
            )
            self._identities[key] = identity
        return identity

    def by_key(self, key: str) -> Identity | None:
        """Who holds the login of this key, where they were identified since the start."""
        return self._identities.get(key) if self._lives(key) else None

    def end(self, key: str) -> None:
        """Log out: the cookie is worthless and the identity's `ended` is set."""
        if self._logins.pop(key, None) is not None:
            self._write()
        identity = self._identities.pop(key, None)
        if identity is not None:
            identity.ended.set()

    def end_all(self) -> None:
        for key in list(self._logins):
            self.end(key)

    def _lives(self, key: str) -> bool:
        login = self._logins.get(key)
        if login is None:
            return False
        if not self._is_good(login):
            self.end(key)
            return False
        return True

    def _is_good(self, login: Login) -> bool:
        if login.expires <= self._clock():
            return False
        return login.made_with in ("code", self._token_digest)

    def close(self) -> None:
        self._writer.shutdown(wait=True)

    def _write(self) -> None:
        held = [
            {"key": login.key, "made_with": login.made_with, "expires": login.expires}
            for login in self._logins.values()
        ]
        self._writer.submit(_store, self._file, json.dumps(held))


def token_digest(token: str) -> str:
    return hashlib.sha256(b"tailrace token\0" + token.encode("utf-8", "surrogatepass")).hexdigest()


def _key(session: str) -> str:
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()


def _anti_forgery(session: str) -> str:
    """Made from the cookie's value, which scripts cannot read, and so kept nowhere."""
    return hmac.new(session.encode(), b"tailrace anti-forgery", "sha256").hexdigest()


def _read(file: Path) -> list[Login]:
    try:
        held = json.loads(file.read_text("utf-8"))
        return [Login(str(e["key"]), str(e["made_with"]), float(e["expires"])) for e in held]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        logger.warning("%s cannot be read; everybody has to log in again", file)
        return []


def _store(file: Path, content: str) -> None:
    scratch = file.with_suffix(f".{os.getpid()}.new")
    try:
        made(file.parent)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(content)
        scratch.replace(file)
    except (OSError, SettingsError) as problem:
        # A full disk must not lock people out; they will log in again after a restart.
        logger.warning("logins could not be kept: %s", problem)
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
