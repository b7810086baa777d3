"""`tailrace [PATH]`: what is printed, who is found, how it ends, what becomes of kernels."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import (
    TOKEN,
    Page,
    Served,
    environment,
    folders_of,
    is_alive,
    serve,
    tailrace,
    write_notebook,
)

Start = Callable[..., Served]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    started: list[Served] = []

    def begin(*arguments: str | Path, **more: object) -> Served:
        served = serve(home, *arguments, **more)  # type: ignore[arg-type]
        started.append(served)
        return served

    yield begin
    for served in started:
        served.clean_up()


def test_the_printed_address_logs_in_and_shows_the_notebook(start: Start, work: Path) -> None:
    (work / "sub").mkdir()
    write_notebook(work / "sub/a b.ipynb")

    served = start("sub/a b.ipynb", "--port", "0", "--no-browser", cwd=work)

    assert str(work) in served.printed
    assert "Ctrl-C stops idle kernels" in served.printed
    with httpx.Client(timeout=60) as browser:
        login = browser.get(served.address)
        assert (login.status_code, login.headers["location"]) == (
            303,
            "/notebook/sub/a%20b.ipynb",
        )
        assert browser.get(f"{served.base}/api/v1/me").json()["name"] == "owner"


def test_it_ends_in_order_and_leaves_no_trace_of_running(
    start: Start, home: Path, work: Path
) -> None:
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        served = start(work, "--port", "0", "--no-browser")
        with served.client() as client:
            assert client.get("/healthz").json()["ok"]
        status, said = served.end(sig)
        assert (status, said) == (0, ""), sig
        assert list(folders_of(home).servers.iterdir()) == []


def test_the_same_folder_is_served_once(start: Start, home: Path, work: Path) -> None:
    write_notebook(work / "a.ipynb")
    first = start(work, "--no-browser")

    again = tailrace(home, "a.ipynb", "--no-browser", cwd=work)
    other = start(work, "--no-browser", "--new")

    assert again.returncode == 0
    assert f"{first.base}/login?code=" in again.stdout
    assert again.stdout.strip().endswith("&next=notebook/a.ipynb")
    assert other.base != first.base
    assert "serves this folder too" in other.printed


def test_a_server_that_was_killed_is_not_believed_to_run(
    start: Start, home: Path, work: Path
) -> None:
    first = start(work, "--no-browser")
    first.end(signal.SIGKILL)

    assert tailrace(home, "url").returncode == 1
    second = start(work, "--no-browser")

    assert second.process.poll() is None
    with second.client() as client:
        assert client.get("/healthz").status_code == 200


def test_a_new_address_can_be_asked_for(start: Start, home: Path, work: Path) -> None:
    served = start(work, "--no-browser", "--base-url", "/lab/")

    (listed,) = json.loads(tailrace(home, "url", "--json").stdout)
    plain = tailrace(home, "url").stdout

    assert listed["url"].startswith(f"{served.base}/lab/login?code=")
    assert listed["root"] == str(work)
    assert plain.split()[0] != listed["url"]
    for address in (listed["url"], plain.split()[0]):
        assert httpx.get(address, timeout=60).status_code == 303
        assert httpx.get(address, timeout=60).status_code == 401


def test_a_port_in_use_is_named(start: Start, home: Path, work: Path) -> None:
    served = start(work, "--port", "0", "--no-browser")

    refused = tailrace(home, work, "--port", str(served.port), "--no-browser")

    assert refused.returncode == 2
    assert refused.stderr.startswith(f"tailrace: port {served.port} is in use")
    assert "--port 0" in refused.stderr


def test_the_token_is_in_no_argument_log_or_child(start: Start, home: Path, work: Path) -> None:
    # SEC-19
    write_notebook(work / "a.ipynb", "import os; print('seen:', dict(os.environ))")
    served = start(work, "--port", "0", "--no-browser", "--log-level", "debug")
    page = Page(served, "a.ipynb")
    page.submit(kind="run-all")
    events = page.events_until("execution-finished")
    page.close()
    httpx.get(f"{served.base}/?token={TOKEN}", timeout=60)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)

    _, said = served.end(signal.SIGINT)

    printed = "".join(str(event.get("text", "")) for event in events)
    assert "seen:" in printed
    assert TOKEN not in printed
    assert TOKEN not in said
    assert TOKEN not in listed.stdout
    for folder in (home, folders_of(home).run):
        for file in folder.rglob("*"):
            if file.is_file():
                assert TOKEN.encode() not in file.read_bytes(), file


def two_notebooks(served: Served, work: Path) -> tuple[int, int]:
    """One kernel that is idle and one that runs for a long time; their process ids."""
    write_notebook(work / "idle.ipynb", "x = 1")
    write_notebook(work / "busy.ipynb", "import time\nprint('on', flush=True)\ntime.sleep(600)")
    pids = []
    for name, until in (("idle", "execution-finished"), ("busy", "text-appended")):
        page = Page(served, f"{name}.ipynb")
        page.submit(kind="run-all")
        events = page.events_until(until)
        (started,) = [event for event in events if event["kind"] == "kernel-started"]
        pids.append(int(str(started["pid"])))
        page.close()
    return pids[0], pids[1]


def test_ctrl_c_stops_idle_kernels_and_tells_what_goes_on(
    start: Start, home: Path, work: Path
) -> None:
    served = start(work, "--port", "0", "--no-browser")
    idle, busy = two_notebooks(served, work)

    status, said = served.end(signal.SIGINT)

    assert status == 0
    assert "Stopped 1 idle kernel. 1 kernel goes on without the server: busy.ipynb" in said
    assert not is_alive(idle)
    assert is_alive(busy)
    (listed,) = json.loads(tailrace(home, "kernels", "--json").stdout)
    assert listed["pid"] == busy
    assert listed["memory_bytes"] > 1_000_000
    table = tailrace(home, "kernels").stdout
    assert "busy.ipynb" in table
    assert f"{busy}" in table

    stopped = tailrace(home, "kernels", "stop", listed["kernel_id"][:20])
    assert stopped.stdout.startswith(f"stopped {listed['kernel_id']}")
    assert not is_alive(busy)
    assert tailrace(home, "kernels").stdout == "No kernel runs.\n"


def test_an_upgrade_leaves_kernels_alone_and_doctor_sees_them(
    start: Start, home: Path, work: Path
) -> None:
    served = start(work, "--port", "0", "--no-browser")
    idle, busy = two_notebooks(served, work)

    status, said = served.end(signal.SIGTERM)

    assert status == 0
    assert "2 kernels go on without the server" in said
    assert is_alive(idle)
    assert is_alive(busy)
    found = json.loads(tailrace(home, "doctor", "--json").stdout)
    (kernels,) = [finding for finding in found if finding["subject"] == "kernels"]
    assert kernels["state"] == "warn"
    assert kernels["message"] == "2 alive without a server"


def test_settings_choose_what_becomes_of_kernels(start: Start, work: Path) -> None:
    served = start(work, "--port", "0", "--no-browser", TAILRACE_ON_INTERRUPT="stop")
    idle, busy = two_notebooks(served, work)

    assert "Ctrl-C stops all its kernels" in served.printed
    _, said = served.end(signal.SIGINT)

    assert "Stopped 2 kernels." in said
    assert not is_alive(idle)
    assert not is_alive(busy)


def test_it_starts_and_lets_in_where_no_file_can_be_written(home: Path, work: Path) -> None:
    """As on a full disk: every write to a file fails."""
    served = serve(home, work, "--port", "0", "--no-browser", limit_file_size=0)
    try:
        with httpx.Client(timeout=60) as browser:
            assert browser.get(served.address).status_code == 303
            assert browser.get(f"{served.base}/api/v1/files").json()["entries"] == []
        status, said = served.end(signal.SIGINT)
    finally:
        served.clean_up()

    assert status == 0
    assert "Traceback" not in said


def test_the_address_is_printed_before_anything_heavy_is_imported(home: Path) -> None:
    program = (
        "import sys, tailrace.cli.open\n"
        "heavy = {'fastapi', 'starlette', 'uvicorn', 'IPython', 'pycrdt', 'asyncio', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "[]\n"
