"""The page's settings: read by every page, changed by any, applied at once (PAGE-12)."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tailrace.page_settings import LIMIT_BYTES, PageSettings
from tailrace.server.application import Application
from tailrace.server.bodies import json_body
from tailrace.server.permissions import Routes


def page_routes(application: Application) -> Routes:
    routes = Routes()
    file = application.page_settings

    @routes.http("GET", "/api/v1/settings", permission="read")
    async def settings(request: Request) -> Response:
        return _json(await asyncio.to_thread(file.read))

    @routes.http("PUT", "/api/v1/settings", permission="edit", body_limit_bytes=LIMIT_BYTES)
    async def change_settings(request: Request) -> Response:
        changes = await json_body(request, dict[str, Any])
        changed = await asyncio.to_thread(file.change, changes)
        application.apply(changed)
        return _json(changed)

    return routes


def _json(settings: PageSettings) -> Response:
    return Response(
        msgspec.json.encode(settings),
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )
