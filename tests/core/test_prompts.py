"""`input()` and `getpass()`: a question that anyone may answer, once."""

from tailrace.core.effects import SendInput
from tailrace.core.prompts import BULLETS
from tailrace.protocol.events import InputAnswered
from tailrace.protocol.ids import PromptId
from tailrace.protocol.operations import AnswerInput, CancelInput
from tailrace.protocol.outputs import StreamOutput
from tailrace.protocol.reports import InputDone, InputRequest

from .session import Session, kinds, refusal

P1 = PromptId("p-1")


def asking(*, password: bool = False) -> Session:
    session = Session().started("a")
    session.taken()
    session.hear(InputRequest(session.next_seq(), session.newest("a"), P1, "name? ", password))
    return session


def done(session: Session, value: str | None, *, cancelled: bool = False) -> list[str]:
    report = InputDone(session.next_seq(), session.newest("a"), P1, value, cancelled)
    return kinds(session.hear(report))


def shown(session: Session) -> str:
    (item,) = session.state.executions[session.newest("a")].outputs.items
    assert isinstance(item, StreamOutput)
    return item.head


def test_an_answer_goes_to_the_kernel_and_is_a_fact_when_it_was_taken() -> None:  # EXE-21, EXE-22
    session = asking()

    assert kinds(session.ask(AnswerInput(P1, "Ada"))) == []
    assert session.taken() == [SendInput(P1, "Ada")]
    assert list(session.state.prompts) == [P1]

    assert done(session, "Ada") == ["TextAppended", "InputAnswered"]
    assert shown(session) == "name? Ada\n"
    assert session.records[-1].event == InputAnswered(P1, "Ada")
    assert session.state.prompts == {}


def test_a_password_is_never_recorded() -> None:  # EXE-22
    session = asking(password=True)
    session.ask(AnswerInput(P1, "hunter2"), id="op-1")
    done(session, "hunter2")

    assert shown(session) == f"name? {BULLETS}\n"
    assert "hunter2" not in repr(session.records)
    assert "hunter2" not in repr(session.state)


def test_a_cancelled_prompt_has_no_answer() -> None:  # EXE-22
    session = asking()
    session.ask(CancelInput(P1))
    assert session.taken() == [SendInput(P1, None)]

    done(session, None, cancelled=True)

    assert shown(session) == "name? \n"
    assert session.records[-1].event == InputAnswered(P1, None, cancelled=True)


def test_the_second_of_two_answers_is_refused() -> None:  # EXE-21, EXE-23
    session = asking()
    session.ask(AnswerInput(P1, "Ada"))
    done(session, "Ada")

    assert refusal(session.ask(AnswerInput(P1, "Bob"))) == "prompt.unknown"
    assert refusal(session.ask(CancelInput(P1))) == "prompt.unknown"
    assert done(session, "Bob") == []


def test_prompts_end_with_their_execution() -> None:  # EXE-24
    session = asking()

    session.finish("interrupted")

    assert session.state.prompts == {}
