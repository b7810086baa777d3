"""The page as a site for another host."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tailrace.cli.main import cli
from tailrace.cli.page import with_policy


def test_a_server_that_is_no_address_is_refused(tmp_path: Path) -> None:
    for server in ("example.org", "ftp://example.org/", 'https://a/"><script>', "https://a b/"):
        result = CliRunner().invoke(cli, ["page", str(tmp_path / "site"), "--server", server])
        assert result.exit_code == 2
        assert "is no address" in result.output
        assert not (tmp_path / "site").exists()


def test_what_is_there_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = CliRunner().invoke(cli, ["page", str(tmp_path)])
    assert result.exit_code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_the_site_names_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "built"
    built.mkdir()
    (built / "index.html").write_text("<head><title>T</title>")
    (built / "index.html.br").write_bytes(b"compressed")
    monkeypatch.setattr("tailrace.cli.page.BUILT", built)
    site = tmp_path / "site"
    result = CliRunner().invoke(cli, ["page", str(site), "--server", "https://nb.example/lab"])
    assert result.exit_code == 0
    assert json.loads((site / "tailrace.json").read_text()) == {"server": "https://nb.example/lab/"}
    assert not (site / "index.html.br").exists()
    assert "Content-Security-Policy" in (site / "index.html").read_text()


def test_its_policy_lets_it_speak_to_that_server_alone() -> None:  # SEC-28
    said = with_policy("<head>", "https://nb.example:8443/lab/")
    assert "connect-src &#x27;self&#x27; https://nb.example:8443 wss://nb.example:8443;" in said
    assert "script-src &#x27;self&#x27;;" in said
    assert "connect-src &#x27;self&#x27; http: https: ws: wss:;" in with_policy("<head>", None)
