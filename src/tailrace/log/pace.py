"""Whether a store answers quickly enough to be written to where nobody may wait.

A write of some kilobytes is a copy into the system's memory: tens of microseconds. It is not
when the system holds writers back, or the folder lies on a network. One slow write is what
it takes to find out; after it the store counts as slow for a while, and for twice as long
each time it is found slow again.
"""

import time
from collections.abc import Callable

SLOW_S = 0.005
REST_S = 1.0
LONGEST_REST_S = 64.0


class Pace:
    """Fed with how long each write took, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._rest_s = REST_S
        self._slow_until = 0.0

    @property
    def is_quick(self) -> bool:
        return self._slow_until == 0.0 or self._now() >= self._slow_until

    def note(self, took_s: float) -> None:
        """One write took `took_s`. A quick one after a rest makes the next rest short again."""
        if took_s > SLOW_S:
            self._slow_until = self._now() + self._rest_s
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        elif self._slow_until:
            self._slow_until = 0.0
            self._rest_s = REST_S
