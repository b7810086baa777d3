"""A signal is sent again when its handler has not run.

One that comes in the instant before the main thread starts to wait (for a lock, in a
sleep), or to another thread, leaves a mark that Python sees only when the wait is over,
which may be never. The pump reads, in order, a byte for each signal that the process
received (`signal.set_wakeup_fd`) and one that the handler writes whenever it runs.
"""

import signal
import sys
import threading
from collections.abc import Callable

AGAIN_AFTER_S = 0.01  # the handler runs within a switch interval where it can run at all
AGAIN_UNTIL_S = 0.5


class Persistence:
    """Of one signal. `handled` is its handler's byte, `is_ours` whether that handler is
    installed: another's leaves no byte, and it has to be enough that it was called."""

    def __init__(
        self,
        number: signal.Signals,
        handled: bytes,
        is_ours: Callable[[], bool],
        call_soon: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._number = number
        self._handled = handled
        self._is_ours = is_ours
        self._call_soon = call_soon
        self._owed = False
        self._watching = False

    def read(self, marks: bytes) -> None:
        sent, handled = marks.rfind(self._number), marks.rfind(self._handled)
        if sent < 0 and handled < 0:
            return
        self._owed = sent > handled
        if self._owed and not self._watching:
            self._watching = True
            self._look_later(AGAIN_AFTER_S)

    def _look_later(self, pause_s: float) -> None:
        self._call_soon(pause_s, lambda: self._look(pause_s))

    def _look(self, pause_s: float) -> None:
        self._watching = self._owed and self._is_ours() and pause_s < AGAIN_UNTIL_S
        if self._watching:
            send_again(self._number)
            self._look_later(pause_s * 2)


def send_again(number: signal.Signals) -> None:
    """Deliver it to the main thread, out of a system call too where that is possible."""
    main = threading.main_thread().ident
    if sys.platform != "win32" and main is not None:
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)  # on Windows this wakes a sleep, too
