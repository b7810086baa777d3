"""ipympl's canvas: its state holds the picture that it shows, also after it was drawn anew. WID-13.

A canvas tells its picture once, when it is displayed. What is drawn later goes to browsers in
passing, and only where one asks for it. Whoever opens the file without a kernel, or comes
when the kernel has ended, would see the first picture. So a canvas that came to rest puts the
newest into its state; one that nobody has drawn is drawn for it.
"""

import asyncio
import base64
import functools
import io
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tailrace_kernel.later import when_imported
from tailrace_kernel.settled import Settled

_WAITS = "_tailrace_waits_to_be_drawn"


def keep_canvases_whole(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Returns what is to be called after each cell: its changes need not wait."""
    canvases = Settled(loop, _tell_of)

    def teach(module: ModuleType) -> None:
        kind = module.Canvas
        kind.draw_idle = _noted(kind.draw_idle, canvases, waits=True)
        kind.draw = _noted(kind.draw, canvases, waits=False)

    when_imported("ipympl.backend_nbagg", teach)
    return canvases.tell


def _noted(draw: Any, canvases: Settled, *, waits: bool) -> Any:
    @functools.wraps(draw)
    def drawn(canvas: Any, *args: Any, **kwargs: Any) -> Any:
        result = draw(canvas, *args, **kwargs)
        canvas.__dict__[_WAITS] = waits
        canvases.changed(canvas)
        return result

    return drawn


def _tell_of(canvas: Any) -> None:
    if canvas.comm is None or canvas._data_url is None:
        return  # closed, or not displayed yet
    if canvas.__dict__.get(_WAITS):
        canvas.draw()
    import numpy
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(numpy.asarray(canvas.get_renderer().buffer_rgba())).save(png, format="png")
    url = "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
    is_synced = canvas.syncing_data_url
    canvas.syncing_data_url = True
    try:
        canvas._data_url = url
    finally:
        canvas.syncing_data_url = is_synced
