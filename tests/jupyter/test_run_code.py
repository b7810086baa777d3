"""A source that a client brings along, in the core."""

from typing import Any

from tailrace.core.effects import SendKernelComm, StartExecution
from tailrace.protocol.asked import Asked
from tailrace.protocol.events import CommHandled, DebuggerReported, ExecutionFinished
from tailrace.protocol.ids import CellId, CommId
from tailrace.protocol.operations import RunCode, SendComm
from tailrace.protocol.reports import CommDone, CommOpen, DebugEvent, Finished
from tests.core.session import Session

ASKED = Asked("m-1", session="s-1", user_expressions={"x": "x"})


def ready() -> Session:
    session = Session().started("a")
    session.finish()
    return session


def started_now(session: Session) -> list[StartExecution]:
    return [effect for effect in session.effects if isinstance(effect, StartExecution)]


def test_a_source_runs_as_it_was_sent_for_the_cell_it_names() -> None:  # JUP-1
    session = ready()

    session.ask(RunCode("another source", CellId("a"), asked=ASKED))

    newest = session.state.executions[session.newest("a")]
    assert (newest.source, newest.asked) == ("another source", ASKED)
    assert started_now(session)[-1].asked == ASKED


def test_a_source_of_no_cell_is_kept_as_in_a_console() -> None:  # JUP-1
    session = ready()

    session.ask(RunCode("1+1"))

    assert session.state.running is not None
    cell_id = session.state.executions[session.state.running].cell_id
    assert cell_id not in {cell.cell_id for cell in session.cells}


def test_the_same_cell_waits_as_often_as_it_was_asked_for() -> None:  # JUP-1
    session = Session().started("b")

    for source in ("one", "two", "three"):
        session.ask(RunCode(source, CellId("a")))

    waiting = [session.state.executions[each].source for each in session.state.queue]
    assert waiting == ["one", "two", "three"]
    session.finish()
    assert started_now(session)[-1].source == "one"


def test_the_values_of_expressions_are_recorded_with_the_end() -> None:  # JUP-2
    session = ready()
    session.ask(RunCode("x = 1", asked=ASKED))
    running = session.state.running
    assert running is not None
    values: dict[str, Any] = {"x": {"status": "ok", "data": {"text/plain": "1"}, "metadata": {}}}

    session.hear(Finished(session.next_seq(), running, "ok", 2, 1.0, values))

    ended = session.records[-1].event
    assert isinstance(ended, ExecutionFinished)
    assert ended.expressions == values


def test_a_sender_of_a_comms_message_learns_when_it_was_handled() -> None:  # JUP-3
    session = ready()
    session.hear(CommOpen(session.next_seq(), CommId("w"), "jupyter.widget", {}, {}))

    session.ask(SendComm(CommId("w"), {"method": "custom"}, message_id="m-7"))
    sent = session.effects[-1]
    session.hear(CommDone(session.next_seq(), "m-7"))

    assert isinstance(sent, SendKernelComm)
    assert sent.message_id == "m-7"
    assert session.records[-1].event == CommHandled("m-7")


def test_what_the_debugger_says_is_recorded() -> None:  # JUP-4
    session = ready()
    stopped = {"type": "event", "event": "stopped", "body": {"threadId": 1}}

    session.hear(DebugEvent(session.next_seq(), stopped))

    assert session.records[-1].event == DebuggerReported(stopped)
