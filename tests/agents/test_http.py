"""`/mcp` as it stands on the wire, and who is let in."""

import asyncio
import signal
from typing import Any

import httpx
import pytest
from mcp.shared.exceptions import MCPError

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tests.agents.conftest import Agent, over_http, person, story
from tests.e2e.conftest import TOKEN, Server, made_server

BEARER = {"authorization": f"Bearer {TOKEN}"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def asked(server: Server, body: Any, method: str = "POST", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{server.base}/mcp", json=body, headers=named, timeout=30)


def request(method: str, message_id: Any = 1, **parameters: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message_id, "method": method, "params": parameters}


def test_only_programs_with_the_token_are_let_in(server: Server) -> None:  # MCP-10, SEC-2
    ping = request("ping")
    assert asked(server, ping).status_code == 401
    assert asked(server, ping, authorization="Bearer wrong").status_code == 401
    assert asked(server, ping, **BEARER, origin="https://evil.example").status_code == 403
    assert asked(server, ping, **BEARER, host="evil.example").status_code == 403
    with httpx.Client(base_url=server.base, follow_redirects=True) as browser:
        browser.get(f"/?token={TOKEN}")
        page = {
            "origin": server.base,
            "x-tailrace-token": browser.get("/api/v1/me").json()["token"],
        }
        assert browser.post("/mcp", json=ping, headers=page).status_code == 403
    assert asked(server, ping, **BEARER).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_each_era_is_spoken_as_it_wants(server: Server) -> None:  # MCP-1, MCP-3
    client = {"name": "Old / Client!", "version": "0"}
    first = request("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo=client)
    answer = asked(server, first, **BEARER)
    assert answer.json()["result"]["protocolVersion"] == "2025-03-26"
    assert answer.headers["mcp-session-id"].startswith("Old-Client.")
    assert "resultType" not in answer.json()["result"]
    told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert asked(server, told, **BEARER).status_code == 202
    assert asked(server, None, "GET", **BEARER).status_code == 405
    assert asked(server, None, "DELETE", **BEARER).status_code == 204

    modern = {"mcp_protocol_version": "2026-07-28", "mcp_method": "server/discover", **BEARER}
    found = asked(server, request("server/discover", _meta=META), **modern).json()["result"]
    assert found["resultType"] == "complete"
    assert found["supportedVersions"][-1] == "2026-07-28"
    assert (found["ttlMs"], found["cacheScope"]) == (0, "private")
    lies = asked(server, request("tools/list", _meta=META), **modern)
    assert (lies.status_code, lies.json()["error"]["code"]) == (400, -32020)
    other = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    headers = {**modern, "mcp_protocol_version": "2099-01-01"}
    future = asked(server, request("server/discover", _meta=other), **headers)
    assert (future.status_code, future.json()["error"]["code"]) == (400, -32022)
    assert "2026-07-28" in future.json()["error"]["data"]["supported"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([request("ping")], -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, -32600),
        ("ping", -32600),
        (request("no/such"), -32601),
        (request("tools/call", name="no_such_tool"), -32602),
        (request("resources/read", uri="file:///etc/passwd"), -32002),
    ],
)
def test_what_cannot_be_answered_is_refused_by_code(
    server: Server, body: Any, code: int
) -> None:  # MCP-1
    assert asked(server, body, **BEARER).json()["error"]["code"] == code


def test_bytes_that_are_no_json_are_refused(server: Server) -> None:  # MCP-1
    for content in (b"{", b"[" * 100_000, b"\xff", b""):
        answer = httpx.post(f"{server.base}/mcp", content=content, headers=BEARER)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


async def looking(agent: Agent, name: str) -> int:
    """How many look at the notebook, agents that wait among them."""
    listed = (await agent.call("list_notebooks"))["notebooks"]
    return int(next(entry["clients"] for entry in listed if entry["path"] == name))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_call_that_is_given_up_leaves_nobody_waiting(server: Server, mode: str) -> None:
    """MCP-8: the run goes on, the one who waited for it is gone."""
    name = server.write(f"given-up-{mode}.ipynb", "import time; time.sleep(60)")

    async def work() -> None:
        async with over_http(server, mode=mode) as agent, person(server, name) as client:
            call = asyncio.create_task(agent.call("run_cells", notebook=name))
            await client.until(lambda state: state.running is not None)
            while await looking(agent, name) < 2:
                pass
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            while await looking(agent, name) > 1:
                pass
            assert client.state.running is not None
            await agent.call("interrupt", notebook=name)

    story(work)


def test_the_server_says_what_agents_may_and_keeps_none_when_it_ends() -> None:
    """MCP-8, MCP-10."""

    async def work(server: Server) -> None:
        name = server.write("n.ipynb", "import time; time.sleep(60)")
        async with over_http(server) as agent, person(server, name) as client:
            await agent.call("insert_cell", notebook=name, source="2")
            refused = await agent.refusal("run_cells", notebook=name)
            assert refused.startswith("auth.forbidden: this agent may not run code")
            await client.submit(op.RunCells((CellId("a"),)))
            await client.until(lambda state: state.running is not None)
            waiting = asyncio.create_task(agent.call("wait", notebook=name, timeout_s=60))
            while await looking(agent, name) < 2:
                pass
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(MCPError, match="the notebook server ends"):
                await waiting

    with made_server(TAILRACE_AGENTS="edit") as server:
        story(lambda: work(server))
