"""Two hundred who look on, and one whose connection breaks all the time (A7, A11)."""

import asyncio
import random

from tailrace.protocol import operations as op
from tailrace.protocol.events import ExecutionQueued
from tailrace.protocol.ids import CellId
from tailrace.protocol.state import SessionState
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import Mill, mill

CROWD = 200
GROWTH_BYTES = 100 << 20
BREAKS = 60
LINES = 2_000
COUNT = f"import time\nfor n in range({LINES}):\n    print('line', n)\n    time.sleep(0.001)"
WHOLE = "".join(f"line {n}\n" for n in range(LINES))


async def until_all_finished(client: NativeClient, cells: list[str]) -> None:
    def have_finished(state: SessionState) -> bool:
        found = [state.cells.get(CellId(cell)) for cell in cells]
        return all(
            each is not None and state.executions[each].phase == "finished" for each in found
        )

    await client.until(have_finished)


def test_two_hundred_clients_all_see_the_same_and_cost_little() -> None:
    async def story(site: Mill) -> None:
        notebook_id = await asyncio.to_thread(site.notebook_id, "n.ipynb")
        writer = site.client(notebook_id)
        await writer.connect()
        await writer.run("warm")
        before = site.rss_bytes()
        crowd = [site.client(notebook_id) for _ in range(CROWD)]
        for client in crowd:
            await client.connect()
        await writer.run("count")

        for client in crowd:
            await until_all_finished(client, ["count"])
            assert client.text("count") == writer.text("count")
            assert client.state.executions == writer.state.executions
        grown = site.rss_bytes() - before
        assert grown <= GROWTH_BYTES, f"{grown >> 20} MB"
        for client in (writer, *crowd):
            await client.close()

    with mill() as site:
        site.write("n.ipynb", warm="print('warm')", count=COUNT)
        site.start()
        asyncio.run(story(site))


def test_a_client_that_flaps_ends_with_the_same_as_one_that_does_not() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)

    async def story(site: Mill) -> None:
        notebook_id = await asyncio.to_thread(site.notebook_id, "n.ipynb")
        steady, flapping = site.client(notebook_id), site.client(notebook_id)
        await steady.connect()
        await flapping.connect()
        await steady.submit(op.RunCells((CellId("count"),)))
        asked = []
        for number in range(BREAKS):
            # Asked for in the middle of it all, and sent again until it is answered.
            if number % 4 == 0:
                asked.append(flapping.send(op.RunCells((CellId(f"after{number}"),))))
            await asyncio.sleep(dice.random() * 0.04)
            await flapping.drop()
            await flapping.connect(retry_s=10)
            assert flapping.failure is None
        answers = await asyncio.gather(*asked)
        assert [answer.refusal for answer in answers] == [None] * len(asked)
        for client in (steady, flapping):
            await until_all_finished(client, [f"after{n}" for n in range(0, BREAKS, 4)])

        assert steady.recorded_text(steady.state.cells[CellId("count")]) == WHOLE
        assert flapping.state.executions == steady.state.executions
        assert flapping.text("count") == steady.text("count")
        sequences = [record.sequence for record in flapping.records]
        assert sequences == sorted(set(sequences))
        # Each was done once, though some were sent again.
        queued = [
            each.event.cell_id for each in steady.records if isinstance(each.event, ExecutionQueued)
        ]
        assert sorted(queued) == sorted(["count", *(f"after{n}" for n in range(0, BREAKS, 4))])
        await steady.close()
        await flapping.close()

    with mill() as site:
        after = {f"after{n}": "print('after')" for n in range(0, BREAKS, 4)}
        site.write("n.ipynb", count=COUNT, **after)
        site.start()
        asyncio.run(story(site))
