"""`/api`, `/api/status`, `/api/me`, `/api/spec.yaml`, and the whole of Jupyter's API joined."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

import tailrace
from tailrace.folders import StateFolders
from tailrace.jupyter.times import iso_time
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.jupyter.answers import JupyterRoutes, Unfit
from tailrace.server.jupyter.contents import Contents
from tailrace.server.jupyter.contents_routes import contents_routes
from tailrace.server.jupyter.events import Happenings, event_routes
from tailrace.server.jupyter.kept_copies import KeptCopies
from tailrace.server.jupyter.kernel_routes import kernel_routes
from tailrace.server.jupyter.kernels import Kernels, Served
from tailrace.server.jupyter.kernelspecs import Kernelspecs
from tailrace.server.jupyter.seats import Seats
from tailrace.server.jupyter.uploads import Uploads
from tailrace.server.permissions import Routes

API_VERSION = "2.17.0"
"""Of Jupyter Server, whose API this is."""
SPEC = Path(__file__).parent / "api.yaml"

_PERMISSIONS = {"read": "read", "write": "edit", "execute": "run"}


def jupyter_routes(served: Served, folders: StateFolders) -> tuple[Routes, ...]:
    """Jupyter Server's API over `served`'s sessions and files."""
    kernels, happenings = Kernels(served, Kernelspecs()), Happenings()
    seats = Seats(folders.state / "jupyter-clients.json")
    contents = Contents(
        served.workspace,
        served.directory,
        served.moves,
        served.backup_folder,
        KeptCopies(folders.kept_copies, served.workspace.root),
        Uploads(folders.state / "uploads"),
    )
    return (
        server_routes(kernels, seats),
        kernel_routes(kernels, seats, happenings),
        contents_routes(contents, served.workspace, happenings),
        event_routes(happenings),
    )


def server_routes(kernels: Kernels, seats: Seats) -> JupyterRoutes:
    routes = JupyterRoutes()

    @routes.json("GET", "/api", permission="read")
    @routes.json("GET", "/api/", permission="read")
    async def version(request: Request) -> Any:
        return {"version": API_VERSION, "server": f"tailrace {tailrace.__version__}"}

    @routes.json("GET", "/api/status", permission="read")
    async def status(request: Request) -> Any:
        living = kernels.all()
        latest = max([kernels.started_at, *map(kernels.last_activity, living)])
        return {
            "connections": seats.connections(),
            "kernels": len(living),
            "last_activity": iso_time(latest),
            "started": iso_time(kernels.started_at),
        }

    @routes.json("GET", "/api/me", permission="read")
    async def me(request: Request) -> Any:
        identity: Identity = request.scope[IDENTITY]
        person = {
            "username": identity.name,
            "name": identity.name,
            "display_name": identity.name.capitalize(),
            "initials": identity.name[:1].upper(),
            "avatar_url": None,
            "color": None,
        }
        granted = {**_granted(request, identity), "updatable_fields": []}
        return {"identity": person, "permissions": granted}

    @routes.json("GET", "/api/spec.yaml", permission="read")
    async def spec(request: Request) -> Response:
        text = await asyncio.to_thread(SPEC.read_text, "utf-8")
        return Response(text, media_type="text/x-yaml")

    return routes


def _granted(request: Request, identity: Identity) -> dict[str, list[str]]:
    """Of the permissions asked about, those that there are."""
    try:
        wanted = json.loads(request.query_params.get("permissions") or "{}")
        pairs = {str(name): [str(each) for each in actions] for name, actions in wanted.items()}
    except (ValueError, TypeError, AttributeError):
        raise Unfit("permissions must be a JSON dict of lists of strings") from None
    return {
        resource: [each for each in actions if _PERMISSIONS.get(each) in identity.may]
        for resource, actions in pairs.items()
    }
