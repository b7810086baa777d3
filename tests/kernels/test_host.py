"""The host itself: one of it, whom it answers, when it ends, and what its end means."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tailrace.kernels import addresses
from tailrace.kernels.descendants import mark_of
from tailrace.kernels.framing import message_bytes
from tailrace.kernels.provider import HostProvider, kernel_environment
from tailrace.kernels.run_folder import RunFolder
from tailrace.protocol.errors import InterpreterUnusable, KernelError, KernelStartFailed
from tailrace.protocol.ids import CellId, ExecutionId
from tests.kernels.stage import (
    FORK,
    LOOPBACK,
    PATIENCE_S,
    Remembered,
    descriptors,
    is_alive,
    killed,
    provided,
    ran,
    run_folder,
    server,
    started,
    until_gone,
)
from tests.kernels.test_environments import made_venv

ADD = "1+1"


async def host_pid(provider: HostProvider) -> int:
    identity = await provider.host_identity()
    assert identity is not None
    return int(identity["pid"])


def tcp_listeners(pid: int) -> list[str]:
    """The TCP ports that a process listens on."""
    held = descriptors(pid)
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in held:
                found.append(fields[1])
    return found


# ── one host ─────────────────────────────────────────────────────────────────


def test_servers_that_start_the_host_at_once_share_one() -> None:  # KER-19
    async def story(run: Path) -> None:
        providers = [provided(run, FORK) for _ in range(6)]
        await asyncio.gather(*(provider.warm() for provider in providers))
        pids = {await host_pid(provider) for provider in providers}
        assert len(pids) == 1
        for provider in providers:
            await provider.close()

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_processes_that_start_the_host_at_once_share_one() -> None:  # KER-19
    with run_folder(LOOPBACK) as run:
        RunFolder(run).prepare()
        command = [sys.executable, "-m", "tailrace.kernels.host", "--folder", str(run)]
        starters = [
            subprocess.Popen(command, env={**os.environ, **LOOPBACK}, stderr=subprocess.DEVNULL)
            for _ in range(4)
        ]
        assert [starter.wait(PATIENCE_S) for starter in starters] == [0, 0, 0, 0]
        hosts = [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if str(run) in (process.info["cmdline"] or ()) and is_alive(process.pid)
        ]
        assert hosts == [json.loads((run / "host.json").read_text())["pid"]]


def test_a_host_nobody_needs_ends_and_leaves_no_socket() -> None:  # KER-15
    async def story(run: Path) -> None:
        provider = HostProvider(run, host_idle_s=0.1)
        await provider.warm()
        pid = await host_pid(provider)
        await provider.close()
        await until_gone(pid)
        assert not RunFolder(run).socket.exists()

        again = HostProvider(run, host_idle_s=0.1)
        await again.warm()
        other = await host_pid(again)
        assert other != pid
        await again.close()
        await until_gone(other)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_host_with_a_kernel_stays_without_servers() -> None:  # KER-15
    async def story(run: Path) -> None:
        provider = HostProvider(run, host_idle_s=0.05)
        sink = Remembered()
        kernel = await started(provider, sink)
        await provider.close()
        again = HostProvider(run, host_idle_s=0.05)
        second = Remembered()
        found = await again.attach(kernel.kernel_id, second, received=0)
        assert found is not None
        await ran(found, second, ADD)
        assert second.attached[0].pid == sink.attached[0].pid
        await found.stop(kill=True)
        await again.close()

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_host_whose_folder_was_removed_ends_with_its_kernels() -> None:  # KER-15
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            sink = Remembered()
            await started(provider, sink)
            pid = await host_pid(provider)
        shutil.rmtree(run)
        await until_gone(pid, sink.attached[0].pid)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_host_keeps_to_its_imports() -> None:
    command = "import sys, tailrace.kernels.host; print(*sorted(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    imported = set(result.stdout.split())
    assert imported.isdisjoint({"asyncio", "uvicorn", "fastapi", "msgspec", "logging"})
    ours = {name for name in imported if name.startswith("tailrace.")}
    assert {name.split(".")[1] for name in ours} == {"kernels", "protocol"}


# ── whom it answers ──────────────────────────────────────────────────────────


def test_the_run_folder_is_for_its_owner_alone() -> None:  # KER-11
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            await provider.warm()
        for place in (run, run / "k"):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert stat.S_IMODE((run / "host.sock").stat().st_mode) == 0o600

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_by_default_nobody_listens_on_a_port() -> None:  # KER-3
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            for pid in (await host_pid(provider), sink.attached[0].pid):
                assert tcp_listeners(pid) == []
            await kernel.stop(kill=True)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_over_loopback_the_host_wants_the_secret() -> None:  # KER-20
    async def story(run: Path) -> None:
        async with server(run, LOOPBACK) as provider:
            await provider.warm()
            port = json.loads((run / "host.json").read_text())["port"]
            for hello in (
                {"kind": "hello", "request_id": 1, "protocol": 1},
                {"kind": "hello", "request_id": 1, "protocol": 1, "secret": "guessed"},
                {"kind": "list", "request_id": 1},
            ):
                assert b'"ok": false' in await asyncio.to_thread(said_to, port, hello)
            assert len(tcp_listeners(await host_pid(provider))) == 1

    with run_folder(LOOPBACK) as run:
        asyncio.run(story(run))


def said_to(port: int, message: dict[str, object]) -> bytes:
    """Everything the host says to somebody who begins like that."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as link:
        link.sendall(message_bytes(message))
        said = b""
        while piece := link.recv(4096):
            said += piece
        return said


def test_over_loopback_a_guest_wants_the_secret() -> None:  # KER-3
    async def story(run: Path) -> None:
        async with server(run, LOOPBACK) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            described = RunFolder(run).kernel(kernel.kernel_id).description
            port = json.loads(described.read_text())["port"]
            attach = {"kind": "attach", "protocol": 1, "channel": "control", "received": 0}
            said = await asyncio.to_thread(said_to, port, {**attach, "secret": "guessed"})
            assert b"refused" in said
            assert b"attached" not in said
            await ran(kernel, sink, ADD)
            await kernel.stop(kill=True)

    with run_folder(LOOPBACK) as run:
        asyncio.run(story(run))


def test_a_host_of_another_protocol_is_told_apart() -> None:  # KER-20
    async def story(run: Path) -> None:
        async with server(run, LOOPBACK) as provider:
            await provider.warm()
            port = json.loads((run / "host.json").read_text())["port"]
            secret = (run / "secret").read_text()
            hello = {"kind": "hello", "request_id": 1, "protocol": 99, "secret": secret}
            assert b"speaks 99" in await asyncio.to_thread(said_to, port, hello)

    with run_folder(LOOPBACK) as run:
        asyncio.run(story(run))


def test_both_ends_of_a_unix_socket_know_whose_the_other_is(tmp_path: Path) -> None:  # KER-3
    listener, address = addresses.listen(tmp_path / "s")
    with listener, addresses.connect(address) as near:
        far, _ = listener.accept()
        with far:
            assert addresses.peer_uid(near) == addresses.peer_uid(far) == os.geteuid()
            assert addresses.is_own_user(near)


def test_another_users_process_is_not_talked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # KER-24
    listener, address = addresses.listen(tmp_path / "s")
    with listener:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        with pytest.raises(KernelError, match="another user"):
            addresses.connect(address)


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(KernelError, match="another user"):
        RunFolder(tmp_path).prepare()


def test_a_kernels_environment_holds_no_secret_of_the_servers() -> None:  # KER-21
    environ = {
        "PATH": "/bin",
        "TAILRACE_HOME": "/home",
        "TAILRACE_TOKEN": "t",
        "TAILRACE_KERNEL_ID": "outer",
    }
    assert kernel_environment(environ) == {"PATH": "/bin", "TAILRACE_HOME": "/home"}


def test_the_token_is_in_no_process_that_the_server_starts() -> None:  # KER-21
    async def story(run: Path) -> None:
        async with server(run, {"TAILRACE_TOKEN": "canary-bird"}) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            await ran(kernel, sink, "import os; print(*os.environ.values())")
            assert "canary-bird" not in sink.text()
            for pid in (await host_pid(provider), sink.attached[0].pid):
                assert "canary-bird" not in psutil.Process(pid).environ().values()
            await kernel.stop(kill=True)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


@pytest.mark.parametrize("environ", [FORK, {"TAILRACE_START": "spawn"}])
def test_a_run_folder_may_lie_deep(environ: dict[str, str]) -> None:  # KER-23
    async def story(run: Path) -> None:
        async with server(run, environ) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            assert len(str(RunFolder(run).kernel(kernel.kernel_id).socket)) > 200
            await ran(kernel, sink, ADD)
            await kernel.stop(kill=True)

    with run_folder(environ, below="deep" * 50) as run:
        asyncio.run(story(run))


# ── its end ──────────────────────────────────────────────────────────────────


STUCK = (
    "import ctypes, subprocess, sys\n"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid,"
    " flush=True)\n"
    "ctypes.PyDLL(None).sleep(600)"  # with the interpreter's lock held: no thread can run
)


@pytest.mark.parametrize("environ", [FORK, {"TAILRACE_START": "spawn"}])
def test_a_killed_host_takes_its_kernels_along_and_the_server_hears_of_it(
    environ: dict[str, str],
) -> None:  # KER-10, KER-22, KER-25
    async def story(run: Path) -> None:
        async with server(run, environ) as provider:
            sinks = [Remembered(), Remembered()]
            idle = await started(provider, sinks[0])
            busy = await started(provider, sinks[1])
            busy.execute(ExecutionId("x1"), CellId("c1"), STUCK)
            await sinks[1].until_text("\n")
            killed(await host_pid(provider))

            for sink in sinks:
                cause = await sink.until_dead()
                assert cause.reason == "unknown"
                assert "kernel host" in cause.message
            await until_gone(*(sink.attached[0].pid for sink in sinks), int(sinks[1].text()))
            assert {each.alive for each in await provider.list()} == {False}

            third = Remembered()
            again = await started(provider, third)  # with a new host
            await ran(again, third, ADD)
            listed = {each.kernel_id: each.alive for each in await provider.list()}
            assert listed == {
                idle.kernel_id: False,
                busy.kernel_id: False,
                again.kernel_id: True,
            }
            await again.stop(kill=True)

    with run_folder(environ) as run:
        asyncio.run(story(run))


def test_a_host_killed_while_no_server_was_there_is_told_of_afterwards() -> None:  # KER-25
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            kernel = await started(provider, Remembered())
            pid = await host_pid(provider)
        killed(pid)
        await until_gone(pid)
        async with server(run, FORK) as provider:
            sink = Remembered()
            await provider.attach(kernel.kernel_id, sink, received=0)
            cause = await sink.until_dead()
            assert cause.reason == "unknown"
            assert str(pid) in cause.message

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_host_asked_to_terminate_stops_its_kernels_first() -> None:  # KER-15
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            sink = Remembered()
            await started(provider, sink)
            pid = await host_pid(provider)
            os.kill(pid, signal.SIGTERM)
            cause = await sink.until_dead()
            assert cause.reason == "stopped"
            await until_gone(pid, sink.attached[0].pid)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_host_with_kernels_is_not_shut_down_by_mistake() -> None:
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            with pytest.raises(KernelError, match="1 kernels live"):
                await provider.shut_down_host(kill_kernels=False)
            await ran(kernel, sink, ADD)
            await provider.shut_down_host(kill_kernels=True)
            await until_gone(sink.attached[0].pid)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_server_may_stop_a_kernel_it_is_not_attached_to() -> None:
    async def story(run: Path) -> None:
        async with server(run, FORK) as one, server(run, FORK) as two:
            sink = Remembered()
            kernel = await started(one, sink)
            assert await two.stop(kernel.kernel_id, kill=False)
            assert (await sink.until_dead()).reason == "stopped"
            assert not await two.stop(kernel.kernel_id, kill=False)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


# ── other interpreters ───────────────────────────────────────────────────────


def test_a_notebook_may_have_an_environment_of_its_own(tmp_path: Path) -> None:  # KER-12
    venv = made_venv(tmp_path / "venv", with_our_packages=True)

    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            sink = Remembered()
            kernel = await started(provider, sink, interpreter=str(venv))
            source = (
                "import os, sys, shutil; print(sys.prefix); print(os.environ['VIRTUAL_ENV'])\n"
                "print(shutil.which('python')); import tailrace_kernel\n"
                "print([p for p in sys.path if p.endswith('src')])"
            )
            await ran(kernel, sink, source)
            assert sink.text().splitlines()[:3] == [
                str(venv),
                str(venv),
                str(venv / "bin" / "python"),
            ]
            assert mark_of(sink.attached[0].pid) == kernel.kernel_id
            await kernel.stop(kill=True)

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_an_environment_without_ipython_is_named_with_what_to_do(tmp_path: Path) -> None:  # KER-16
    venv = made_venv(tmp_path / "venv")

    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            with pytest.raises(InterpreterUnusable, match="-m pip install ipython"):
                await started(provider, Remembered(), interpreter=str(venv))
            assert await provider.list() == []

    with run_folder(FORK) as run:
        asyncio.run(story(run))


def test_a_guest_that_dies_as_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def story(run: Path) -> None:
        async with server(run, FORK) as provider:
            (tmp_path / "sitecustomize.py").write_text(
                "import sys\nif 'tailrace_kernel' in str(sys.orig_argv): sys.exit('broken here')"
            )
            with pytest.raises(KernelStartFailed, match="broken here"):
                await started(provider, Remembered(), env={"PYTHONPATH": str(tmp_path)})

    with run_folder(FORK) as run:
        asyncio.run(story(run))
