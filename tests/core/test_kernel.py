"""A kernel's life, and what it takes with it."""

import pytest

from tailrace.core.effects import StartKernelProcess, StopKernelProcess
from tailrace.core.kernel import KILLED, NEXT, lived
from tailrace.core.step import effects_on_open
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.events import (
    KernelDied,
    KernelInterrupted,
    KernelRequested,
    KernelStarted,
    KernelStopped,
)
from tailrace.protocol.ids import KernelId
from tailrace.protocol.operations import RestartKernel, StartKernel, StopKernel
from tailrace.protocol.reports import Died, InputRequest, Text
from tailrace.protocol.state import Kernel, SessionState

from .session import Session, kinds, refusal

CAUSE = DeathCause("signalled", "The kernel was killed.", signal="SIGKILL")


def test_a_kernel_is_started_once() -> None:  # KRN-4
    session = Session()

    assert kinds(session.ask(StartKernel("/venv"))) == ["KernelRequested"]
    assert refusal(session.ask(StartKernel())) == "kernel.alive"
    session.attach()
    assert refusal(session.ask(StartKernel())) == "kernel.alive"
    assert session.state.kernel.interpreter == "/venv"


def test_the_notebooks_interpreter_counts_where_none_is_named() -> None:  # KRN-3
    session = Session()
    session.interpreter = "/notebook/venv"
    session.run("a")

    assert session.taken() == [StartKernelProcess(session.kernel_id, "/notebook/venv")]


def test_a_link_that_comes_up_again_says_nothing_new() -> None:  # KRN-5
    session = Session().started("a")

    assert kinds(session.attach(running=session.state.running)) == []


def test_a_death_ends_what_runs_and_what_waits_and_starts_nothing() -> None:  # KRN-8, KRN-7
    session = Session().started("a", "b")
    session.taken()

    decision = session.hear(Died(0, session.kernel_id, CAUSE))

    assert kinds(decision) == ["ExecutionFinished", "ExecutionFinished", "KernelDied"]
    assert (session.phase("a"), session.phase("b")) == ("died", "aborted")
    assert (session.state.kernel.phase, session.state.kernel.cause) == ("dead", CAUSE)
    assert session.taken() == []
    assert kinds(session.hear(Died(0, session.kernel_id, CAUSE))) == []


def test_the_next_run_after_a_death_asks_for_a_new_kernel() -> None:  # KRN-7
    session = Session().started("a")
    dead = session.kernel_id
    session.hear(Died(0, dead, CAUSE))

    session.run("b")

    assert session.kernel_id != dead
    assert session.state.kernel.phase == "starting"
    assert session.state.kernel.cause is None


def test_a_kernel_that_never_came_up_is_dead_too() -> None:  # KRN-8
    session = Session()
    session.run("a")
    session.hear(Died(0, session.kernel_id, DeathCause("failed-to-start", "No such file.")))

    assert (session.state.kernel.phase, session.phase("a")) == ("dead", "aborted")


@pytest.mark.parametrize("kill", [False, True])
def test_stopping_interrupts_what_runs_and_cancels_what_waits(kill: bool) -> None:  # KRN-9
    session = Session().started("a", "b")
    kernel_id = session.kernel_id
    session.taken()

    session.ask(StopKernel(kill=kill))

    assert (session.phase("a"), session.phase("b")) == ("interrupted", "cancelled")
    assert session.state.kernel == Kernel()
    assert session.taken() == [StopKernelProcess(kernel_id, kill=kill)]
    assert refusal(session.ask(StopKernel())) == "kernel.none"


def test_a_restart_is_one_kernel_less_and_one_more() -> None:  # KRN-10
    session = Session()
    session.ask(StartKernel("/venv"))
    session.attach()
    session.started("a", "b")
    old = session.kernel_id
    session.taken()

    decision = session.ask(RestartKernel())

    assert kinds(decision)[-2:] == ["KernelStopped", "KernelRequested"]
    assert (session.phase("a"), session.phase("b")) == ("interrupted", "cancelled")
    assert session.taken() == [
        StopKernelProcess(old, kill=False),
        StartKernelProcess(session.kernel_id, "/venv"),
    ]


def test_restart_and_run_all_queues_every_code_cell() -> None:  # KRN-10
    session = Session().started("b")

    session.ask(RestartKernel(run_all=True, interpreter="/other"))

    assert session.queue() == ["a", "b", "c"]
    assert session.state.kernel.interpreter == "/other"
    session.attach()
    assert session.phase("a") == "running"


def test_what_an_old_kernel_still_says_is_passed_over() -> None:  # IDM-3
    session = Session().started("a")
    old, execution_id = session.kernel_id, session.newest("a")
    session.ask(RestartKernel())

    assert kinds(session.hear(Text(9, execution_id, "stdout", "late"), kernel=old)) == []
    assert kinds(session.hear(Died(0, old, CAUSE), kernel=old)) == []
    assert session.state.kernel.received == 0


def test_prompts_go_with_their_kernel() -> None:  # EXE-24
    session = Session().started("a")
    prompt = InputRequest(session.next_seq(), session.newest("a"), "p-1", "? ", False)  # type: ignore[arg-type]
    session.hear(prompt)
    assert session.state.prompts

    session.ask(StopKernel())

    assert session.state.prompts == {}


def test_a_kernel_that_was_asked_for_before_a_crash_is_asked_for_again() -> None:  # EXE-16
    session = Session()
    session.run("a")
    asked = tuple(session.taken())

    assert effects_on_open(session.state) == asked
    session.attach()
    assert effects_on_open(session.state) == ()


def test_what_is_not_in_the_table_changes_nothing() -> None:  # KRN-1
    events = [
        KernelRequested(KernelId("k")),
        KernelStarted(KernelId("k"), 1, "p", "v"),
        KernelInterrupted(KernelId("k"), 1),
        KernelDied(KernelId("k"), CAUSE),
        KernelStopped(KernelId("k"), KILLED),
    ]
    for phase in ("none", "starting", "ready", "dead"):
        kernel_id = None if phase == "none" else KernelId("k")
        state = SessionState(kernel=Kernel(phase=phase, kernel_id=kernel_id))  # type: ignore[arg-type]
        for event in events:
            wanted = NEXT.get((phase, type(event)), phase)  # type: ignore[arg-type]
            assert lived(state, event).kernel.phase == wanted  # type: ignore[arg-type]
            if (phase, type(event)) not in NEXT:
                assert lived(state, event) is state  # type: ignore[arg-type]
