"""What the host asks of a guest where it cannot send signals: letters in a pipe (KER-27).

The pipe's end is the host's end, and with it the guest's.
"""

import os
import threading

from tailrace_kernel.endings import Endings
from tailrace_kernel.interrupts import interrupt_all

INTERRUPT = b"i"
END = b"e"


class Orders(threading.Thread):
    def __init__(self, descriptor: int, endings: Endings) -> None:
        super().__init__(name="tailrace-orders", daemon=True)
        self._descriptor = descriptor
        self._endings = endings

    def run(self) -> None:
        while letter := os.read(self._descriptor, 1):
            if letter == INTERRUPT:
                interrupt_all()
            elif letter == END:
                self._endings.end_soon()
        self._endings.end_with_children()

    def close(self) -> None:
        """In a forked child: it has no host."""
        os.close(self._descriptor)
