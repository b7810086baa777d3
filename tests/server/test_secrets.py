"""No secret gets out: not into logs, answers, files, redirects or error texts."""

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tailrace.protocol.errors import FileMissing
from tailrace.server.permissions import Routes
from tailrace.settings import Settings
from tests.e2e.browser import until
from tests.server.site import Site, running_site

TOKEN = "canary-token-5f1d"
CANARIES = {
    "token": TOKEN,
    "header": "canary-header-77aa",
    "query": "canary-query-31bc",
    "cookie": "canary-cookie-90de",
    "body": "canary-body-42ef",
    "code": "canary-code-63ab",
}


PATHS = (
    "/",
    "/login",
    "/nothing",
    "/api/v1/me",
    "/api/v1/fails",
    "/api/v1/nothing",
    "/api/v1/files",
    "/api/v1/files/content",
    "/api/v1/kernels/x",
)


def failing_routes() -> Routes:
    routes = Routes()

    @routes.http(["GET", "POST"], "/api/v1/fails", permission="read")
    async def fails(request: Request) -> None:
        await request.body()
        raise ZeroDivisionError("nobody foresaw this")

    @routes.http("GET", "/api/v1/path", permission="read")
    async def names_a_path(request: Request) -> None:
        root = request.app.state.application.workspace.root
        raise FileMissing(f"there is no {root}/deep/file in {root}")

    return routes


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, token=TOKEN, routes=(failing_routes(),)) as running:
        yield running


def test_no_canary_reaches_a_log_or_an_answer(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:  # SEC-19
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="tailrace")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the asker's own log is the asker's
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    page = site.browser()
    cookie = f"{site.cookie_name}={page.cookies[site.cookie_name]}"
    headers = {
        "X-Secret": CANARIES["header"],
        "Cookie": f"{cookie}; other={CANARIES['cookie']}",
        "Referer": f"http://elsewhere.example/?{CANARIES['query']}",
    }
    answers = [site.anonymous().get(f"/?token={TOKEN}&cell={CANARIES['query']}")]
    for query in (f"path={CANARIES['query']}", f"code={CANARIES['code']}", f"token={TOKEN}x"):
        for credentials in (
            {},
            {"Origin": site.origin},
            {"Authorization": f"Basic {CANARIES['header']}"},
            {"Authorization": f"Bearer {TOKEN}"},
        ):
            client = site.anonymous()
            client.headers.update({**headers, **credentials})
            for method, path in itertools.product(("GET", "POST", "DELETE", "PUT"), PATHS):
                body = None if method == "GET" else f'{{"path":"{CANARIES["body"]}'.encode()
                answers.append(client.request(method, f"{path}?{query}", content=body))
    wrong = site.anonymous(Authorization=f"Bearer wrong-{CANARIES['header']}")
    answers.append(wrong.get("/api/v1/me"))
    for query in (f"token={TOKEN}", f"token={CANARIES['query']}"):
        with (
            pytest.raises(InvalidStatus),
            connect(f"ws://{site.host}:{site.port}/api/v1/nothing?{query}", open_timeout=30),
        ):
            pass

    assert {answer.status_code for answer in answers} >= {
        200,
        303,
        400,
        401,
        403,
        404,
        405,
        429,
        500,
    }
    logged = caplog.text
    assert "nobody foresaw this" in logged
    assert "GET /api/v1/me 200" in logged
    session = page.cookies[site.cookie_name]
    for name, canary in {**CANARIES, "session": session}.items():
        assert canary not in logged, name
    for answer in answers:
        shown = answer.text + str(dict(answer.headers))
        for name, canary in CANARIES.items():
            # A name that was asked for is in the answer; the rest of a query only where the
            # browser is sent on to the same page.
            if name == "query" and (answer.is_redirect or "/files" in answer.request.url.path):
                continue
            assert canary not in shown, (name, answer.request.url)


def test_what_nobody_foresaw_is_told_by_its_number_only(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:  # SEC-17
    answer = site.program(TOKEN).get("/api/v1/fails")

    assert answer.status_code == 500
    told = answer.json()
    assert set(told) == {"code", "message", "request_id"}
    assert told["code"] == "internal"
    assert "ZeroDivision" not in answer.text
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_no_answer_names_the_folder_that_is_served(site: Site) -> None:  # SEC-17
    answer = site.program(TOKEN).get("/api/v1/path")

    assert answer.json()["message"] == "there is no deep/file in the folder"


def test_nothing_that_is_kept_lets_anybody_in(site: Site, tmp_path: Path) -> None:  # SEC-10
    page, code = site.browser(), site.code()
    site.anonymous().get(f"/?token={TOKEN}")
    secrets = [TOKEN, code, page.cookies[site.cookie_name], page.headers["X-Tailrace-Token"]]

    def kept() -> list[Path]:
        files = [file for name in ("state", "run") for file in (tmp_path / name).rglob("*")]
        # Logins are written on another thread, into a file that is then given its name.
        is_written = any(file.parent.name == "logins" and file.suffix != ".new" for file in files)
        return files if is_written and not any(file.suffix == ".new" for file in files) else []

    files = until(kept, "the logins to be written")
    for file in files:
        for secret in secrets:
            assert secret not in file.name
            if file.is_file():
                assert secret.encode() not in file.read_bytes()


def test_settings_do_not_show_their_token() -> None:  # SEC-19
    assert TOKEN not in repr(Settings(token=TOKEN))
    assert TOKEN not in f"{Settings(token=TOKEN)}"


def test_an_odd_path_cannot_write_to_a_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="tailrace.access")

    site.anonymous().get("/a%0aFORGED%1b[31m")

    assert "\\nFORGED\\x1b[31m" in caplog.text
    assert "\nFORGED" not in caplog.text
