"""IPython's events around a cell, of which an interrupt ends the cell, not only a callback."""

from typing import Any

from IPython.core.events import EventManager

BEFORE_THE_CODE = frozenset({"pre_execute", "pre_run_cell"})


class CellEvents(EventManager):
    """IPython shows whatever a callback raises and goes on to the cell's code.

    An interrupt that comes while a callback runs was meant for the cell: before its code it
    is let through, so that the code never begins. Afterwards the code has run.
    """

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> None:
        if event not in BEFORE_THE_CODE:
            super().trigger(event, *args, **kwargs)
            return
        for callback in list(self.callbacks[event]):
            try:
                callback(*args, **kwargs)
            except Exception:
                print(f"Error in callback {callback} (for {event}):")
                self.shell.showtraceback()
