"""A page hosted apart from the server, and a proxy in front of it: who is believed what."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tailrace.server.routes import event_streams, notebooks
from tests.server.site import Site, running_site

TOKEN = "a-token-for-programs"
PAGE = "https://pages.example.org"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(
        tmp_path,
        token=TOKEN,
        page_origins=(PAGE,),
        routes=(notebooks.routes, event_streams.routes),
    ) as running:
        yield running


def logged_in(site: Site, **how: str) -> httpx.Client:
    page = site.anonymous(Origin=PAGE)
    answer = page.post("/api/v1/login", json=how or {"token": TOKEN})
    assert answer.status_code == 200
    page.headers["Authorization"] = f"Bearer {answer.json()['bearer']}"
    page.headers["X-Tailrace-Token"] = page.get("/api/v1/me").json()["token"]
    return page


# ── origins ──────────────────────────────────────────────────────────────────


def test_a_page_of_a_named_origin_may_ask_and_read(site: Site) -> None:  # SEC-28
    page = logged_in(site)
    answer = page.get("/api/v1/files")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "origin"
    made = page.post("/api/v1/files", json={"path": "a.ipynb", "kind": "notebook"})
    assert made.status_code == 201


def test_it_is_told_why_it_was_refused(site: Site) -> None:
    refused = site.anonymous(Origin=PAGE).get("/api/v1/files")
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == PAGE


def test_a_preflight_is_answered_for_it_alone(site: Site) -> None:
    asked = {"Access-Control-Request-Method": "PUT"}
    allowed = site.anonymous(Origin=PAGE, **asked).options("/api/v1/settings")
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "PUT" in allowed.headers["access-control-allow-methods"]
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", PAGE.upper()):
        refused = site.anonymous(Origin=origin, **asked).options("/api/v1/settings")
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


def test_without_the_setting_no_page_elsewhere_may_ask(tmp_path: Path) -> None:
    with running_site(tmp_path, token=TOKEN) as site:
        refused = site.anonymous(Origin=PAGE).post("/api/v1/login", json={"token": TOKEN})
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.origin")
        assert "page_origins" in refused.json()["message"]
        assert "access-control-allow-origin" not in refused.headers


def test_a_cookie_counts_nothing_there(site: Site) -> None:
    browser = site.browser()
    assert browser.get("/api/v1/me").status_code == 200
    browser.headers["Origin"] = PAGE
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.post("/api/v1/logout", json={}).status_code == 401


# ── its login ────────────────────────────────────────────────────────────────


def test_it_logs_in_by_token_or_by_code_and_out_again(site: Site) -> None:
    for page in (logged_in(site), logged_in(site, code=site.code())):
        assert page.get("/api/v1/files").status_code == 200
        assert page.post("/api/v1/logout", json={}).status_code == 204
        assert page.get("/api/v1/files").status_code == 401
    wrong = site.anonymous(Origin=PAGE).post("/api/v1/login", json={"token": "no"})
    assert wrong.status_code == 401


def test_a_login_that_is_over_is_no_failed_guess(site: Site) -> None:
    page = site.anonymous(Origin=PAGE, Authorization="Bearer page-gone")
    assert [page.get("/api/v1/me").status_code for _ in range(15)] == [401] * 15
    assert logged_in(site).get("/api/v1/me").status_code == 200


def test_a_socket_is_told_the_bearer_by_a_subprotocol(site: Site) -> None:
    bearer = logged_in(site).headers["Authorization"].removeprefix("Bearer ")
    address = site.base.replace("http", "ws") + "/api/v1/notebooks/nb-none/socket"

    def speak(said: str) -> str | None:
        encoded = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        offered = ["tailrace.v1.json", f"tailrace.bearer.{encoded}"]
        with connect(address, origin=PAGE, subprotocols=offered, proxy=None) as socket:  # type: ignore[arg-type, list-item]
            return socket.subprotocol

    # What is answered is the protocol and never the secret.
    assert speak(bearer) == speak(TOKEN) == "tailrace.v1.json"
    for wrong in ("page-gone", "", "no", "\N{SNOWMAN}"):
        with pytest.raises(InvalidStatus) as refused:
            speak(wrong)
        assert refused.value.response.status_code == 401


# ── images and links ─────────────────────────────────────────────────────────


def test_an_image_of_it_brings_a_ticket(site: Site) -> None:  # SEC-29
    (site.application.workspace.root / "a.png").write_bytes(b"\x89PNG")
    page = logged_in(site)
    ticket = page.get("/api/v1/me").json()["ticket"]
    image = site.anonymous(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
    address = f"/api/v1/files/content?path=a.png&ticket={ticket}"
    shown = image.get(address)
    assert (shown.status_code, shown.content) == (200, b"\x89PNG")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-origin" not in shown.headers
    # It opens nothing else, changes nothing, and is over with the login.
    assert image.get(f"/api/v1/files?ticket={ticket}").status_code == 401
    assert image.get(f"/api/v1/me?ticket={ticket}").status_code == 401
    assert image.put(address, content=b"x").status_code == 403
    forged = re.sub(r"^\d+", "9999999999", ticket)
    assert image.get(f"/api/v1/files/content?path=a.png&ticket={forged}").status_code == 401
    page.post("/api/v1/logout", json={})
    assert image.get(address).status_code == 401


def test_without_the_setting_a_ticket_brings_no_other_site_in(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        (site.application.workspace.root / "a.png").write_bytes(b"\x89PNG")
        ticket = site.browser().get("/api/v1/me").json()["ticket"]
        image = site.anonymous(Sec_Fetch_Site="cross-site")
        assert image.get(f"/api/v1/files/content?path=a.png&ticket={ticket}").status_code == 403


# ── proxies ──────────────────────────────────────────────────────────────────

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


def test_what_a_stranger_says_of_a_proxy_is_not_believed(site: Site) -> None:  # SEC-27
    answer = site.anonymous(**FORWARDED).get(f"/login?code={site.code()}")
    assert "__Host-" not in answer.headers["set-cookie"]
    # Nor does another address each time give more guesses.
    for number in range(12):
        guess = site.anonymous(X_Forwarded_For=f"203.0.113.{number}", Authorization="Bearer no")
        status = guess.get("/api/v1/me").status_code
    assert status == 429


def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:  # SEC-27
    with running_site(
        tmp_path, base_url="/user/ann/", trusted_proxies=("127.0.0.1",), token=TOKEN
    ) as site:
        proxied = site.anonymous(**FORWARDED)
        cookie = proxied.get(f"/login?code={site.code()}").headers["set-cookie"]
        # Below a path the cookie is for that path, and not for the neighbours.
        assert cookie.startswith("__Secure-tailrace-")
        assert "Path=/user/ann/" in cookie
        assert "Secure" in cookie
        for number in range(12):
            guess = site.anonymous(X_Forwarded_For=f"203.0.113.{number}", Authorization="Bearer no")
            assert guess.get("/api/v1/me").status_code == 401
