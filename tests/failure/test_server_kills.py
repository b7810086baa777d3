"""The server is killed at 2 x 100 random moments while three clients record what they are shown.

Nothing that a client was shown may be missing afterwards, nothing may come twice, all
clients see the same, and the kernel's own counter has no gap. A seed that failed stays in
`SEEDS`.
"""

import asyncio
import hashlib
import random

import msgspec
import pytest
from websockets.exceptions import WebSocketException

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import Mill, mill
from tests.failure.nursery import nursery

KILLS = 100  # for each seed
SEEDS = (20261121, 7)

COUNTER = (
    "import pathlib, time\ni = 0\nwhile not pathlib.Path('stop').exists():\n"
    "    print(i)\n    i += 1\n    time.sleep(0.002)\nprint('end', i)"
)


class Recorder:
    """A client that always comes back, and remembers every record it ever was shown."""

    def __init__(self, client: NativeClient) -> None:
        self.client = client
        self.going = True

    async def run(self, luck: random.Random) -> None:
        while self.going:
            try:
                await self.client.connect(retry_s=60)
            except (OSError, EOFError, WebSocketException, TimeoutError):
                continue
            while self.client.is_connected and self.going:
                await asyncio.sleep(0.01)
                if luck.random() < 0.002:
                    await self.client.drop()
            await self.client.drop()

    def shown(self) -> dict[int, str]:
        assert self.client.failure is None, self.client.failure
        found: dict[int, str] = {}
        for record in self.client.records:
            digest = hashlib.sha256(msgspec.msgpack.encode(record)).hexdigest()
            assert record.sequence not in found, f"{record.sequence} came twice"
            found[record.sequence] = digest
        return found


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_shown_is_never_lost_and_never_comes_twice(seed: int) -> None:
    luck = random.Random(seed)

    async def story(site: Mill) -> None:
        notebook_id = site.notebook_id("n.ipynb")
        recorders = [Recorder(site.client(notebook_id)) for _ in range(3)]
        tasks = [
            asyncio.create_task(recorder.run(random.Random(seed + number)))
            for number, recorder in enumerate(recorders)
        ]
        first = recorders[0].client
        await first.until(lambda state: state.sequence > 0)
        await first.submit(op.RunCells((CellId("count"),)))
        await first.until(lambda state: state.kernel.pid is not None and bool(state.running))
        pid, epoch = first.state.kernel.pid, first.epoch
        for _ in range(KILLS):
            await asyncio.sleep(luck.uniform(0.0, 0.25))
            await asyncio.to_thread(site.kill)
            await asyncio.to_thread(site.start)
        site.folder.joinpath("stop").touch()
        for recorder in recorders:
            await recorder.client.until(
                lambda state: state.running is None and bool(state.cells), timeout_s=60
            )
            recorder.going = False
        await asyncio.gather(*tasks)

        assert first.state.kernel.pid == pid
        assert all(recorder.client.epoch == epoch for recorder in recorders)
        histories = [recorder.shown() for recorder in recorders]
        last = max(max(history) for history in histories)
        for history in histories:
            for sequence, digest in history.items():
                for other in histories:
                    assert other.get(sequence, digest) == digest, sequence
        # The newest state of all three is the same, and so is the log read by its pages.
        assert len({recorder.client.state.sequence for recorder in recorders}) == 1
        assert last == first.state.sequence
        execution_id = first.state.cells[CellId("count")]
        lines: list[str] = []
        while True:
            page = await asyncio.to_thread(
                site.get,
                f"/api/v1/notebooks/{notebook_id}/executions/{execution_id}/lines",
                **{"from": len(lines), "count": 5000},
            )
            if not page["lines"]:
                break
            lines += "".join(item["text"] for item in page["items"]).split("\n")[:-1]
        assert lines[-1] == f"end {len(lines) - 1}"
        assert lines[:-1] == [str(number) for number in range(len(lines) - 1)]

    with nursery() as servers, mill(nursery=servers) as site:
        site.write("n.ipynb", count=COUNTER)
        site.start()
        asyncio.run(story(site))
