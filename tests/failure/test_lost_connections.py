"""The network goes, the server is killed: every line is there, in order, once."""

import asyncio
import re

import pytest

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import Mill, mill

LINES = (
    "import os, time\nmarker = os.getpid()\nfor i in range(250):\n"
    "    print(f'line {i} of {os.getpid()}')\n    time.sleep(0.02)"
)


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"line (\d+) of \d+\n", text)]


async def started(site: Mill, client: NativeClient) -> ExecutionId:
    await client.connect()
    await client.submit(op.RunCells((CellId("count"),)))
    await client.until(lambda state: "line 3 " in client.text("count"))
    return client.state.cells[CellId("count")]


async def ended(client: NativeClient) -> None:
    await client.until(
        lambda state: (
            CellId("count") in state.cells
            and state.running is None
            and not state.queue
            and state.executions[state.cells[CellId("count")]].phase == "finished"
        )
    )


@pytest.mark.parametrize("as_somebody_else", [False, True])
def test_a_client_that_was_away_has_all_250_lines_in_order_once(as_somebody_else: bool) -> None:
    async def story(site: Mill) -> None:
        notebook_id = site.notebook_id("n.ipynb")
        client = site.client(notebook_id)
        execution_id = await started(site, client)
        await asyncio.sleep(0.8)
        await client.drop()
        await asyncio.sleep(2.0)
        seen_before = client.recorded_text(execution_id)
        if as_somebody_else:
            client = site.client(notebook_id)
        await client.connect()
        await ended(client)

        assert numbers(client.text("count")) == list(range(250))
        if not as_somebody_else:
            assert client.snapshots == 1  # the first one; then exactly what followed
            assert numbers(client.recorded_text(execution_id)) == list(range(250))
            assert client.recorded_text(execution_id).startswith(seen_before)
        await client.close()

    with mill() as site:
        site.write("n.ipynb", count=LINES)
        site.start()
        asyncio.run(story(site))


def test_a_killed_server_comes_back_to_the_same_kernel_and_no_line_is_missing() -> None:
    async def story(site: Mill) -> None:
        notebook_id = site.notebook_id("n.ipynb")
        client = site.client(notebook_id)
        execution_id = await started(site, client)
        await client.submit(op.RunCells((CellId("after"),)))  # waits behind it
        pid = client.state.kernel.pid
        await asyncio.sleep(0.8)
        await asyncio.to_thread(site.kill)
        await asyncio.sleep(2.0)
        await asyncio.to_thread(site.start)
        await client.drop()
        await client.connect(retry_s=20)
        await ended(client)
        await client.until(
            lambda state: state.executions[state.cells[CellId("after")]].phase == "finished"
        )

        assert numbers(client.recorded_text(execution_id)) == list(range(250))
        assert numbers(client.text("count")) == list(range(250))
        assert client.state.kernel.pid == pid
        assert client.text("after") == f"kept {pid}\n"
        await client.close()

    with mill() as site:
        site.write("n.ipynb", count=LINES, after="print('kept', marker)")
        site.start()
        asyncio.run(story(site))


def test_an_operation_sent_again_after_a_break_is_done_once() -> None:
    async def story(site: Mill) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        first = await client.submit(op.RunCells((CellId("once"),)), "the-same")
        await client.until(lambda state: state.running is None and not state.queue)
        await client.drop()
        await client.connect()
        again = await client.submit(op.RunCells((CellId("once"),)), "the-same")

        assert first.refusal is None
        assert again.refusal is None
        queued = [r for r in client.records if type(r.event).__name__ == "ExecutionQueued"]
        assert len(queued) == 1
        await asyncio.to_thread(site.kill)
        await asyncio.to_thread(site.start)
        await client.drop()
        await client.connect(retry_s=20)
        await client.submit(op.RunCells((CellId("once"),)), "the-same")
        await client.run("once")
        queued = [r for r in client.records if type(r.event).__name__ == "ExecutionQueued"]
        assert len(queued) == 2
        await client.close()

    with mill() as site:
        site.write("n.ipynb", once="print('done')")
        site.start()
        asyncio.run(story(site))
