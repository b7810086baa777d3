"""A table through a real server: asked about by a client, downloaded, and not in the file."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tailrace.protocol import operations as op
from tailrace.protocol.frames import Table, TableFilter, TableSort
from tailrace.protocol.outputs import DisplayOutput
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import TOKEN, Mill, mill
from tests.log.stories import told

MIME = "application/vnd.tailrace.table+json"
FRAME = (
    "import pandas, numpy\n"
    "words = ['<b>one</b>', 'two'] * 50_000\n"
    "frame = pandas.DataFrame({'n': numpy.arange(100_000), 'word': words})\n"
    "frame"
)


@pytest.fixture(scope="module")
def running() -> Iterator[Mill]:
    with mill() as made:
        made.start()
        yield made


@asynccontextmanager
async def shown(
    running: Mill, name: str
) -> AsyncIterator[tuple[NativeClient, str, dict[str, Any]]]:
    running.write(name, a=FRAME)
    notebook_id = running.notebook_id(name)
    client = running.client(notebook_id)
    await client.connect()
    try:
        assert await client.run("a") == ["ok"]
        (execution,) = client.state.executions.values()
        (output,) = execution.outputs.items
        assert isinstance(output, DisplayOutput)
        yield client, notebook_id, output.data[MIME]
    finally:
        await client.close()


def fetched(running: Mill, path: str, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(running.url + path, params=query, headers=headers, timeout=60)


@told
async def test_a_client_asks_for_rows_of_a_view(running: Mill) -> None:  # TAB-5
    async with shown(running, "asked.ipynb") as (client, _, table):
        view = Table(
            table["handle"],
            sort=(TableSort(1, descending=True),),
            filters=(TableFilter(2, "contains", text="ONE"),),
            limit=2,
        )
        reply = await client.ask(view)
        while (reply.result or {}).get("working"):
            reply = await client.ask(view)

        assert reply.result is not None
        assert reply.result["rows"] == 50_000
        assert [row[1] for row in reply.result["cells"]] == [99_998, 99_996]


@told
async def test_a_table_is_downloaded_in_a_sandbox(running: Mill) -> None:  # TAB-8
    async with shown(running, "download.ipynb") as (_, notebook_id, table):
        path = f"/api/v1/notebooks/{notebook_id}/tables/{table['handle']}"
        sort = json.dumps([{"column": 1, "descending": True}])

        answer = await asyncio.to_thread(fetched, running, f"{path}.csv", sort=sort)
        assert answer.headers["content-disposition"] == 'attachment; filename="table.csv"'
        assert "sandbox" in answer.headers["content-security-policy"]
        frame = pd.read_csv(io.BytesIO(answer.content))
        assert frame["n"].tolist() == list(range(99_999, -1, -1))
        assert set(frame["word"]) == {"<b>one</b>", "two"}

        answer = await asyncio.to_thread(fetched, running, f"{path}.parquet", search="two")
        assert len(pd.read_parquet(io.BytesIO(answer.content))) == 50_000


@told
async def test_a_download_that_cannot_be_is_refused_with_why(running: Mill) -> None:  # TAB-8
    async with shown(running, "refused.ipynb") as (client, notebook_id, table):
        path = f"/api/v1/notebooks/{notebook_id}/tables/"
        handle = table["handle"]

        def problem(file: str, **query: str) -> tuple[int, str]:
            answer = fetched(running, path + file, **query)
            return answer.status_code, answer.json()["code"]

        assert problem("tnever.csv") == (410, "table.gone")
        assert problem(f"{handle}.xls") == (404, "file.missing")
        assert problem(f"{handle}.csv", sort="{") == (400, "request.malformed")
        assert problem(f"{handle}.csv", sort='[{"column": 99}]') == (422, "table.refused")
        anonymous = await asyncio.to_thread(httpx.get, f"{running.url}{path}{handle}.csv")
        assert anonymous.status_code == 401

        await client.submit(op.StopKernel())
        await client.until(lambda state: state.kernel.phase not in ("ready", "stopping"))
        assert problem(f"{handle}.csv") == (504, "kernel.unreachable")


@told
async def test_the_file_holds_the_frame_as_others_know_it(running: Mill) -> None:  # TAB-2
    async with shown(running, "file.ipynb") as (client, *_):
        answer = await client.submit(op.Save())
        assert answer.refusal is None
        file = running.folder / "file.ipynb"
        deadline = asyncio.get_running_loop().time() + 30
        while "execute_result" not in file.read_text():
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)

        (output,) = json.loads(file.read_text())["cells"][0]["outputs"]
        assert sorted(output["data"]) == ["text/html", "text/plain"]


def test_a_headless_run_writes_no_type_of_ours(running: Mill, tmp_path: Path) -> None:  # TAB-2
    file = running.write("headless.ipynb", a=FRAME)
    target = tmp_path / "out.ipynb"

    subprocess.run(
        [sys.executable, "-m", "tailrace.cli", "run", str(file), "-o", str(target)],
        check=True,
        capture_output=True,
        env={**os.environ, "TAILRACE_HOME": str(running.home)},
    )

    (output,) = json.loads(target.read_text())["cells"][0]["outputs"]
    assert sorted(output["data"]) == ["text/html", "text/plain"]
