"""Time and chance, passed in: so that a test can wind the one and seed the other."""

import secrets
import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """UTC seconds: a label for people, never the ground of a decision."""
        ...

    def seed(self) -> str:
        """A fresh random id of 12 characters."""
        ...


class SystemClock:
    def now(self) -> float:
        return time.time()

    def seed(self) -> str:
        return secrets.token_hex(6)
