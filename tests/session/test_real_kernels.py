"""Sessions with real kernels and a real log: the same stories, and those only these can tell."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import nbformat

from tailrace.kernels.provider import HostProvider
from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tests.kernels.stage import run_folder, server, until_gone
from tests.session.stage import Stage, without_answered


def on_stage(folder: Path, story: Callable[[Stage, HostProvider], Awaitable[None]]) -> None:
    async def play(run: Path) -> None:
        async with server(run, {}) as provider, Stage(folder, provider=provider) as stage:
            await story(stage, provider)

    with run_folder({}) as run:
        asyncio.run(play(run))


def test_cells_run_in_order_share_variables_and_stop_on_error(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(a="x = 20\nprint('a')", b="x += 1; x * 2", c="1/0", d="print('never')")
        ada = await stage.client()
        bob = await stage.client(ada.session, "bob", encoding="json")

        assert await ada.run("a", "b", "c", "d") == ["ok", "ok", "error", "aborted"]
        await bob.until(lambda state: state.sequence >= ada.state.sequence)
        assert ada.state == bob.state == without_answered(ada.session.state)
        assert ada.text("a") == "a\n"
        await ada.until_saved()
        written = nbformat.read(stage.file(), as_version=4)
        nbformat.validate(written)
        assert written.cells[1].outputs[0].data["text/plain"] == "42"
        assert written.cells[2].outputs[0].ename == "ZeroDivisionError"

    on_stage(tmp_path, story)


def test_an_interrupt_ends_what_runs_and_the_kernel_keeps_its_variables(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(
            a="x = 1\nprint('begun')\nwhile True: pass", b="print('never')", c="print(x + 1)"
        )
        ada = await stage.client()
        await ada.done(op.RunCells((CellId("a"), CellId("b"))))
        await ada.until(lambda _: ada.text("a"))
        pid = ada.state.kernel.pid
        await ada.done(op.Interrupt())
        await ada.until(lambda state: state.running is None)

        assert [ada.execution(cell).status for cell in "ab"] == ["interrupted", "cancelled"]
        assert await ada.run("c") == ["ok"]
        assert ada.text("c") == "2\n"
        assert ada.state.kernel.pid == pid

    on_stage(tmp_path, story)


def test_a_second_client_answers_what_the_first_ran(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(a="name = input('Name? ')\nprint('Hello', name)")
        ada = await stage.client()
        bob = await stage.client(ada.session, "bob")
        await ada.done(op.RunAll())
        await bob.until(lambda state: state.prompts)
        (prompt,) = bob.state.prompts.values()
        await bob.done(op.AnswerInput(prompt.prompt_id, "Grace"))
        await ada.until(lambda state: state.cells and state.running is None)

        assert ada.text("a").endswith("Hello Grace\n")

    on_stage(tmp_path, story)


def test_restart_and_run_all_begins_with_nothing(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(a="import os\nprint('seen' in globals(), os.getpid())\nseen = True")
        ada = await stage.client()
        await ada.run("a")
        assert await ada.run("a") == ["ok"]
        seen, first = ada.text("a").split()
        assert seen == "True"
        was = ada.state.cells
        await ada.done(op.RestartKernel(run_all=True))
        await ada.until(lambda state: state.cells != was and not state.running and not state.queue)
        seen, second = ada.text("a").split()

        assert (seen, first != second) == ("False", True)
        await until_gone(int(first))

    on_stage(tmp_path, story)


def test_a_kernel_stopped_while_it_starts_is_gone(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(a="print(1)")
        ada = await stage.client()
        for _ in range(3):
            await ada.done(op.RunAll())
            await ada.done(op.StopKernel())
        assert await ada.run("a") == ["ok"]
        while len([each for each in await provider.list() if each.alive]) != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        (kernel,) = [each for each in await provider.list() if each.alive]

        assert kernel.kernel_id == ada.state.kernel.kernel_id

    on_stage(tmp_path, story)


def test_a_kernel_that_dies_says_how_and_the_next_run_has_a_new_one(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        stage.write(
            a="import os, signal\nprint('last words')\nos.kill(os.getpid(), signal.SIGSEGV)",
            b="print('again')",
        )
        ada = await stage.client()

        assert await ada.run("a", "b") == ["died", "aborted"]
        assert ada.text("a") == "last words\n"
        assert ada.state.kernel.cause is not None
        assert ada.state.kernel.cause.signal == "SIGSEGV"
        assert await ada.run("b") == ["ok"]

    on_stage(tmp_path, story)


def test_what_ran_and_waited_goes_on_through_a_crash_of_the_server(tmp_path: Path) -> None:
    async def story(stage: Stage, provider: HostProvider) -> None:
        go = tmp_path / "go"
        stage.write(
            a="import os, time, pathlib\nfor i in range(200): print('line', i)\n"
            f"while not pathlib.Path({os.fspath(go)!r}).exists(): time.sleep(0.01)\n"
            "for i in range(200, 400): print('line', i)",
            b="print('and then')",
        )
        ada = await stage.client()
        await ada.done(op.RunAll())
        await ada.until(lambda _: "line 199\n" in ada.text("a"))
        pid = ada.state.kernel.pid
        await stage.crash()
        go.touch()
        await stage.start()
        await ada.join(await stage.open())
        await ada.until(lambda state: not state.running and not state.queue)

        assert ada.snapshots == 1
        assert ada.text("a") == "".join(f"line {i}\n" for i in range(400))
        assert ada.text("b") == "and then\n"
        assert ada.state.kernel.pid == pid
        await ada.leave()

    on_stage(tmp_path, story)
