"""Signal handlers that a cell installs, kept out of our own bookkeeping.

A handler that raises (the usual time-out with SIGALRM) could leave the link locked for
ever, if it ran between two of its steps. So `signal.signal` wraps Python handlers: one that
comes while the main thread is in critical code (`interrupts.py`) runs when that is done.
`signal.getsignal` and the value of `signal.signal` are what the cell gave.
"""

import functools
import signal
import sys
import threading
from types import FrameType
from typing import Any

from tailrace_kernel.interrupts import PUT_OFF_S, CallSoon, Interrupts, is_critical


class _PutOff:
    """A handler, called when the main thread is not in critical code."""

    def __init__(self, handler: Any, interrupts: Interrupts, call_soon: CallSoon) -> None:
        self.handler = handler
        self._interrupts = interrupts
        self._call_soon = call_soon
        self._owed = False
        self._is_repeat = False

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        is_repeat, self._is_repeat = self._is_repeat, False
        if is_repeat and not self._owed:
            return None
        if is_critical(frame):
            if not self._owed:
                self._owed = True
                self._interrupts.put_off(lambda: self._run_owed(number, frame))
            self._call_soon(PUT_OFF_S, lambda: self._repeat(number))
            return None
        self._owed = False
        return self.handler(number, frame)

    def _run_owed(self, number: int, frame: FrameType | None) -> None:
        if self._owed:
            self._owed = False
            self.handler(number, frame)

    def _repeat(self, number: int) -> None:
        """Where critical code ends without running what was put off."""
        main = threading.main_thread().ident
        if sys.platform != "win32" and self._owed and main is not None:
            self._is_repeat = True
            signal.pthread_kill(main, number)


def put_off_handlers(interrupts: Interrupts, call_soon: CallSoon) -> None:
    """From now on, for handlers that are installed in this process."""
    if sys.platform == "win32":
        return
    install, installed = signal.signal, signal.getsignal

    @functools.wraps(install)
    def signal_signal(signalnum: int, handler: Any) -> Any:
        if callable(handler) and not isinstance(handler, signal.Handlers):
            handler = _PutOff(handler, interrupts, call_soon)
        return _given(install(signalnum, handler))

    @functools.wraps(installed)
    def signal_getsignal(signalnum: int) -> Any:
        return _given(installed(signalnum))

    signal.signal = signal_signal
    signal.getsignal = signal_getsignal


def _given(handler: Any) -> Any:
    return handler.handler if isinstance(handler, _PutOff) else handler
