"""The queue: one runs, the others wait, and it goes on by itself."""

from tailrace.core.effects import SendInterrupt, StartExecution, StartKernelProcess
from tailrace.core.inputs import CellFacts
from tailrace.core.step import missing_effects
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.operations import (
    CancelExecutions,
    ClearOutputs,
    Interrupt,
    RunAbove,
    RunAll,
    RunBelow,
)
from tailrace.protocol.reports import Attached, Finished, Text

from .session import Session, kinds, refusal


def test_the_first_run_asks_for_a_kernel_and_waits_for_it() -> None:  # EXE-12, EXE-9
    session = Session()

    decision = session.run("a", "b")

    assert kinds(decision) == ["KernelRequested", "ExecutionQueued", "ExecutionQueued"]
    assert session.taken() == [StartKernelProcess(session.kernel_id, None)]
    assert session.state.running is None
    assert kinds(session.attach()) == ["KernelStarted", "ExecutionStarted"]
    assert session.taken() == [StartExecution(session.newest("a"), CellId("a"), "source of a")]


def test_one_runs_and_the_others_wait_in_order() -> None:  # EXE-1, EXE-9
    session = Session().started("b", "a", "c")

    assert (session.phase("b"), session.queue()) == ("running", ["a", "c"])
    assert kinds(session.finish()) == ["ExecutionFinished", "ExecutionStarted"]
    assert (session.phase("b"), session.phase("a"), session.queue()) == ("ok", "running", ["c"])


def test_cells_without_code_are_passed_over() -> None:  # EXE-3
    session = Session().started("m", "a", "r", "gone", "b")

    assert (session.phase("a"), session.queue()) == ("running", ["b"])
    assert kinds(Session().run("m")) == []


def test_a_cell_that_nobody_has_is_refused() -> None:  # EXE-3
    session = Session()

    assert refusal(session.run("gone")) == "cell.unknown"
    assert refusal(session.ask(RunAbove(CellId("gone")))) == "cell.unknown"
    assert refusal(session.ask(RunBelow(CellId("gone")))) == "cell.unknown"


def test_all_above_and_below_take_the_cells_in_the_documents_order() -> None:  # EXE-2
    everything, above, below = Session(), Session(), Session()

    everything.ask(RunAll())
    above.ask(RunAbove(CellId("c")))
    below.ask(RunBelow(CellId("b")))

    assert everything.queue() == ["a", "b", "c"]
    assert above.queue() == ["a", "b"]
    assert below.queue() == ["b", "c"]


def test_a_waiting_cell_keeps_its_place_and_takes_its_new_source() -> None:  # EXE-4
    session = Session().started("a", "b", "c")
    place = session.state.queue
    assert kinds(session.run("b")) == []

    session.cells = (CellFacts(CellId("b"), "code", "new"),)
    assert kinds(session.run("b")) == ["ExecutionQueued"]

    assert session.state.queue == place
    assert session.state.executions[session.newest("b")].source == "new"


def test_a_cell_named_twice_runs_once() -> None:  # EXE-4
    session = Session()
    session.run("a", "a")

    assert session.queue() == ["a"]


def test_a_running_cell_run_again_runs_a_second_time() -> None:  # EXE-5, EXE-6
    session = Session().started("a")
    first = session.newest("a")

    session.run("a")
    session.hear(Text(session.next_seq(), first, "stdout", "first\n"))

    assert session.newest("a") != first
    assert session.state.executions[session.newest("a")].outputs.items == ()  # EXE-8
    assert session.state.executions[first].outputs.items
    session.finish()
    assert first not in session.state.executions
    assert (session.state.running, session.phase("a")) == (session.newest("a"), "running")


def test_an_error_aborts_what_waits() -> None:  # EXE-10
    session = Session().started("a", "b", "c")

    decision = session.finish("error")

    assert kinds(decision) == ["ExecutionFinished"] * 3
    assert [session.phase(name) for name in "abc"] == ["error", "aborted", "aborted"]
    assert session.state.running is None


def test_an_error_that_shall_not_stop_lets_the_next_run() -> None:  # EXE-10
    session = Session()
    session.run("a", "b", stop_on_error=False)
    session.attach()

    session.finish("error")

    assert (session.phase("a"), session.phase("b")) == ("error", "running")


def test_the_end_of_something_else_is_passed_over() -> None:  # EXE-11
    session = Session().started("a", "b")
    waiting = session.state.queue[0]

    assert kinds(session.hear(Finished(session.next_seq(), waiting, "ok", 1, 1.0))) == []
    assert kinds(session.hear(Finished(99, ExecutionId("other"), "ok", 1, 1.0))) == []
    assert session.phase("a") == "running"


def test_cancelling_takes_executions_from_the_queue() -> None:  # EXE-7
    session = Session().started("a", "b", "c")

    session.ask(CancelExecutions((session.newest("b"), session.newest("a"))))

    assert (session.phase("a"), session.phase("b"), session.queue()) == (
        "running",
        "cancelled",
        ["c"],
    )
    assert refusal(session.ask(CancelExecutions((session.newest("a"),)))) == "execution.not-queued"
    session.ask(CancelExecutions())
    assert session.phase("c") == "cancelled"
    assert kinds(session.ask(CancelExecutions())) == []


def test_an_interrupt_empties_the_queue_and_counts() -> None:  # EXE-13, KRN-6
    session = Session().started("a", "b")
    session.taken()

    assert kinds(session.ask(Interrupt())) == ["ExecutionFinished", "KernelInterrupted"]
    session.ask(Interrupt())

    assert session.phase("b") == "cancelled"
    assert session.state.kernel.interrupts == 2
    assert session.taken() == [SendInterrupt(session.kernel_id)] * 2
    session.finish("interrupted")
    assert refusal(session.ask(Interrupt())) == "kernel.idle"
    session.run("c")
    assert session.state.kernel.interrupts == 0


def test_an_interrupt_before_the_kernel_is_up_only_empties_the_queue() -> None:  # EXE-13
    session = Session()
    assert refusal(session.ask(Interrupt())) == "kernel.none"
    session.run("a")

    assert kinds(session.ask(Interrupt())) == ["ExecutionFinished"]
    session.attach()
    assert session.state.running is None


def test_clearing_forgets_finished_runs_and_empties_running_ones() -> None:  # EXE-15
    session = Session().started("a", "b", "c")
    first = session.state.running
    assert first is not None
    session.hear(Text(session.next_seq(), first, "stdout", "x\ny"))
    session.finish()
    second = session.state.running
    assert second is not None
    session.hear(Text(session.next_seq(), second, "stdout", "x\ny"))

    session.ask(ClearOutputs((CellId("b"), CellId("unknown"))))
    assert session.state.executions[second].outputs.items == ()
    assert session.state.executions[first].outputs.items

    session.ask(ClearOutputs())
    assert set(session.state.cells) == {"b", "c"}
    assert session.phase("b") == "running"
    assert session.queue() == ["c"]
    assert kinds(Session().ask(ClearOutputs())) == []


def test_what_the_guest_never_heard_of_is_handed_over_again() -> None:  # EXE-16
    session = Session().started("a")
    handed = session.taken()[-1:]
    lost = Attached(0, session.kernel_id, 7, "python", "3.12", None, ())

    assert list(missing_effects(session.state, lost)) == handed
    known = Attached(0, session.kernel_id, 7, "python", "3.12", None, (session.newest("a"),))
    assert missing_effects(session.state, known) == ()
    assert kinds(session.hear(lost)) == []


def test_a_report_for_the_second_time_starts_nothing_twice() -> None:  # IDM-3
    session = Session().started("a", "b", "c")
    end = Finished(session.next_seq(), session.newest("a"), "ok", 1, 1.0)
    session.hear(end)
    session.taken()

    assert kinds(session.hear(end)) == []
    assert session.taken() == []
    assert session.phase("b") == "running"


def test_times_are_the_stamps_and_the_rest_is_the_kernels() -> None:  # EXE-17
    session = Session().started("a", "b")
    session.finish("error", count=7)

    ran = session.state.executions[session.newest("a")]
    waited = session.state.executions[session.newest("b")]

    assert (ran.execution_count, ran.took_ms) == (7, 2.5)
    assert (ran.queued_at, ran.started_at, ran.finished_at) == (1001.0, 1002.0, 1003.0)
    assert (waited.execution_count, waited.took_ms, waited.started_at) == (None, None, None)
