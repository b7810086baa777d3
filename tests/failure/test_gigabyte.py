"""A gigabyte from one cell: the server stays small, and every line of it can be had."""

import asyncio
import random

import pytest

from tailrace.protocol.ids import CellId
from tailrace.protocol.outputs import StreamOutput
from tests.failure.mill import Mill, mill

LINES = 10_000_000
WIDE = "y" * 91  # with number, space and newline: 100 bytes
GIGABYTE = (
    f"for begin in range(0, {LINES}, 1000):\n"
    f"    print('\\n'.join([f'{{i:07d}} {WIDE}' for i in range(begin, begin + 1000)]))"
)
SAMPLES = 60


def line(number: int) -> str:
    return f"{number:07d} {WIDE}\n"


@pytest.mark.timeout(600)
def test_a_gigabyte_of_lines_is_kept_and_the_server_stays_small() -> None:
    async def story(site: Mill) -> None:
        notebook_id = await asyncio.to_thread(site.notebook_id, "n.ipynb")
        client = site.client(notebook_id)
        await client.connect()
        client.records.clear()
        assert await client.run("flood", "after", timeout_s=400) == ["ok", "ok"]

        (stream,) = client.state.executions[client.state.cells[CellId("flood")]].outputs.items
        assert isinstance(stream, StreamOutput)
        assert stream.lines == LINES
        assert stream.head.startswith(line(0) + line(1))
        assert stream.tail.endswith(line(LINES - 2) + line(LINES - 1))
        assert len(stream.head) + stream.omitted_chars + len(stream.tail) == 100 * LINES
        assert client.text("after") == "small\n"
        await asyncio.to_thread(sampled, site, client.state.cells[CellId("flood")])
        await client.close()
        peak = site.rss_bytes()
        assert peak <= 300 << 20, f"{peak >> 20} MB"

    def sampled(site: Mill, execution_id: str) -> None:
        base = f"/api/v1/notebooks/{site.notebook_id('n.ipynb')}/executions/{execution_id}"
        dice = random.Random(7)
        for start in [0, LINES - 3, *(dice.randrange(LINES - 3) for _ in range(SAMPLES))]:
            page = site.get(f"{base}/lines", **{"from": start, "count": 3})
            assert page["total_lines"] == LINES
            assert page["lines"] == 3
            (item,) = page["items"]
            assert item["line"] == start
            assert item["text"] == "".join(map(line, range(start, start + 3)))
        assert site.get(f"{base}/lines", **{"from": LINES, "count": 3})["items"] == []
        wanted = LINES - 12_345
        found = site.get(f"{base}/search", query=f"{wanted:07d} Y", **{"from": wanted - 50_000})
        assert [match["line"] for match in found["matches"]] == [wanted]

    with mill() as site:
        site.write("n.ipynb", flood=GIGABYTE, after="print('small')")
        site.start()
        asyncio.run(story(site))
