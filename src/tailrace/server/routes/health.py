"""Whether the server is up. For load balancers, and for `tailrace` looking for its servers."""

import json

from starlette.requests import Request
from starlette.responses import Response

from tailrace import __version__
from tailrace.server.permissions import Routes


def health_routes(instance: str) -> Routes:
    """`instance` names this run of the server; it is random and no secret."""
    routes = Routes()
    body = json.dumps({"ok": True, "version": __version__, "instance": instance}).encode()

    @routes.http(["GET", "HEAD"], "/healthz", permission="public")
    async def healthz(request: Request) -> Response:
        headers = {"cache-control": "no-store"}
        return Response(body, media_type="application/json", headers=headers)

    return routes
