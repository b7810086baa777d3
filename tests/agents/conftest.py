"""One real server, agents that speak to it with the official client, and a person beside."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation

from tailrace.testing.native_client import NativeClient
from tests.e2e.conftest import TOKEN, Server, made_server


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with made_server() as server:
        yield server


class Agent:
    """The official client, asked in few words. `told` are the messages of progress."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told: list[str] = []

    async def raw(self, tool: str, **arguments: Any) -> CallToolResult:
        async def progress(done: float, total: float | None, message: str | None) -> None:
            self.told.append(message or "")

        found = await self.client.call_tool(tool, arguments, progress_callback=progress)
        assert isinstance(found, CallToolResult)
        return found

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer, which the client has held against the tool's schema."""
        found = await self.raw(tool, **arguments)
        assert not found.is_error, found.content
        assert isinstance(found.structured_content, dict)
        return found.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> str:
        found = await self.raw(tool, **arguments)
        assert found.is_error
        return text_of(found)

    async def cells(self, notebook: str) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = (await self.call("read_notebook", notebook=notebook))["cells"]
        return cells


def text_of(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if part.type == "text")


@asynccontextmanager
async def over_http(
    server: Server, *, mode: str = "auto", query: str = "", token: str = TOKEN
) -> AsyncIterator[Agent]:
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{server.base}/mcp{query}", http_client=http)
        async with Client(
            transport,
            mode=mode,  # type: ignore[arg-type]
            client_info=Implementation(name="Test Agent", version="1"),
        ) as client:
            yield Agent(client)


@asynccontextmanager
async def over_stdio(
    *arguments: str, home: str, mode: str = "auto", **settings: str
) -> AsyncIterator[Agent]:
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tailrace.cli", "mcp", *arguments],
        env={"TAILRACE_HOME": home, **settings},
    )
    info = Implementation(name="Pipe Agent", version="1")
    async with Client(parameters, mode=mode, client_info=info) as client:  # type: ignore[arg-type]
        yield Agent(client)


@asynccontextmanager
async def person(server: Server, notebook: str) -> AsyncIterator[NativeClient]:
    """Somebody who has the notebook open, as a page has."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        found = await http.post(f"{server.base}/api/v1/notebooks", json={"path": notebook})
    client = NativeClient(server.base, TOKEN, found.json()["notebook_id"], client_id="person")
    await client.connect()
    try:
        yield client
    finally:
        await client.close()


def story(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(90):
            await work()

    asyncio.run(limited())
