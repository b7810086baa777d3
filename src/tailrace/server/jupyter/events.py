"""`/api/events/subscribe`: what Jupyter's API did to files and kernels, told as it happens.

The events are Jupyter Server's own two kinds. Nothing is kept: who listens hears what happens
from then on, and a listener that does not read loses the oldest.
"""

import asyncio
import contextlib
import time
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from tailrace.jupyter.times import iso_time
from tailrace.server.jupyter.answers import JupyterRoutes

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
WAITING_MOST = 1_000


class Happenings:
    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str]] = set()

    def tell(self, schema: str, action: str, **about: Any) -> None:
        """Say it to everybody who listens."""
        if not self._listeners:
            return
        event = {
            "schema_id": schema,
            "__timestamp__": iso_time(time.time()),
            "__schema__": schema,
            "__schema_version__": "1",
            "__metadata_version__": 1,
            "action": action,
            **about,
        }
        text = msgspec.json.encode(event).decode()
        for waiting in self._listeners:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(text)

    async def serve(self, websocket: WebSocket) -> None:
        """One listener, until it goes."""
        await websocket.accept()
        waiting: asyncio.Queue[str] = asyncio.Queue(WAITING_MOST)
        self._listeners.add(waiting)
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(_tell(websocket, waiting))
                with contextlib.suppress(WebSocketDisconnect):
                    while True:
                        await websocket.receive_text()
                telling.cancel()
        finally:
            self._listeners.discard(waiting)


def event_routes(happenings: Happenings) -> JupyterRoutes:
    routes = JupyterRoutes()

    @routes.websocket("/api/events/subscribe", permission="read")
    async def subscribe(websocket: WebSocket) -> None:
        await happenings.serve(websocket)

    return routes


async def _tell(websocket: WebSocket, waiting: asyncio.Queue[str]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await websocket.send_text(await waiting.get())
