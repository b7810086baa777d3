"""Tickets: how an image or a download of a page hosted apart says who asks.

Such a page has no cookie here, and an `<img>` or a link can bring no header. A ticket in the
address says it for them: only on GETs of routes that are declared to take one (SEC-29), only
for a day, only while the login lives that it was made for, only until the server restarts.
"""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

from tailrace.server.identity import Identity
from tailrace.server.logins import Logins

LIFETIME_S = 24 * 3600.0
PARAMETER = "ticket"


class Tickets:
    def __init__(self, logins: Logins, clock: Callable[[], float]) -> None:
        self._logins = logins
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def made_for(self, identity: Identity) -> str | None:
        """None for who has no login: a program brings its header."""
        if identity.login is None:
            return None
        said = f"{int(self._clock() + LIFETIME_S)}.{identity.login}"
        return f"{said}.{self._sign(said)}"

    def identify(self, query: bytes) -> Identity | None:
        """Whose ticket is in this query; None where there is none that is good."""
        found = parse_qs(query.decode("latin-1")).get(PARAMETER, [""])[0]
        said, _, signature = found.rpartition(".")
        expires, _, login = said.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(said).encode()):
            return None
        if int(expires) <= self._clock():
            return None
        return self._logins.by_key(login)

    def _sign(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), "sha256").hexdigest()
