"""`tailrace mcp` as agents' programs start it: over its pipes, with and without a server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailrace.folders import state_folders
from tailrace.server.running_servers import RunningServers
from tests.agents.conftest import over_stdio, person, story, text_of
from tests.e2e.conftest import TOKEN, Server


@pytest.fixture
def home() -> Iterator[Path]:
    """Folders of an own user; nothing that runs there is left."""
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as place:
        yield Path(place)
        subprocess.run(
            [sys.executable, "-m", "tailrace.cli", "kernels", "stop", "--all", "--kill"],
            env={**os.environ, "TAILRACE_HOME": place},
            check=False,
            capture_output=True,
        )


def test_a_server_that_runs_is_used_with_a_person_on_it(server: Server) -> None:  # MCP-11
    name = server.write("piped.ipynb", "print('from the pipe')\nimport sys\nsys.stdout.flush()")

    async def work() -> None:
        folder, home = str(server.folder), str(server.home)
        async with (
            over_stdio(folder, home=home, mode="legacy") as agent,
            person(server, name) as client,
        ):
            result = await agent.raw("run_cells", notebook=name)
            assert "from the pipe" in text_of(result)
            assert any("1 of 1 finished" in message for message in agent.told)
            await client.until(lambda state: client.text("a") == "from the pipe\n")
            assert {e.actor for e in client.state.executions.values()} == {"agent:Pipe-Agent"}
            sleeping = agent.raw("run_code", notebook=name, code="import time; time.sleep(60)")
            task = asyncio.create_task(sleeping)
            await client.until(lambda state: state.running is not None)
            task.cancel()  # the call ends, the run does not
            await asyncio.gather(task, return_exceptions=True)
            assert client.state.running is not None
            assert (await agent.call("interrupt", notebook=name))["running"] is None
        async with over_stdio(folder, "--read-only", home=home) as agent:
            assert agent.client.protocol_version == "2026-07-28"
            assert (await agent.refusal("run_cells", notebook=name)).startswith("auth.forbidden")

    story(work)


def test_without_a_server_it_is_one_until_its_input_ends(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # MCP-11
    monkeypatch.setenv("TAILRACE_HOME", str(home))
    folder = home / "files"
    folder.mkdir()
    cell = {"id": "a", "cell_type": "code", "source": "x = 6 * 7\nx", "metadata": {}}
    cell |= {"execution_count": None, "outputs": []}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "n.ipynb").write_text(json.dumps(notebook))
    servers = RunningServers(state_folders().servers)

    async def one(both: asyncio.Barrier) -> None:
        async with over_stdio(str(folder), home=str(home)) as agent:
            run = await agent.call("run_cells", notebook="n.ipynb", operation_id="the same")
            assert run["executions"][0]["outputs"][0]["text"] == "42"
            await both.wait()
            (cell,) = await agent.cells("n.ipynb")
            assert cell["execution"]["execution_count"] == 1
            (serving,) = servers.remembered()
            assert serving.root == str(folder)
            await both.wait()

    async def work() -> None:
        """Two programs at once: one owner of the notebooks all the same."""
        both = asyncio.Barrier(2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one(both))
            tasks.create_task(one(both))

    story(work)
    assert servers.remembered() == []


def test_what_ends_takes_nothing_with_it_and_is_found_again(home: Path) -> None:  # MCP-11
    """The server that an agent spoke to is killed: the next call has another one."""
    folder = home / "files"
    folder.mkdir()
    first = Server(folder, home)
    first.write("n.ipynb", "n = 1", "n += 1\nn")

    async def work() -> None:
        async with over_stdio(str(folder), home=str(home)) as agent:
            await agent.call("run_cells", notebook="n.ipynb", operation_id="run")
            first.process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(first.process.wait)
            run = await agent.call("run_cells", notebook="n.ipynb", cell_ids=["b"])
            assert run["executions"][0]["outputs"][0]["text"] == "3"

    try:
        story(work)
    finally:
        first.stop()


def spoken(process: "subprocess.Popen[bytes]", *messages: Any) -> list[dict[str, Any]]:
    lines = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
    out, _ = process.communicate(b"\n".join(lines) + b"\n", timeout=60)
    return [json.loads(line) for line in out.splitlines()]


def test_stdout_holds_messages_and_nothing_else(server: Server) -> None:  # MCP-1, MCP-11
    process = subprocess.Popen(
        [sys.executable, "-m", "tailrace.cli", "mcp", "--url", server.base],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TAILRACE_HOME": str(server.home), "TAILRACE_TOKEN": TOKEN},
    )
    first = {"protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": {"name": "x"}}
    answers = spoken(
        process,
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": first},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        b"no json",
        [{"jsonrpc": "2.0", "id": 2, "method": "ping"}],
        b"",
    )
    assert process.returncode == 0
    assert answers[0]["result"]["protocolVersion"] == "2025-11-25"
    assert [answer["error"]["code"] for answer in answers[1:]] == [-32700, -32600]


def test_a_wrong_token_is_told_to_the_agent(server: Server) -> None:  # MCP-10
    process = subprocess.Popen(
        [sys.executable, "-m", "tailrace.cli", "mcp", "--url", server.base, "--token", "wrong"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TAILRACE_HOME": str(server.home)},
    )
    (answer,) = spoken(process, {"jsonrpc": "2.0", "id": "i", "method": "initialize"})
    assert answer["id"] == "i"
    assert "token" in answer["error"]["message"]
