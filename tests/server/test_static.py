"""The built page: its document, its assets, the frame."""

from pathlib import Path

import pytest

from tailrace.server.static import BuiltPage
from tests.server.site import Site, running_site

INDEX = """<!doctype html>
<html><head><script type="module" src="/assets/main-abc.js"></script>
<link rel="stylesheet" href="./assets/main-def.css"></head>
<body><a href="//elsewhere.example/">x</a></body></html>"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text(INDEX)
    (web / "frame.html").write_text("<!doctype html><head></head>")
    (web / "favicon.svg").write_text("<svg/>")
    (web / "assets/main-abc.js").write_text("main()")
    (web / "assets/main-abc.js.br").write_bytes(b"in brotli")
    (web / "assets/main-abc.js.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "secret.txt").write_text("canary")
    return web


def test_assets_are_public_and_kept_for_ever(tmp_path: Path, built: Path) -> None:  # SEC-3
    with running_site(tmp_path, page=BuiltPage(built)) as site:
        answer = site.anonymous(Accept_Encoding="identity").get("/assets/main-abc.js")

    assert answer.text == "main()"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    # The frame has no origin; what it loads must say that it may.
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_frame_may_load_assets_from_no_origin(tmp_path: Path, built: Path) -> None:  # SEC-16
    with running_site(tmp_path, page=BuiltPage(built)) as site:
        client = site.anonymous(Origin="null", Sec_Fetch_Site="cross-site")
        assert client.get("/assets/main-abc.js").status_code == 200
        assert client.get("/api/v1/me").status_code == 403


def test_what_was_compressed_beforehand_is_sent_to_who_takes_it(
    tmp_path: Path, built: Path
) -> None:
    with (
        running_site(tmp_path, page=BuiltPage(built)) as site,
        site.anonymous(Accept_Encoding="gzip, br;q=0.9").stream(
            "GET", "/assets/main-abc.js"
        ) as answer,
    ):
        assert answer.headers["content-encoding"] == "br"
        assert b"".join(answer.iter_raw()) == b"in brotli"
        assert answer.headers["vary"] == "accept-encoding"


def test_documents_are_asked_for_each_time(tmp_path: Path, built: Path) -> None:
    with running_site(tmp_path, page=BuiltPage(built)) as site:
        client = site.browser()
        first = client.get("/")
        again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
        deep = client.get("/notebook/deep/down/a.ipynb")

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert deep.text == first.text
    assert 'src="/assets/main-abc.js"' in first.text


def test_below_a_base_url_links_lead_below_it(tmp_path: Path, built: Path) -> None:
    with running_site(tmp_path, base_url="/lab/", page=BuiltPage(built)) as site:
        text = site.browser().get("/notebook/a.ipynb").text

    assert 'src="/lab/assets/main-abc.js"' in text
    assert 'href="/lab/assets/main-def.css"' in text
    assert 'href="//elsewhere.example/"' in text
    assert '<meta name="tailrace-base" content="/lab/">' in text


def test_the_frame_has_no_origin_and_no_network(tmp_path: Path, built: Path) -> None:  # SEC-16
    with running_site(tmp_path, page=BuiltPage(built)) as site:
        answer = site.anonymous().get("/frame.html")
        port = site.port

    assert answer.headers["connection-allowlist"] == "(response-origin)"
    policy = answer.headers["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    us = f"http://127.0.0.1:{port}"
    ours = f"{us}/assets/"  # and nothing else of ours: an output asks the API by no element
    assert "allow-scripts" in directives["sandbox"]
    assert not {"allow-same-origin", "allow-top-navigation", "allow-popups", "allow-modals"} & set(
        directives["sandbox"]
    )
    assert directives["default-src"] == ["'none'"]
    assert "connect-src" not in directives  # so default-src holds
    for name in ("script-src", "style-src", "img-src", "font-src", "media-src"):
        assert {source for source in directives[name] if us in source} <= {ours}
    assert ours in directives["script-src"]
    assert directives["form-action"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'self'"]
    everything = " ".join(policy.split(";")[1:])
    assert "*" not in everything
    assert "https:" not in everything


def test_a_frame_that_was_opened_has_the_net_but_no_origin(  # SEC-24
    tmp_path: Path, built: Path
) -> None:
    with running_site(tmp_path, base_url="/lab/", page=BuiltPage(built)) as site:
        client = site.anonymous()
        closed, opened = (
            client.get(f"/frame.html{query}").headers["content-security-policy"]
            for query in ("?other", "?opened")
        )
        us = site.origin

    assert "https:" not in closed
    assert f"script-src {us}/lab/assets/ https:" in opened
    assert "connect-src data: blob: https: wss:" in opened
    assert "allow-same-origin" not in opened
    assert "http:" not in opened.replace(us, "")


def test_the_page_frames_the_frame_and_nothing_else(  # SEC-23
    tmp_path: Path, built: Path
) -> None:
    with running_site(tmp_path, base_url="/lab/", page=BuiltPage(built)) as site:
        policy = site.browser().get("/").headers["content-security-policy"]

    assert f"frame-src {site.origin}/lab/frame.html;" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets//secret.txt",
        "/assets/%00",
        "/assets/link",
        "/index.html",
        "/assets",
    ],
)
def test_only_files_of_the_build_are_served(tmp_path: Path, built: Path, path: str) -> None:
    (built / "assets/link").symlink_to(tmp_path / "secret.txt")
    with running_site(tmp_path, page=BuiltPage(built)) as site:
        answer = site.anonymous().get(path)

    assert answer.status_code == 404
    assert "canary" not in answer.text
    assert answer.json()["code"] in ("file.missing", "request.not-found")


def test_without_a_build_the_page_says_what_to_do(tmp_path: Path) -> None:
    with running_site(tmp_path, page=BuiltPage(tmp_path / "nothing")) as site:
        answer = site.browser().get("/")

    assert answer.status_code == 503
    assert "make web" in answer.text


def test_anonymous_people_do_not_get_the_page(site: Site) -> None:  # SEC-2
    assert site.anonymous(Accept="text/html").get("/").headers["location"] == "/login"
    assert site.anonymous().get("/").status_code == 401
