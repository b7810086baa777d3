"""The browser is opened, and the login code is on nobody's command line."""

import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from tailrace.cli import browser
from tests.cli.terminal import serve

ADDRESS = "http://127.0.0.1:8899/login?code=canary&next=notebook/a%22b.ipynb"


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WSL_DISTRO_NAME", raising=False)
    monkeypatch.setattr(browser, "SANDBOXED", ())


def test_a_private_file_leads_to_the_address(plain: None, tmp_path: Path) -> None:  # SEC-19
    target = browser.target_for(ADDRESS, tmp_path / "run", time.time())

    (file,) = (tmp_path / "run").iterdir()
    assert target == file.as_uri()
    assert "canary" not in target
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    assert 'url=http://127.0.0.1:8899/login?code=canary&amp;next=notebook/a%22b.ipynb"' in content
    assert "<script" not in content


def test_a_browser_that_cannot_read_our_files_gets_no_code(
    plain: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # SEC-19
    monkeypatch.setattr(browser, "SANDBOXED", (sys.executable,))
    sandboxed = browser.target_for(ADDRESS, tmp_path / "run", time.time())
    monkeypatch.setattr(browser, "SANDBOXED", ())
    (tmp_path / "file").write_text("")
    nowhere_to_write = browser.target_for(ADDRESS, tmp_path / "file/run", time.time())
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    beyond_wsl = browser.target_for(ADDRESS, tmp_path / "run", time.time())

    assert sandboxed == nowhere_to_write == beyond_wsl == "http://127.0.0.1:8899/login"


def test_old_files_are_removed(plain: None, tmp_path: Path) -> None:
    old = tmp_path / "open-old.html"
    old.write_text("x")
    os.utime(old, (1.0, 1.0))

    browser.target_for(ADDRESS, tmp_path, time.time())

    assert not old.exists()


def test_the_users_own_choice_of_a_browser_is_opened(home: Path, tmp_path: Path) -> None:
    """A program in the browser's place writes down what it was given."""
    seen, program, work = tmp_path / "seen", tmp_path / "program", tmp_path / "work"
    work.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > "{seen}.new"; mv "{seen}.new" "{seen}"\n')
    program.chmod(0o700)
    served = serve(home, work, "--port", "0", BROWSER=f"{program} %s")
    try:
        deadline = time.monotonic() + 60
        while not seen.exists():
            assert time.monotonic() < deadline, "the browser was not opened"
            time.sleep(0.01)
        served.end(signal.SIGINT)
    finally:
        served.clean_up()

    assert "code=" not in seen.read_text()
    assert seen.read_text().startswith(("file://", "http://127.0.0.1:"))


def test_without_a_screen_no_browser_takes_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")

    assert not browser.open_browser(ADDRESS, tmp_path / "browser", time.time())
    assert not (tmp_path / "browser").exists()
