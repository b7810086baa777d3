"""Listening, being found, and codes that any process of the user can make."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.folders import StateFolders
from tailrace.protocol.errors import SettingsError
from tailrace.server.launch_codes import LIFETIME_S, LaunchCodes
from tailrace.server.run import describe, listen
from tailrace.server.running_servers import RunningServer, RunningServers
from tailrace.settings import Settings, load_settings
from tests.server.site import running_site


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_busy_port_is_passed_over_for_the_next(taken: int) -> None:
    listening = listen(Settings(port=taken, port_retries=50))

    assert taken < listening.port <= taken + 50
    listening.listener.close()


def test_a_port_that_was_chosen_is_that_one_or_an_error(taken: int) -> None:
    with pytest.raises(SettingsError, match=f"port {taken} is in use.*--port 0"):
        listen(load_settings({"port": taken}, environ={}))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match=host):
        listen(Settings(host=host, port=0))


def test_listening_everywhere_is_reached_by_loopback() -> None:
    listening = listen(Settings(host="0.0.0.0", port=0))

    assert (listening.host, listening.is_loopback) == ("127.0.0.1", False)
    listening.listener.close()


def test_answers_are_not_held_back_by_nagle(tmp_path: Path) -> None:
    """An unset TCP_NODELAY costs 40 ms a round trip."""
    with running_site(tmp_path) as site:
        assert site.anonymous().get("/healthz").status_code == 200  # the connection is kept
        (connection,) = site.server.server_state.connections
        served = connection.transport.get_extra_info("socket")
        assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# ── being found ──────────────────────────────────────────────────────────────


def entry(**changed: object) -> RunningServer:
    values: dict[str, object] = {
        "instance": "abc",
        "pid": os.getpid(),
        "host": "127.0.0.1",
        "port": 1,
        "base_url": "/",
        "root": "/w",
        "version": "0",
        "started_at": 1.0,
        **changed,
    }
    return RunningServer(**values)  # type: ignore[arg-type]


def test_a_server_is_found_while_it_answers_by_its_own_name(tmp_path: Path) -> None:
    servers = RunningServers(tmp_path / "servers")
    with running_site(tmp_path) as site:
        answer = site.anonymous().get("/healthz").json()
        servers.add(entry(instance=answer["instance"], port=site.port))
        servers.add(entry(instance="another", port=site.port))

        assert [server.instance for server in servers.alive()] == [answer["instance"]]


def test_what_a_killed_server_left_behind_is_removed(tmp_path: Path, taken: int) -> None:
    servers = RunningServers(tmp_path / "servers")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    servers.add(entry(pid=ended.pid, port=1))

    assert servers.alive() == []
    assert servers.remembered() == []


def test_a_file_that_is_no_entry_disturbs_nobody(tmp_path: Path) -> None:
    servers = RunningServers(tmp_path / "servers")
    servers.add(entry())
    (tmp_path / "servers/other.json").write_text("{")

    assert [server.instance for server in servers.remembered()] == ["abc"]
    assert RunningServers(tmp_path / "missing").alive() == []


def test_an_address_is_written_for_its_family() -> None:
    assert entry(host="::1", port=5, base_url="/a/").address == "http://[::1]:5/a/"


def test_a_description_holds_no_secret(tmp_path: Path) -> None:
    settings = load_settings({"port": 0, "token": "canary"}, environ={})
    listening = listen(settings)
    listening.listener.close()

    assert "canary" not in repr(describe(settings, listening))


# ── codes ────────────────────────────────────────────────────────────────────


def test_codes_expire(tmp_path: Path) -> None:  # SEC-9
    now = [1000.0]
    codes = LaunchCodes(tmp_path / "launch", lambda: now[0])
    early, late = codes.mint(), codes.mint()

    now[0] += LIFETIME_S - 1
    assert codes.redeem(early)
    now[0] += 2
    assert not codes.redeem(late)
    codes.mint()
    assert len(list((tmp_path / "launch").iterdir())) == 1


@pytest.mark.parametrize("code", ["", "x", "../x", "\udcff", "a" * 100_000, "\0"])
def test_what_is_no_code_is_refused(tmp_path: Path, code: str) -> None:  # SEC-9
    assert not LaunchCodes(tmp_path / "launch", time.time).redeem(code)


def test_of_many_at_once_one_gets_in(tmp_path: Path) -> None:  # SEC-9
    codes = LaunchCodes(tmp_path / "launch", time.time)
    code = codes.mint()
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(codes.redeem(code))) for _ in range(16)
    ]
    _all(threads, threading.Thread.start)
    _all(threads, threading.Thread.join)

    assert sorted(results) == [False] * 15 + [True]


def _all(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)


@given(st.integers(1, 60))
def test_each_code_is_new_and_good_once(count: int) -> None:  # SEC-9
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        codes = LaunchCodes(Path(folder) / "launch", lambda: 0.0)
        minted = [codes.mint() for _ in range(count % 7 + 1)]

        assert len(set(minted)) == len(minted)
        assert [codes.redeem(code) for code in minted] == [True] * len(minted)
        assert not any(codes.redeem(code) for code in minted)


def test_the_folders_of_one_home_are_what_commands_share(tmp_path: Path) -> None:
    folders = StateFolders(tmp_path / "s", tmp_path / "c", tmp_path / "r")

    assert folders.servers.is_relative_to(folders.run)
    assert folders.logins.is_relative_to(folders.state)
