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
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tailrace_kernel.later import when_imported
from tailrace_kernel.settled import Settled

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
    figures = Settled(loop, _tell_of)

    def teach(module: ModuleType) -> None:
        kind = module.BaseFigureWidget
        for name in TOLD_IN_PASSING:
            send = getattr(kind, name, None)
            if send is not None:
                setattr(kind, name, _noted(send, figures))

    when_imported("plotly.basewidget", teach)
    return figures.tell


def _noted(send: Any, figures: Settled) -> Any:
    @functools.wraps(send)
    def sent(figure: Any, *args: Any, **kwargs: Any) -> Any:
        result = send(figure, *args, **kwargs)
        figures.changed(figure)
        return result

    return sent


def _tell_of(figure: Any) -> None:
    with figure.hold_sync():
        figure._widget_layout = copy.deepcopy(figure._layout_obj._props)
        figure._widget_data = copy.deepcopy(figure._data)
