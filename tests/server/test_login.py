"""Getting in, staying in, getting out: codes, tokens, cookies."""

import stat
from pathlib import Path

import pytest

from tailrace.server.auth import FAILURES_ALLOWED
from tests.server.conftest import TOKEN
from tests.server.site import Site, running_site


def test_a_launch_code_works_once(site: Site) -> None:  # SEC-9
    code = site.code()

    first = site.anonymous().get(f"/login?code={code}")
    second = site.anonymous().get(f"/login?code={code}")

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert second.status_code == 401
    assert "set-cookie" not in second.headers
    assert "too old" in second.text


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(site: Site) -> None:  # SEC-10
    answer = site.anonymous().get(f"/login?code={site.code()}")

    name, _, rest = answer.headers["set-cookie"].partition("=")
    flags = {flag.strip().lower() for flag in rest.split(";")[1:]}
    assert name == f"tailrace-{site.port}"
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)


def test_behind_https_the_cookie_is_a_host_cookie(tmp_path: Path) -> None:  # SEC-10
    with running_site(tmp_path, trusted_proxies=("127.0.0.1",)) as site:
        client = site.anonymous(X_Forwarded_Proto="https")
        answer = client.get(f"/login?code={site.code()}")

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"__Host-tailrace-{site.port}=")
    assert "secure" in cookie.lower()
    assert "path=/;" in cookie.lower()


def test_a_code_may_lead_to_a_notebook(site: Site) -> None:
    answer = site.anonymous().get(
        "/login", params={"code": site.code(), "next": "notebook/a b.ipynb"}
    )

    assert answer.headers["location"] == "/notebook/a%20b.ipynb"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "///evil.example",
        "\\\\evil.example",
        "/%2f%2fevil.example",
        "http:evil.example",
        "/..//evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/\n/evil.example",
    ],
)
def test_no_login_leads_to_another_site(site: Site, wanted: str) -> None:  # SEC-13
    client = site.anonymous()
    answer = client.get("/login", params={"code": site.code(), "next": wanted})

    assert answer.next_request is not None
    assert answer.next_request.url.host == site.host
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))


def test_a_token_in_a_pages_address_is_exchanged_at_once(site: Site) -> None:  # SEC-10
    client = site.anonymous()

    answer = client.get(f"/notebook/deep/a.ipynb?token={TOKEN}&cell=3")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/notebook/deep/a.ipynb?cell=3"
    assert client.get("/api/v1/me").json()["name"] == "owner"


def test_a_token_in_an_apis_address_is_not_taken(site: Site) -> None:  # SEC-10
    assert site.anonymous().get(f"/api/v1/me?token={TOKEN}").status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
def test_programs_send_the_token_in_a_header(site: Site, scheme: str) -> None:
    answer = site.anonymous(Authorization=f"{scheme} {TOKEN}").get("/api/v1/me")

    assert answer.json() == {
        "name": "owner",
        "may": ["read", "run", "edit", "admin"],
        "token": None,
        "ticket": None,
    }


def test_anonymous_people_find_the_login_page_and_programs_a_sentence(site: Site) -> None:
    page = site.anonymous(Accept="text/html").get("/notebook/a.ipynb")
    program = site.anonymous().get("/api/v1/files")

    assert page.headers["location"] == "/login?next=notebook/a.ipynb"
    assert program.status_code == 401
    assert program.json()["code"] == "auth.required"
    assert "tailrace url" in site.anonymous().get("/login").text


def test_the_login_form_takes_the_token_and_goes_where_one_wanted_to(site: Site) -> None:
    client = site.anonymous(Origin=site.origin)

    wrong = client.post("/login", data={"token": "no", "next": "notebook/a.ipynb"})
    right = client.post("/login", data={"token": TOKEN, "next": "notebook/a.ipynb"})

    assert wrong.status_code == 401
    assert "notebook/a.ipynb" in wrong.text
    assert right.headers["location"] == "/notebook/a.ipynb"
    assert client.get("/api/v1/me").status_code == 200


def test_what_is_shown_on_the_login_page_is_escaped(site: Site) -> None:
    page = site.anonymous().get("/login", params={"next": '"><script>alert(1)</script>'})

    assert "<script" not in page.text


def test_too_many_wrong_tokens_are_slowed_down_but_not_the_logged_in(
    site: Site,
) -> None:  # SEC-11
    inside = site.browser()
    guesses = [site.program(f"guess-{n}").get("/api/v1/me") for n in range(FAILURES_ALLOWED + 1)]

    assert [answer.status_code for answer in guesses] == [401] * FAILURES_ALLOWED + [429]
    assert int(guesses[-1].headers["retry-after"]) >= 1
    assert site.program(TOKEN).get("/api/v1/me").status_code == 429
    assert inside.get("/api/v1/me").status_code == 200
    assert site.anonymous().get(f"/login?code={site.code()}").status_code == 303


def test_a_restarted_server_knows_who_was_logged_in(tmp_path: Path) -> None:  # SEC-10
    with running_site(tmp_path) as before:
        cookies = before.browser().cookies
        port = before.port

    with running_site(tmp_path, port=port) as after:
        client = after.anonymous()
        client.cookies = cookies
        assert client.get("/api/v1/me").status_code == 200

    (kept,) = (tmp_path / "state/logins").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert next(iter(cookies.values())) not in kept.read_text()


def test_another_token_ends_the_logins_made_with_the_old_one(tmp_path: Path) -> None:  # SEC-10
    with running_site(tmp_path, token="the-old-one") as before:
        with_token, with_code = before.anonymous(), before.browser()
        with_token.get("/?token=the-old-one")
        assert with_token.get("/api/v1/me").status_code == 200

    with running_site(tmp_path, port=before.port, token="the-new-one") as after:
        for cookies, expected in ((with_token.cookies, 401), (with_code.cookies, 200)):
            client = after.anonymous()
            client.cookies = cookies
            assert client.get("/api/v1/me").status_code == expected
        assert after.program("the-old-one").get("/api/v1/me").status_code == 401


def test_logging_out_ends_the_login_here_or_everywhere(site: Site) -> None:
    here, there, third = site.browser(), site.browser(), site.browser()

    assert here.post("/api/v1/logout", json={}).status_code == 204
    assert here.get("/api/v1/me").status_code == 401
    assert there.get("/api/v1/me").status_code == 200

    there.post("/api/v1/logout", json={"everywhere": True})
    assert third.get("/api/v1/me").status_code == 401


def test_a_cookie_of_another_port_says_nothing(site: Site) -> None:  # SEC-10
    client = site.browser()
    value = client.cookies[site.cookie_name]

    stranger = site.anonymous(Cookie=f"tailrace-1={value}")
    assert stranger.get("/api/v1/me").status_code == 401


def test_a_damaged_file_of_logins_only_asks_people_to_log_in_again(tmp_path: Path) -> None:
    with running_site(tmp_path) as before:
        cookies = before.browser().cookies
    (kept,) = (tmp_path / "state/logins").iterdir()
    kept.write_text('[{"key": 3}, "nonsense"')

    with running_site(tmp_path, port=before.port) as after:
        client = after.anonymous()
        client.cookies = cookies
        assert client.get("/api/v1/me").status_code == 401
        assert after.browser().get("/api/v1/me").status_code == 200
