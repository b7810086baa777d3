"""plotly's FigureWidget: its state says what it shows, also after it was changed. WID-13.

A figure widget tells changes in passing (`_py2js_restyle` and the like, set and at once set
back) and leaves it to the browser that saw them to remember. Whoever comes later would see
the figure as it was first. So at the end of the cell, and some time after a callback's last
change, its whole state is told too; a browser that shows the figure already takes it without
drawing anew.
"""

import asyncio
import copy
import functools
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tailrace_kernel.later import when_imported

SETTLED_S = 0.5  # a slider that moves a figure moves it many times a second
TOLD_IN_PASSING = (
    "_send_relayout_msg",
    "_send_restyle_msg",
    "_send_addTraces_msg",
    "_send_moveTraces_msg",
    "_send_update_msg",
    "_send_animate_msg",
    "_send_deleteTraces_msg",
)


def keep_figures_whole(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Returns what is to be called after each cell: its changes need not wait."""
    figures = _Figures(loop)
    when_imported("plotly.basewidget", figures.teach)
    return figures.tell


class _Figures:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed: dict[int, weakref.ref[Any]] = {}  # figures have no hash
        self._due: asyncio.TimerHandle | None = None

    def teach(self, module: ModuleType) -> None:
        kind = module.BaseFigureWidget
        for name in TOLD_IN_PASSING:
            send = getattr(kind, name, None)
            if send is not None:
                setattr(kind, name, self._noted(send))

    def _noted(self, send: Any) -> Any:
        @functools.wraps(send)
        def sent(figure: Any, *args: Any, **kwargs: Any) -> Any:
            result = send(figure, *args, **kwargs)
            self._changed[id(figure)] = weakref.ref(figure)
            self._loop.call_soon_threadsafe(self._put_off)
            return result

        return sent

    def _put_off(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(SETTLED_S, self.tell)

    def tell(self) -> None:
        """In the main thread, between cells or while one awaits."""
        changed, self._changed = self._changed, {}
        for reference in changed.values():
            figure = reference()
            if figure is None:
                continue
            with figure.hold_sync():
                figure._widget_layout = copy.deepcopy(figure._layout_obj._props)
                figure._widget_data = copy.deepcopy(figure._data)
