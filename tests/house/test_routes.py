"""Every way into the server says who may take it, and keeps its word.

The routes are walked as they stand in the finished application, so that one which came in
by another way (a mount, an included router, FastAPI's own pages) is found too.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tailrace.assembly import Application
from tailrace.folders import StateFolders
from tailrace.mcp.endpoint import Endpoint
from tailrace.mcp.tools import Served
from tailrace.server.permissions import (
    PERMISSIONS,
    DeclaredRoute,
    DeclaredWebSocketRoute,
    Routes,
    undeclared,
    walk,
)
from tailrace.server.routes.agents import Agents
from tailrace.server.whole import whole_routes
from tailrace.settings import load_settings
from tests.server.site import Site, running_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    folders = StateFolders(folder / "s", folder / "c", folder / "r")
    whole = Application(load_settings({"root": folder}, environ={}), folders)
    agents = Agents(Endpoint(Served(whole.workspace, whole.directory)), "run")
    with running_site(folder, routes=whole_routes(whole, folders, agents)) as running:
        yield running


PUBLIC = {"/healthz", "/api/v1/login", "/login", "/frame.html", "/assets/{name:path}", "/{name}"}


def test_every_route_declares_a_permission(site: Site) -> None:  # SEC-1
    for route, where in walk(site.app.routes):
        assert isinstance(route, DeclaredRoute | DeclaredWebSocketRoute), where
        assert route.permission in PERMISSIONS, where
    assert undeclared(site.app) == []
    seen = {where for _, where in walk(site.app.routes)}
    assert seen > {"/mcp", "/api/kernels/{kernel_id}/channels", "/api/v1/settings"}


def test_public_are_only_these(site: Site) -> None:  # SEC-1
    public = {
        where
        for route, where in walk(site.app.routes)
        if getattr(route, "permission", None) == "public"
    }

    assert public == PUBLIC


def test_every_route_that_is_not_public_refuses_an_anonymous_caller(site: Site) -> None:  # SEC-2
    asked = 0
    with_origin = site.anonymous(Origin=site.origin)
    bare = site.anonymous()
    for route, where in walk(site.app.routes):
        if not isinstance(route, DeclaredRoute) or route.permission == "public":
            continue
        path = re.sub(r"\{[^}]+\}", "x", where)
        for method in sorted(route.methods):
            for client in (with_origin, bare):
                answer = client.request(method, path)
                assert answer.status_code in (401, 403), f"{method} {path}"
                asked += 1
    assert asked > 10


def test_every_websocket_refuses_an_anonymous_caller_before_accepting(site: Site) -> None:  # SEC-2
    sockets = [
        where for route, where in walk(site.app.routes) if isinstance(route, DeclaredWebSocketRoute)
    ]
    assert sockets
    for where in sockets:
        path = re.sub(r"\{[^}]+\}", "x", where)
        for headers in ({"Origin": site.origin}, {}, {"Origin": "https://evil.example"}):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(
                    f"ws://{site.host}:{site.port}{path}",
                    additional_headers=headers,
                    open_timeout=30,
                ),
            ):
                pass
            assert refused.value.response.status_code in (401, 403), f"{path} {headers}"


def test_an_unknown_path_tells_an_anonymous_caller_nothing(site: Site) -> None:
    answer = site.anonymous().get("/api/v1/no/such/thing")

    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message"}


async def nothing(*_: object) -> None:
    return None


async def socket(websocket: WebSocket) -> None:
    return None


def test_what_comes_in_another_way_is_named() -> None:  # SEC-1
    """The walk itself: routers, mounts, sub-applications and plain routes are all seen."""
    app = FastAPI(openapi_url=None)
    Routes().install(app)
    assert undeclared(app) == []

    app.add_api_route("/plain", nothing, response_model=None)
    app.add_api_websocket_route("/socket", socket)
    router = APIRouter(prefix="/included")
    router.add_api_route("/inner", nothing, response_model=None)
    app.include_router(router)
    app.mount("/mounted", Starlette(routes=[Route("/deep", nothing)]))
    app.router.routes.append(Mount("/files", app=nothing))

    named = " ".join(undeclared(app))
    for place in ("/plain", "/socket", "/inner", "/mounted", "/mounted/deep", "/files"):
        assert place in named


def test_a_server_with_an_undeclared_route_does_not_start(tmp_path: Path) -> None:  # SEC-1
    class Careless(Routes):
        def install(self, app: FastAPI) -> None:
            app.add_api_route("/open-door", nothing, response_model=None)

    with (
        pytest.raises(RuntimeError, match="/open-door"),
        running_site(tmp_path, routes=(Careless(),)),
    ):
        pass


def test_fastapis_own_pages_are_off(site: Site) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert site.browser().get(path).status_code == 404
