"""One notebook, many clients: what they ask for happens once, in order, and all see the same."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tailrace.kernels.scripted import (
    Ask,
    Die,
    Empty,
    Fail,
    Hold,
    Say,
    Script,
    ScriptedKernel,
    ScriptedProvider,
    Show,
)
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import LogRecord
from tailrace.protocol import operations as op
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.frames import Refusal
from tailrace.protocol.ids import CellId, KernelId, OperationId
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput
from tailrace.session import resume
from tailrace.session.fanout import Lane
from tailrace.session.session import Session
from tests.session.stage import (
    Client,
    Stage,
    code_cell,
    played,
    settled,
    until,
    without_answered,
    write_cells,
)

SCRIPT: Script = {
    "say": [Say("hello\n")],
    "more": [Say("and more\n")],
    "fail": [Say("before\n"), Fail("ValueError", "no")],
    "hold": [Say("holding\n"), Hold(), Say("let go\n")],
    "ask": [Ask("name? ")],
    "secret": [Ask("password? ", password=True), Say("thanks\n")],
    "die": [Say("last words\n"), Die(DeathCause("signalled", "It crashed.", signal="SIGSEGV"))],
    "lines": [Say(f"line {number}\n") for number in range(300)],
    "replace": [Say("gone\n"), Empty(wait=True), Show({"text/plain": "stays"})],
}


@pytest.fixture(params=["memory", "embedded"])
def log(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def on_stage(
    folder: Path,
    story: Callable[[Stage], Awaitable[None]],
    *,
    log: str = "embedded",
    script: Script = SCRIPT,
) -> None:
    async def play() -> None:
        async with Stage(folder, script, log=log) as stage:
            await story(stage)

    played(play)


def scripted(stage: Stage) -> ScriptedProvider:
    assert isinstance(stage.provider, ScriptedProvider)
    return stage.provider


# ── running ──────────────────────────────────────────────────────────────────


def test_a_cell_runs_and_its_output_is_seen_and_recorded(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()

        assert await ada.run("a") == ["ok"]
        assert ada.text("a") == "hello\n"
        assert ada.state == without_answered(ada.session.state)
        assert ada.session.log.last == ada.state.sequence

    on_stage(tmp_path, story, log=log)


def test_what_waits_runs_in_order_and_one_at_a_time(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="hold", b="say", c="more")
        ada = await stage.client()
        await ada.done(op.RunAll())
        await ada.until(lambda state: state.running and ada.text("a"))

        assert [ada.execution(cell).phase for cell in "abc"] == ["running", "queued", "queued"]
        scripted(stage).release()
        await ada.until(lambda state: not state.running and not state.queue)
        assert [ada.text(cell) for cell in "abc"] == [
            "holding\nlet go\n",
            "hello\n",
            "and more\n",
        ]
        assert [source for _, source in next(iter(scripted(stage).kernels.values())).executed] == [
            "hold",
            "say",
            "more",
        ]

    on_stage(tmp_path, story, log=log)


def test_an_error_ends_what_waits_behind_it(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="fail", b="say")
        ada = await stage.client()

        assert await ada.run("a", "b") == ["error", "aborted"]
        assert isinstance(ada.outputs("a")[-1], ErrorOutput)
        assert await ada.run("a", "b", stop_on_error=False) == ["error", "ok"]

    on_stage(tmp_path, story, log=log)


def test_what_waits_can_be_cancelled_and_what_runs_goes_on(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="hold", b="say", c="more")
        ada = await stage.client()
        await ada.done(op.RunAll())
        await ada.done(op.CancelExecutions((ada.state.cells[CellId("b")],)))
        assert ada.execution("b").status == "cancelled"
        await ada.done(op.CancelExecutions())
        assert ada.execution("c").status == "cancelled"
        await ada.until(lambda _: ada.text("a"))
        scripted(stage).release()
        await ada.until(lambda state: state.running is None)

        assert ada.execution("a").status == "ok"

    on_stage(tmp_path, story)


def test_an_interrupt_ends_the_cell_and_empties_the_queue(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="hold", b="say")
        ada = await stage.client()
        await ada.done(op.RunAll())
        await ada.until(lambda _: ada.text("a"))
        await ada.done(op.Interrupt())
        await ada.until(lambda state: state.running is None)

        assert [ada.execution(cell).status for cell in "ab"] == ["interrupted", "cancelled"]
        assert await ada.run("b") == ["ok"]

    on_stage(tmp_path, story, log=log)


def test_restart_and_run_all_has_a_new_kernel_and_old_output_is_gone(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="more")
        ada = await stage.client()
        await ada.run("a", "b")
        first, was = ada.state.kernel.kernel_id, ada.state.cells
        await ada.done(op.RestartKernel(run_all=True))
        await ada.until(lambda state: state.cells != was and not state.running and not state.queue)

        assert ada.state.kernel.kernel_id != first
        assert [ada.execution(cell).status for cell in "ab"] == ["ok", "ok"]
        await until(lambda: living(scripted(stage)) == [ada.state.kernel.kernel_id])

    on_stage(tmp_path, story)


class SlowProvider(ScriptedProvider):
    """Kernels take their time to start."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.may_start = asyncio.Event()
        self.asked = self.started = 0

    async def start(self, *arguments: Any, **named: Any) -> ScriptedKernel:
        self.asked += 1
        await self.may_start.wait()
        kernel = await super().start(*arguments, **named)
        self.started += 1
        return kernel


def living(provider: ScriptedProvider) -> list[KernelId]:
    return [kernel.kernel_id for kernel in provider.kernels.values() if kernel.cause is None]


@pytest.mark.parametrize("how", [op.StopKernel(), op.RestartKernel(run_all=True)])
def test_a_kernel_that_is_stopped_while_it_starts_is_not_left_behind(
    tmp_path: Path, how: op.Operation
) -> None:
    async def play() -> None:
        provider = SlowProvider(SCRIPT)
        async with Stage(tmp_path, provider=provider) as stage:
            stage.write(a="say")
            ada = await stage.client()
            await ada.done(op.RunAll())
            await until(lambda: provider.asked == 1)
            await ada.done(how)
            provider.may_start.set()
            if isinstance(how, op.RestartKernel):
                await ada.until(lambda state: not state.running and not state.queue)
                assert ada.text("a") == "hello\n"
            kernel_id = ada.state.kernel.kernel_id
            restarted = isinstance(how, op.RestartKernel)
            await until(lambda: provider.started == provider.asked)
            await until(lambda: living(provider) == ([kernel_id] if restarted else []))

    played(play)


def test_a_question_is_answered_by_whoever_is_there(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="ask", b="secret")
        ada = await stage.client()
        bob = await stage.client(ada.session, "bob")
        await ada.done(op.RunCells((CellId("a"),)))
        await bob.until(lambda state: state.prompts)
        (prompt,) = bob.state.prompts.values()
        assert prompt.prompt == "name? "
        await bob.done(op.AnswerInput(prompt.prompt_id, "Grace"))
        await ada.until(lambda state: state.running is None)

        assert ada.text("a").startswith("name? Grace\n")
        assert not ada.state.prompts
        late = await ada.do(op.AnswerInput(prompt.prompt_id, "too late"))
        assert late.refusal is not None
        await ada.done(op.RunCells((CellId("b"),)))
        await bob.until(lambda state: state.prompts)
        (prompt,) = bob.state.prompts.values()
        await bob.done(op.AnswerInput(prompt.prompt_id, "hunter2-canary"))
        await ada.until(lambda state: state.running is None)
        assert ada.text("b").endswith("thanks\n")
        stored = await ada.session.log.read(0)
        assert not any(b"hunter2-canary" in record.body for record in stored)

    on_stage(tmp_path, story, log=log)


def test_clearing_outputs_leaves_running_cells_running(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="hold")
        ada = await stage.client()
        await ada.run("a")
        await ada.done(op.RunCells((CellId("b"),)))
        await ada.until(lambda _: ada.text("b"))
        await ada.done(op.ClearOutputs())

        assert CellId("a") not in ada.state.cells
        assert ada.outputs("b") == ()
        scripted(stage).release()
        await ada.until(lambda state: state.running is None)
        assert ada.text("b") == "let go\n"

    on_stage(tmp_path, story)


def test_a_kernel_that_dies_says_why_and_a_new_one_can_be_had(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="die", b="say")
        ada = await stage.client()

        assert await ada.run("a", "b") == ["died", "aborted"]
        assert ada.text("a") == "last words\n"
        assert ada.state.kernel.cause == DeathCause("signalled", "It crashed.", signal="SIGSEGV")
        assert await ada.run("b") == ["ok"]

    on_stage(tmp_path, story, log=log)


def test_what_was_typed_just_before_is_what_runs(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        bob = await stage.client(ada.session, "bob")
        await ada.type("a", "more")
        assert await ada.run("a") == ["ok"]
        await bob.until(lambda state: state.sequence >= ada.state.sequence)

        assert ada.text("a") == bob.text("a") == "and more\n"
        assert bob.sources() == {"a": "more"}

    on_stage(tmp_path, story)


# ── asked twice, not allowed, too late ───────────────────────────────────────


def test_the_same_operation_twice_is_done_once_and_answered_twice(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        run = op.RunCells((CellId("a"),))
        first, second = await asyncio.gather(ada.do(run, "once"), ada.do(run, "once"))
        await ada.until(lambda state: state.cells and ada.execution("a").phase == "finished")
        third = await ada.do(run, "once")

        assert first.refusal is second.refusal is third.refusal is None
        assert ada.kinds().count("ExecutionQueued") == 1
        await stage.restart()
        ada = await stage.client()
        assert (await ada.do(run, "once")).refusal is None
        assert not ada.state.queue
        assert ada.state.running is None

    on_stage(tmp_path, story, log=log)


@pytest.mark.parametrize(
    ("operation", "needed"),
    [
        (op.RunAll(), "run"),
        (op.Interrupt(), "run"),
        (op.Save(), "edit"),
        (op.ClearOutputs(), "edit"),
    ],
)
def test_who_may_not_is_refused_and_nothing_happens(
    tmp_path: Path, operation: op.Operation, needed: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        may = frozenset({"read", "run", "edit"} - {needed})
        answer = await ada.session.submit(
            OperationId("x"), operation, "client:eve", ada.lane, may=may
        )

        assert answer.refusal == Refusal("auth.forbidden", answer.refusal.message)  # type: ignore[union-attr]
        assert needed in answer.refusal.message  # type: ignore[union-attr]
        assert scripted(stage).kernels == {}

    on_stage(tmp_path, story)


# ── two see the same ─────────────────────────────────────────────────────────


def test_all_clients_see_the_same_whatever_they_speak_and_whenever_they_came(
    tmp_path: Path, log: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="lines", b="replace", c="fail")
        ada = await stage.client()
        bob = await stage.client(ada.session, "bob", encoding="json")
        await ada.run("a", "b", "c")
        eve = await stage.client(ada.session, "eve")
        await bob.until(lambda state: state.sequence >= ada.state.sequence)

        assert ada.state == bob.state == eve.state
        assert ada.records == bob.records
        assert eve.records == []
        (shown,) = ada.outputs("b")
        assert isinstance(shown, DisplayOutput)

    on_stage(tmp_path, story, log=log)


def test_a_lane_that_was_cut_gets_a_snapshot_and_what_follows(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="lines", b="hold")
        ada = await stage.client()
        slow = await stage.client(ada.session, "slow", limit_bytes=2_000)
        slow.stall()
        await ada.run("a")
        answer = await slow.do(op.RunCells((CellId("b"),)))
        assert answer.refusal is None
        await ada.until(lambda state: "holding" in ada.text("b"))
        assert slow.lane.is_cut
        seen = slow.snapshots
        slow.go_on()
        await slow.until(lambda state: state.sequence >= ada.state.sequence)
        scripted(stage).release()
        await slow.until(lambda state: state.running is None)
        await ada.until(lambda state: state.running is None)

        assert slow.snapshots == seen + 1
        assert slow.state == ada.state
        assert slow.text("a") == ada.text("a") == "".join(f"line {n}\n" for n in range(300))

    on_stage(tmp_path, story, log=log)


def test_a_client_that_leaves_while_it_joins_is_not_kept(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        session = await stage.open()
        ada = await stage.client(session)
        await ada.run("a")
        for _ in range(20):
            client = Client(session, "fleeting", "msgpack")
            joining = asyncio.create_task(client.join())
            await asyncio.sleep(0)
            await client.leave()
            joining.cancel()
            await asyncio.gather(joining, return_exceptions=True)
        await ada.done(op.RunCells((CellId("a"),)))

        assert session.clients == 1

    on_stage(tmp_path, story)


# ── coming back ──────────────────────────────────────────────────────────────


async def away(stage: Stage, client: Client, *cells: str) -> None:
    """While `client` is away, somebody else runs these cells."""
    await client.leave()
    other = await stage.client(client.session, "other")
    for cell in cells:
        await other.run(cell)
    await other.leave()


def test_who_was_away_for_a_moment_gets_exactly_what_followed(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="lines")
        ada = await stage.client()
        await ada.run("a")
        had = ada.state.sequence
        await away(stage, ada, "b")
        reads = _counted(ada.session)
        await ada.join()

        assert ada.snapshots == 1
        assert ada.records[-1].sequence > had
        assert ada.text("b") == "".join(f"line {n}\n" for n in range(300))
        assert reads == []  # from memory, not from the log
        await away(stage, ada)
        await ada.join()
        assert ada.snapshots == 1

    on_stage(tmp_path, story, log=log)


@pytest.mark.parametrize("recent_bytes", [resume.RECENT_BYTES, 1])
def test_who_returns_to_a_notebook_that_was_never_changed_has_it_all(
    tmp_path: Path, log: str, recent_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "RECENT_BYTES", recent_bytes)

    async def story(stage: Stage) -> None:
        loaded = [{"output_type": "stream", "name": "stdout", "text": ["from the file\n"]}]
        write_cells(stage.file(), code_cell("a", "say", *loaded), code_cell("b", "more"))
        ada = await stage.client()
        await ada.leave()
        await ada.join()
        assert ada.snapshots == 1
        await ada.leave()
        ada.state = replace(ada.state, sequence=1)
        await ada.join()
        assert ada.snapshots == (1 if recent_bytes > 1 else 2)
        assert ada.text("a") == "from the file\n"
        await ada.run("b")
        assert ada.state == without_answered(ada.session.state)

    on_stage(tmp_path, story, log=log)


def test_who_was_away_longer_gets_it_from_the_log(
    tmp_path: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "RECENT_BYTES", 100)

    async def story(stage: Stage) -> None:
        stage.write(a="say", b="lines")
        ada = await stage.client()
        await ada.run("a")
        await away(stage, ada, "b", "a", "b")
        reads = _counted(ada.session)
        await ada.join()

        assert ada.snapshots == 1
        assert ada.text("b") == "".join(f"line {n}\n" for n in range(300))
        assert reads
        assert ada.state.sequence == ada.session.state.sequence

    on_stage(tmp_path, story, log=log)


@pytest.mark.parametrize("limit", ["TAIL_RECORDS", "TAIL_BYTES"])
def test_who_was_away_too_long_gets_a_snapshot(
    tmp_path: Path, log: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "RECENT_BYTES", 100)
    monkeypatch.setattr(resume, limit, 3)

    async def story(stage: Stage) -> None:
        stage.write(a="say", b="lines")
        ada = await stage.client()
        await ada.run("a")
        await away(stage, ada, "b", "a", "b")
        await ada.join()

        assert ada.snapshots == 2
        assert ada.text("b") == "".join(f"line {n}\n" for n in range(300))

    on_stage(tmp_path, story, log=log)


def test_what_was_compacted_away_comes_as_a_snapshot(
    tmp_path: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "RECENT_BYTES", 100)

    async def story(stage: Stage) -> None:
        stage.write(a="say", b="lines")
        ada = await stage.client()
        await ada.run("a")
        await away(stage, ada, "b", "a")
        actor = ada.session.actor
        await actor.save_snapshot()
        await actor.log.compact(actor.log.last, keep_topics=list(actor.state.executions))
        await ada.join()

        assert actor.log.first > 1
        assert ada.snapshots == 2
        assert ada.text("a") == "hello\n"

    on_stage(tmp_path, story, log=log)


def test_who_has_more_than_there_is_gets_a_snapshot(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        await ada.run("a")
        await ada.leave()
        ada.state = ada.state.__class__(sequence=ada.state.sequence + 1000)
        await ada.join()

        assert ada.snapshots == 2
        assert ada.text("a") == "hello\n"

    on_stage(tmp_path, story, log=log)


def test_who_comes_from_another_history_gets_a_snapshot(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="more")
        ada = await stage.client()
        await ada.run("a")
        assert ada.welcome is not None
        epoch, sequence = ada.welcome.epoch, ada.state.sequence
        await stage.stop()
        for file in stage.log_file(stage.id_of()).parent.glob("log.db*"):
            file.unlink()  # somebody tidied up
        await stage.start()
        session = await stage.open()
        bob = await stage.client(session, "bob")
        await bob.run("a", "b")
        await bob.run("a", "b")
        assert session.state.sequence > sequence
        ada.goodbye = None
        await ada.join(session)

        assert ada.welcome.epoch != epoch
        assert ada.snapshots == 2
        assert ada.state == bob.state

    on_stage(tmp_path, story)


def _counted(session: Session) -> list[int]:
    """The places from which the log is read from now on."""
    reads: list[int] = []
    log = session.log
    read = log.read

    async def counted(after: int, **limits: int) -> list[LogRecord]:
        reads.append(after)
        return await read(after, **limits)

    log.read = counted  # type: ignore[method-assign]
    return reads


# ── when it cannot go on ─────────────────────────────────────────────────────


def test_a_log_that_somebody_else_took_over_ends_the_session_and_the_next_goes_on(
    tmp_path: Path,
) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="more")
        ada = await stage.client()
        await ada.run("a")
        other = await EmbeddedLog.open(stage.log_file(stage.id_of()))
        last = (await other.read(other.last - 1))[0]
        await other.append([LogRecord(other.last + 1, last.at, "nobody", b"")], expected=other.last)
        broken = ada.session
        asked = broken.submit(OperationId("x"), op.RunCells((CellId("b"),)), "client:ada")
        await ada.until(lambda _: ada.goodbye)
        answer = await settled(asked)

        assert ada.goodbye is not None
        assert ada.goodbye.code == "session.failed"
        assert answer.refusal is not None
        assert broken.is_ended
        late = await settled(broken.submit(OperationId("y"), op.Save(), "client:ada"))
        assert late.refusal is not None
        await other.close()

    on_stage(tmp_path, story)


def test_a_session_that_failed_is_opened_again_with_all_that_was_seen(
    tmp_path: Path, log: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="hold", c="more")
        ada = await stage.client()
        await ada.run("a")
        await ada.done(op.RunCells((CellId("b"), CellId("c"))))
        await ada.until(lambda _: ada.text("b"))
        seen = ada.state
        broken = ada.session

        def explode(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        broken.actor._stamp = explode  # type: ignore[method-assign, assignment]
        asked = broken.submit(OperationId("x"), op.RunCells((CellId("a"),)), "client:ada")
        await ada.until(lambda _: ada.goodbye)
        assert (await settled(asked)).refusal is not None
        assert ada.goodbye is not None
        assert ada.goodbye.code == "session.failed"
        session = await stage.open()
        assert session is not broken
        ada.goodbye = None
        await ada.join(session)
        assert ada.state.cells == seen.cells
        scripted(stage).release()
        await ada.until(lambda state: not state.running and not state.queue)

        assert ada.snapshots == 1
        assert ada.text("b") == "holding\nlet go\n"
        assert ada.text("c") == "and more\n"

    on_stage(tmp_path, story, log=log)


def test_who_joins_a_session_that_just_ended_is_told(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        session = await stage.open()
        await session.close()
        lane = Lane(Client(session, "late", "msgpack").name, "msgpack")
        ada = Client(session, "ada", "msgpack")
        await ada.join()

        assert ada.goodbye is not None
        assert not lane.is_closed

    on_stage(tmp_path, story)


def test_a_failed_session_with_a_kernel_goes_on_with_nobody_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.session.directory.SWEEP_S", 0.02)

    async def story(stage: Stage) -> None:
        stage.write(a="hold", b="say")
        ada = await stage.client()
        await ada.done(op.RunAll())
        await ada.until(lambda _: ada.text("a"))
        broken = ada.session
        await ada.leave()

        def explode(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        broken.actor._stamp = explode  # type: ignore[method-assign, assignment]
        await settled(broken.submit(OperationId("x"), op.Interrupt(), "client:ada"))
        await until(lambda: any(s is not broken for s in stage.directory.open_notebooks()))
        scripted(stage).release()
        (session,) = stage.directory.open_notebooks()
        await until(lambda: not session.is_running)
        bob = await stage.client(session, "bob")

        assert bob.text("b") == "hello\n"

    on_stage(tmp_path, story)


def test_a_server_that_ends_lets_nobody_in_behind_its_back(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for name in ("a.ipynb", "b.ipynb", "c.ipynb"):
            stage.write(name, a="say")
        session = await stage.open("a.ipynb")
        await (await stage.client(session)).run("a")
        stage.directory.close()
        openings = [stage.open("b.ipynb"), stage.open("c.ipynb"), stage.open("a.ipynb")]
        await asyncio.gather(*openings, return_exceptions=True)
        async with asyncio.timeout(20):
            await stage._main

    on_stage(tmp_path, story)
