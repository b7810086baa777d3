"""One client reads nothing during a flood: nobody else notices, and it catches up later."""

import asyncio

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tests.failure.mill import Mill, mill

LINES = 1_200_000
WIDE = "x" * 50
FLOOD = (
    "import time\n"
    f"for begin in range(0, {LINES}, 2000):\n"
    f"    print('\\n'.join(f'{{i:07d}} {WIDE}' for i in range(begin, begin + 2000)))\n"
    "    time.sleep(0.005)"
)
WARM_UP = f"for i in range(100_000): print(f'{{i:07d}} {WIDE}')"


def test_a_client_that_reads_nothing_costs_little_and_catches_up() -> None:
    async def story(site: Mill) -> None:
        notebook_id = await asyncio.to_thread(site.notebook_id, "n.ipynb")
        reader, stalled = site.client(notebook_id), site.client(notebook_id)
        await reader.connect()
        await stalled.connect()
        await reader.run("warm")
        await stalled.until(lambda state: state.sequence >= reader.state.sequence)
        before = site.rss_bytes()
        await stalled.stall()
        await reader.run("flood", timeout_s=110)
        grown = site.rss_bytes() - before

        whole = "".join(f"{i:07d} {WIDE}\n" for i in range(LINES))
        assert reader.recorded_text(reader.state.cells[CellId("flood")]) == whole
        assert reader.snapshots == 1
        assert grown <= 100 << 20, f"{grown >> 20} MB"

        seen = stalled.snapshots
        stalled.go_on()
        await reader.submit(op.RunCells((CellId("after"),)))
        for client in (reader, stalled):
            await client.until(
                lambda state: (
                    CellId("after") in state.cells
                    and state.executions[state.cells[CellId("after")]].phase == "finished"
                )
            )
        assert stalled.snapshots == seen + 1
        assert stalled.state.executions == reader.state.executions
        assert stalled.text("after") == "after\n"
        await reader.close()
        await stalled.close()

    with mill() as site:
        site.write("n.ipynb", warm=WARM_UP, flood=FLOOD, after="print('after')")
        site.start()
        asyncio.run(story(site))
