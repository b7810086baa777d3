"""Tell a thing's whole state once it has come to rest: at the end of the cell, or some time
after the last change that a callback made. What the thing is and what is told of it is not
known here.
"""

import asyncio
import logging
import weakref
from collections.abc import Callable
from typing import Any

log = logging.getLogger("tailrace_kernel.settled")

SETTLED_S = 0.5  # a slider that moves a figure moves it many times a second


class Settled:
    def __init__(self, loop: asyncio.AbstractEventLoop, tell_of: Callable[[Any], None]) -> None:
        self._loop = loop
        self._tell_of = tell_of
        self._changed: dict[int, weakref.ref[Any]] = {}  # figures have no hash
        self._due: asyncio.TimerHandle | None = None

    def changed(self, thing: Any) -> None:
        """From any thread."""
        self._changed[id(thing)] = weakref.ref(thing)
        self._loop.call_soon_threadsafe(self._put_off)

    def _put_off(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(SETTLED_S, self.tell)

    def tell(self) -> None:
        """In the main thread, between cells or while one awaits."""
        changed, self._changed = self._changed, {}
        for reference in changed.values():
            thing = reference()
            if thing is None:
                continue
            try:
                self._tell_of(thing)
            except Exception:  # the library's own; no cell is to suffer from it
                log.exception("%s could not tell its state", type(thing).__name__)
