"""Cells that behave badly, through a whole server: none of them loses the output of another,
wedges the session, or makes the server large (A3, A9, A10 of what we withstand)."""

import asyncio

import pytest

from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tailrace.protocol.outputs import DisplayOutput, StreamOutput
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import Mill, mill

HUGE = 50_000_000
DISPLAYS = 30_000  # the guest alone is tried with 100 000
RSS_LIMIT = 300 << 20

SURVIVED = {
    "string": f"'x' * {HUGE}",
    "printed": f"print('y' * {HUGE})",
    "displays": f"for n in range({DISPLAYS}): display(n)",
    "picture": (
        "import os\nfrom IPython.display import Image\n"
        "Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(30_000_000), format='png')"
    ),
    "closed": "import os\nprint('before')\nos.close(1)\nos.close(2)",
    "replaced": "import sys\nprint('before')\nsys.stdout = None",
    "surrogate": "print('\\ud800', chr(0), '\\x1b[31m')",
    "raising": "class A:\n    def __repr__(self): 1 / 0\nA()",
    "printing": "class B:\n    def __repr__(self): print('said'); return 'B'\nB()",
    "recursion": "def f(): f()\nf()",
    "exit": "import sys\nsys.exit(2)",
    "orphan": "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)",
}
DEADLY = {
    "os._exit(3)": "exit code 3",
    "import os; os.kill(os.getpid(), 11)": "SIGSEGV",
    "import ctypes; ctypes.string_at(0)": "SIGSEGV",
    "import os; os.abort()": "SIGABRT",
}


async def still_runs(client: NativeClient) -> None:
    assert await client.run("after") == ["ok"]
    assert client.text("after") == "alive\n"


def test_what_a_cell_can_do_to_itself_it_does_to_nobody_else() -> None:
    async def story(site: Mill) -> None:
        client = site.client(await asyncio.to_thread(site.notebook_id, "n.ipynb"))
        await client.connect()
        client.records.clear()
        for name in SURVIVED:
            (status,) = await client.run(name, timeout_s=120)
            assert status == ("error" if name in ("recursion", "exit") else "ok"), name
            await still_runs(client)

        def outputs(name: str) -> tuple[object, ...]:
            return client.state.executions[client.state.cells[CellId(name)]].outputs.items

        (printed,) = outputs("printed")
        assert isinstance(printed, StreamOutput)
        assert len(printed.head) + printed.omitted_chars + len(printed.tail) == HUGE + 1
        shown = [each for each in outputs("displays") if isinstance(each, DisplayOutput)]
        assert shown[-1].data["text/plain"] == str(DISPLAYS - 1)
        omitted = client.state.executions[client.state.cells[CellId("displays")]].outputs
        assert len(shown) + omitted.omitted_items == DISPLAYS
        assert client.text("closed") == client.text("replaced") == "before\n"
        assert client.text("printing") == "said\n"
        await client.close()
        peak = site.rss_bytes()
        assert peak <= RSS_LIMIT, f"{peak >> 20} MB"

    # The file is not written here: a file of 150 MB takes some times its size to write.
    with mill(runner=["env", "TAILRACE_AUTOSAVE_S=0"]) as site:
        site.write("n.ipynb", **SURVIVED, after="print('alive')")
        site.start()
        asyncio.run(story(site))


def test_a_cell_that_ends_its_kernel_is_told_with_the_cause_and_keeps_its_output() -> None:
    async def story(site: Mill) -> None:
        client = site.client(await asyncio.to_thread(site.notebook_id, "n.ipynb"))
        await client.connect()
        for number, expected in enumerate(DEADLY.values()):
            (status,) = await client.run(f"c{number}")
            assert status == "died", expected
            await client.until(lambda state: state.kernel.phase == "dead")
            cause = client.state.kernel.cause
            assert cause is not None
            assert expected in cause.message
            assert client.text(f"c{number}") == "said\n"
            await still_runs(client)  # in a new kernel
        await client.close()

    with mill() as site:
        cells = {f"c{n}": f"print('said')\n{source}" for n, source in enumerate(DEADLY)}
        cells["c0"] = "print('said')\nimport os; os._exit(3)"
        site.write("n.ipynb", **cells, after="print('alive')")
        site.start()
        asyncio.run(story(site))


@pytest.mark.parametrize("line", ["print('line', n)", "display(n)"])
def test_a_flood_without_an_end_is_interrupted(line: str) -> None:
    async def story(site: Mill) -> None:
        client = site.client(await asyncio.to_thread(site.notebook_id, "n.ipynb"))
        await client.connect()
        await client.submit(op.RunCells((CellId("flood"),)))
        await client.until(lambda state: state.sequence > 30)
        answer = await client.submit(op.Interrupt())
        assert answer.refusal is None
        await client.until(lambda state: state.running is None)
        execution = client.state.executions[client.state.cells[CellId("flood")]]
        assert execution.status == "interrupted"
        await still_runs(client)
        await client.close()

    with mill() as site:
        site.write(
            "n.ipynb", flood=f"n = 0\nwhile True:\n    n += 1\n    {line}", after="print('alive')"
        )
        site.start()
        asyncio.run(story(site))
