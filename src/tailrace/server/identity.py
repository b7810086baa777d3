"""Who a request comes from, once it has been proved."""

import asyncio
import hmac
from dataclasses import dataclass, field

IDENTITY = "tailrace.identity"
"""Key in the ASGI scope; None there means anonymous."""

EVERYTHING = frozenset({"read", "run", "edit", "admin"})


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """`anti_forgery` is what the page must send along with unsafe requests, and in its
    `Hello`, when it is known by a cookie; with a bearer token there is none.

    `ended` is set when the login is over (logout, here or in another tab): whoever holds a
    socket open for this identity closes it then.
    """

    name: str
    may: frozenset[str]
    login: str | None = None  # the key of the login in `Logins`; None for a bearer token
    anti_forgery: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_bearer(self) -> bool:
        return self.login is None

    def proves(self, token: str | None) -> bool:
        """Whether `token` is this identity's anti-forgery token; always true for a bearer."""
        if self.is_bearer:
            return True
        if not token or self.anti_forgery is None:
            return False
        return hmac.compare_digest(token.encode(), self.anti_forgery.encode())
