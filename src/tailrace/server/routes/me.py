"""Who is logged in, logging in by a form, logging out."""

import json
from urllib.parse import parse_qs

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tailrace.protocol.errors import RequestError, TailraceError
from tailrace.server.auth import (
    PAGE_LOGIN,
    Authenticator,
    client_address,
    delete_cookie,
    login_failed,
    page_address,
    set_cookie,
)
from tailrace.server.bodies import json_body
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.login_page import login_page
from tailrace.server.permissions import PERMISSIONS, Routes

FORM_LIMIT_BYTES = 4096


class _Login(Struct, frozen=True, forbid_unknown_fields=True):
    token: str = ""
    code: str = ""


class _Logout(Struct, frozen=True, forbid_unknown_fields=True):
    everywhere: bool = False


def me_routes(authenticator: Authenticator) -> Routes:
    routes = Routes()

    @routes.http("GET", "/api/v1/me", permission="read")
    async def me(request: Request) -> Response:
        identity: Identity = request.scope[IDENTITY]
        body = {
            "name": identity.name,
            "may": [name for name in PERMISSIONS if name in identity.may],
            "token": identity.anti_forgery,
            "ticket": authenticator.tickets.made_for(identity),
        }
        return Response(
            json.dumps(body).encode(),
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    @routes.http("GET", "/login", permission="public")
    async def login(request: Request) -> Response:
        return login_page(request.scope, wanted=request.query_params.get("next", ""))

    @routes.http("POST", "/login", permission="public", body_limit_bytes=FORM_LIMIT_BYTES)
    async def login_by_form(request: Request) -> Response:
        try:
            form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=8)
        except ValueError as problem:
            raise RequestError("the login form has a token and nothing else") from problem
        wanted = form.get("next", [""])[0]
        try:
            token = form.get("token", [""])[0]
            session = authenticator.login_by_token(token, client_address(request.scope))
        except TailraceError as problem:
            return login_failed(problem, request.scope, wanted=wanted)
        response = RedirectResponse(page_address(request.scope, wanted), status_code=303)
        set_cookie(response, request.scope, session)
        return response

    @routes.http("POST", "/api/v1/login", permission="public", body_limit_bytes=FORM_LIMIT_BYTES)
    async def login_of_page(request: Request) -> Response:
        """For a page hosted apart: what it sends as its bearer from then on (SEC-28)."""
        asked = await json_body(request, _Login)
        if asked.code:
            session = await authenticator.login_by_code(asked.code)
        else:
            session = authenticator.login_by_token(asked.token, client_address(request.scope))
        return Response(
            json.dumps({"bearer": f"{PAGE_LOGIN}{session}"}).encode(),
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    @routes.http("POST", "/api/v1/logout", permission="read")
    async def logout(request: Request) -> Response:
        """`{"everywhere": true}` ends every login of this server, not just this one."""
        asked = await json_body(request, _Logout)
        identity: Identity = request.scope[IDENTITY]
        if asked.everywhere:
            authenticator.logins.end_all()
        elif identity.login is not None:
            authenticator.logins.end(identity.login)
        response = Response(status_code=204)
        delete_cookie(response, request.scope)
        return response

    return routes
