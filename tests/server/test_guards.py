"""Who may not even ask: foreign hosts, foreign origins, forged requests, huge bodies."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tailrace.server.guards import HostNames
from tailrace.server.permissions import Routes
from tailrace.server.run import WEBSOCKET_MESSAGE_BYTES
from tests.server.conftest import TOKEN
from tests.server.site import Site, running_site


def echo_routes() -> Routes:
    routes = Routes()

    @routes.websocket("/api/v1/echo", permission="read")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await websocket.send_text(await websocket.receive_text())
            await websocket.close()

    return routes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, token=TOKEN, routes=(echo_routes(),)) as running:
        yield running


def socket_status(site: Site, *, base: str = "", **headers: str) -> int:
    """101 when the socket was accepted and answered, else the status of the refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    address = f"ws://{site.host}:{site.port}{base}/api/v1/echo"
    try:
        with connect(address, additional_headers=named, open_timeout=30) as websocket:
            websocket.send("hello")
            assert websocket.recv(timeout=30) == "hello"
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def cookie(site: Site) -> str:
    client = site.browser()
    return f"{site.cookie_name}={client.cookies[site.cookie_name]}"


# ── Host ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("localhost", True),
        ("localhost:1234", True),
        ("LOCALHOST.:8899", True),
        ("127.0.0.1:8899", True),
        ("127.9.9.9", True),
        ("[::1]:8899", True),
        ("[::1]", True),
        ("notebooks.example.org", True),
        ("notebooks.example.org.:443", True),
        ("", False),
        ("0.0.0.0:8899", False),
        ("[::]:8899", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("evil-localhost", False),
        ("127.0.0.1.evil.example", False),
        ("notebooks.example.org.evil.example", False),
        ("xnotebooks.example.org", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("192.168.1.5:8899", False),
        ("localhost:8899:1", False),
        ("localhost:abc", False),
        ("user@localhost", False),
        ("localhost/", False),
        ("[::1%25eth0]", False),
        ("[::1", False),
    ],
)
def test_only_our_own_names_are_answered(header: str, allowed: bool) -> None:  # SEC-5
    names = HostNames(["notebooks.example.org"], public=False)

    assert names.allow(header.encode()) is allowed


def test_beyond_loopback_addresses_in_digits_are_ours_but_no_names() -> None:  # SEC-5
    names = HostNames([], public=True)

    assert names.allow(b"192.168.1.5:8899")
    assert names.allow(b"[2001:db8::1]")
    assert not names.allow(b"evil.example")
    assert not names.allow(b"0.0.0.0")


@pytest.mark.parametrize("path", ["/", "/healthz", "/login", "/api/v1/me", "/assets/x.js"])
def test_a_rebound_name_gets_nothing_over_http(site: Site, path: str) -> None:  # SEC-5
    answer = site.anonymous(Host="evil.example", Cookie=cookie(site)).get(path)

    assert answer.status_code == 403
    assert answer.json()["code"] == "auth.host"
    assert "evil.example" not in str(answer.headers)


def test_a_rebound_name_gets_no_websocket(site: Site) -> None:  # SEC-5
    assert (
        socket_status(site, Host="evil.example", Origin="http://evil.example", Cookie=cookie(site))
        == 403
    )


def test_two_host_headers_are_refused(site: Site) -> None:  # SEC-5
    request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    with socket.create_connection((site.host, site.port), timeout=30) as raw:
        raw.sendall(request.encode())
        status = raw.recv(64).split(b" ")[1]

    assert status in (b"400", b"403")


# ── Origin ───────────────────────────────────────────────────────────────────

FOREIGN = [
    "https://evil.example",
    "http://evil.example",
    "null",
    "",
    "http://127.0.0.1",
    "http://127.0.0.1:{next_port}",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://evil.example/http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}@evil.example",
    "http://127.0.0.1.:{port}",
    "HTTP://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port} http://evil.example",
    "file://",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_gets_no_websocket(site: Site, origin: str) -> None:  # SEC-6
    foreign = origin.format(port=site.port, next_port=site.port + 1)

    assert socket_status(site, Origin=foreign, Cookie=cookie(site)) == 403
    assert socket_status(site, Origin=foreign, Authorization=f"Bearer {TOKEN}") == 403


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_cannot_write_or_read_the_api(
    site: Site, origin: str
) -> None:  # SEC-6
    client = site.browser()
    client.headers["Origin"] = origin.format(port=site.port, next_port=site.port + 1)

    for method, path in (
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/files"),
        ("POST", "/api/v1/files"),
        ("DELETE", "/api/v1/kernels/x"),
        ("POST", "/api/v1/logout"),
        ("POST", "/login"),
    ):
        answer = client.request(method, path, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.origin"), path
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_page_gets_its_websocket(site: Site) -> None:
    assert socket_status(site, Origin=site.origin, Cookie=cookie(site)) == 101


def test_without_an_origin_a_cookie_is_worth_nothing(site: Site) -> None:  # SEC-7
    assert socket_status(site, Cookie=cookie(site)) == 401
    client = site.browser()
    del client.headers["Origin"]
    assert client.post("/api/v1/logout", json={}).status_code == 401


def test_a_program_needs_no_origin(site: Site) -> None:  # SEC-7
    assert socket_status(site, Authorization=f"Bearer {TOKEN}") == 101
    assert socket_status(site, Authorization="Bearer wrong") == 401


def test_an_anonymous_websocket_is_refused_before_it_is_accepted(site: Site) -> None:  # SEC-2
    assert socket_status(site, Origin=site.origin) == 401


@pytest.mark.parametrize("site_header", ["cross-site", "same-site"])
def test_the_browsers_word_that_another_site_asks_is_believed(
    site: Site, site_header: str
) -> None:  # SEC-8
    client = site.browser()
    del client.headers["Origin"]
    client.headers["Sec-Fetch-Site"] = site_header

    assert client.get("/api/v1/files").status_code == 403
    assert client.get("/healthz").status_code == 200
    client.headers["Sec-Fetch-Site"] = "same-origin"
    assert client.get("/api/v1/files").status_code == 200


def test_a_proxys_origin_counts_when_it_is_configured(tmp_path: Path) -> None:  # SEC-6
    with running_site(
        tmp_path, allowed_origins=("https://lab.example.org",), routes=(echo_routes(),)
    ) as site:
        held = cookie(site)
        assert socket_status(site, Origin="https://lab.example.org", Cookie=held) == 101
        assert socket_status(site, Origin="https://lab.example.org.evil", Cookie=held) == 403
        page = site.browser().get("/login")
        assert "wss://lab.example.org" in page.headers["content-security-policy"]


# ── forged requests ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("token", [None, "", "wrong", "0" * 64])
def test_unsafe_requests_with_a_cookie_need_the_pages_token(
    site: Site, token: str | None
) -> None:  # SEC-12
    client = site.browser()
    del client.headers["X-Tailrace-Token"]
    if token is not None:
        client.headers["X-Tailrace-Token"] = token

    answer = client.post("/api/v1/files", json={"path": "new", "kind": "folder"})

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.anti-forgery")
    assert not (site.application.workspace.root / "new").exists()


def test_one_logins_token_does_not_serve_another(site: Site) -> None:  # SEC-12
    one, other = site.browser(), site.browser()
    one.headers["X-Tailrace-Token"] = other.headers["X-Tailrace-Token"]

    assert one.post("/api/v1/logout", json={}).status_code == 403


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_is_only_taken_when_it_says_so(site: Site, media_type: str) -> None:  # SEC-14
    answer = site.browser().post(
        "/api/v1/files",
        content=b'{"path": "x", "kind": "file"}',
        headers={"Content-Type": media_type},
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "request.media-type")


# ── bodies ───────────────────────────────────────────────────────────────────


def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:  # SEC-14
    head = (
        "POST /api/v1/files HTTP/1.1\r\n"
        f"Host: {site.host}\r\n"
        f"Authorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\n"
        "Content-Length: 10000000000\r\n\r\n"
    )
    with socket.create_connection((site.host, site.port), timeout=30) as raw:
        raw.sendall(head.encode())
        assert raw.recv(64).split(b" ")[1] == b"413"


def test_a_body_that_does_not_say_how_large_it_is_is_counted(site: Site) -> None:  # SEC-14
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (64 << 10)

    answer = site.browser().post(
        "/api/v1/files", content=endless(), headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too-large")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"path": 3, "kind": "file"}', b'{"path":"a"}', b"[" * 100_000]
)
def test_json_that_does_not_fit_is_the_senders_fault(site: Site, body: bytes) -> None:
    answer = site.browser().post(
        "/api/v1/files", content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


def test_a_websocket_message_has_a_limit(site: Site) -> None:  # SEC-14
    def send_too_much() -> None:
        # The server stops reading at the message's head; what the client hears of it depends
        # on how much it has sent by then.
        websocket.send("x" * (WEBSOCKET_MESSAGE_BYTES + 1))
        websocket.recv(timeout=30)

    with (
        connect(
            f"ws://{site.host}:{site.port}/api/v1/echo",
            additional_headers={"Authorization": f"Bearer {TOKEN}"},
            max_size=None,
            open_timeout=30,
        ) as websocket,
        pytest.raises(ConnectionClosed),
    ):
        send_too_much()


def test_logging_out_closes_the_sockets_of_that_login(site: Site) -> None:  # SEC-22
    browser, other = site.browser(), site.browser()
    address = f"ws://{site.host}:{site.port}/api/v1/echo"

    def headers(client: httpx.Client) -> dict[str, str]:
        held = f"{site.cookie_name}={client.cookies[site.cookie_name]}"
        return {"Origin": site.origin, "Cookie": held}

    with (
        connect(address, additional_headers=headers(browser), open_timeout=30) as ends,
        connect(address, additional_headers=headers(other), open_timeout=30) as stays,
    ):
        assert browser.post("/api/v1/logout", json={}).status_code == 204
        with pytest.raises(ConnectionClosed):
            ends.recv(timeout=30)
        assert ends.close_code == 4401
        stays.send("still here")
        assert stays.recv(timeout=30) == "still here"


# ── headers ──────────────────────────────────────────────────────────────────


def test_every_answer_carries_the_security_headers(site: Site) -> None:  # SEC-15
    client = site.browser()
    for path in ("/", "/healthz", "/login", "/api/v1/me", "/api/v1/nothing", "/nothing.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert f"connect-src 'self' ws://{site.host}:{site.port};" in policy
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] in ("same-origin", "cross-origin")
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-request-id"]
        assert "server" not in headers


def test_below_a_base_url_everything_is_below_it(tmp_path: Path) -> None:
    with running_site(tmp_path, base_url="/lab/one/", routes=(echo_routes(),)) as site:
        login = site.anonymous().get(f"/login?code={site.code()}")
        assert login.headers["location"] == "/lab/one/"
        assert "Path=/lab/one/" in login.headers["set-cookie"]

        browser = site.browser()
        assert browser.get("/api/v1/files").status_code == 200
        held = f"{site.cookie_name}={browser.cookies[site.cookie_name]}"
        assert socket_status(site, base="/lab/one", Origin=site.origin, Cookie=held) == 101

        anonymous = site.anonymous(Accept="text/html")
        assert anonymous.get("/notebook/a.ipynb").headers["location"].startswith("/lab/one/login")
        # The guard of the API cannot be dodged by a proxy's habits.
        assert anonymous.get(f"{site.origin}/api/v1/files").status_code == 401
        assert anonymous.get(f"{site.origin}/lab/one").headers["location"] == "/lab/one/"
