"""A whole server whose kernels need no fork, no unix socket and no signal (KER-27)."""

import asyncio
from pathlib import Path

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tests.failure.mill import Mill, mill

PLAINLY = ["env", "TAILRACE_START=spawn", "TAILRACE_TRANSPORT=loopback"]
ENDLESS = "import time\nprint('on', flush=True)\nwhile True: time.sleep(60)"
COUNT = (
    "import os, time\nkept = os.getpid()\nfor n in range(60):\n    print(n)\n    time.sleep(0.02)"
)
MIXED = "import os, subprocess\nprint('a')\nos.write(1, b'b\\n')\nsubprocess.run(['echo', 'c'])"


def test_a_notebook_runs_and_its_kernel_outlives_the_server() -> None:
    async def before(site: Mill) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        assert await client.run("mixed") == ["ok"]
        assert client.text("mixed").split() == ["a", "b", "c"]
        await client.submit(op.RunCells((CellId("endless"),)))
        await client.until(lambda _: client.text("endless") == "on\n")
        await client.submit(op.Interrupt())
        await client.until(
            lambda state: state.executions[state.cells[CellId("endless")]].phase == "finished"
        )
        assert client.state.executions[client.state.cells[CellId("endless")]].status == (
            "interrupted"
        )
        await client.submit(op.RunCells((CellId("count"),)))
        await client.until(lambda _: client.text("count").startswith("0\n1\n2\n"))
        await client.close()

    async def after(site: Mill) -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.until(lambda state: CellId("count") in state.cells and state.running is None)
        assert client.text("count").split() == [str(n) for n in range(60)]
        assert await client.run("same") == ["ok"]
        assert client.text("same") == "True\n"
        await client.close()

    with mill(runner=PLAINLY) as site:
        site.write(
            "n.ipynb", mixed=MIXED, endless=ENDLESS, count=COUNT, same="print(kept == os.getpid())"
        )
        site.start()
        asyncio.run(before(site))
        assert list(Path(site.home, "run").rglob("*.sock")) == []
        site.kill()
        site.start()
        asyncio.run(after(site))
