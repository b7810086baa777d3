"""What stands under a cell, and where it stands in the transcript."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tailrace.core.outputs import (
    BUDGET,
    EMPTY,
    FIRST,
    NEWEST,
    append_display,
    append_error,
    append_text,
    cleared,
    loaded,
    next_item_line,
    weight_of,
    with_display_updated,
)
from tailrace.core.shown import transcript_span
from tailrace.core.step import evolve
from tailrace.protocol.events import (
    DisplayAppended,
    ErrorAppended,
    Event,
    OutputsCleared,
    TextAppended,
)
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.operations import RunCells
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, Outputs, StreamOutput
from tailrace.protocol.records import Record
from tailrace.protocol.reports import Clear, Display, DisplayUpdate, Error, Text

from .session import Session, kinds


def texts(outputs: Outputs) -> list[str]:
    return [item.head for item in outputs.items if isinstance(item, StreamOutput)]


def display(outputs: Outputs, text: str, display_id: str | None = None) -> Outputs:
    return append_display(outputs, {"text/plain": text}, {}, display_id)


def test_stderr_between_two_prints_keeps_the_three_apart() -> None:  # OUT-20
    outputs = append_text(EMPTY, "stdout", "a")
    outputs = append_text(outputs, "stderr", "b")
    outputs = append_text(outputs, "stdout", "c")
    outputs = append_text(outputs, "stdout", "d")

    assert texts(outputs) == ["a", "b", "cd"]


def test_a_hundred_thousand_displays_leave_the_first_and_the_newest() -> None:  # OUT-24
    outputs = EMPTY
    for number in range(100_000):
        outputs = display(outputs, str(number))

    indices = [item.index for item in outputs.items]
    assert indices == [*range(FIRST), *range(100_000 - NEWEST, 100_000)]
    assert outputs.omitted_items == 100_000 - FIRST - NEWEST
    assert outputs.next_line == 100_000


def test_a_budget_bounds_what_an_execution_holds() -> None:  # OUT-25
    outputs = EMPTY
    for number in range(2_000):
        outputs = append_text(outputs, "stdout", "x" * 50_000)
        outputs = append_text(outputs, "stderr", f"{number}\n")

    assert sum(map(weight_of, outputs.items[:-1])) == outputs.weight <= BUDGET
    assert outputs.items[0].index == 0
    assert outputs.items[-1].index == 3_999
    assert outputs.omitted_items + len(outputs.items) == 4_000


def test_displays_that_grow_by_updates_are_within_the_budget() -> None:  # OUT-25
    outputs = EMPTY
    for _ in range(50):
        outputs = display(outputs, "small", "d")

    outputs = with_display_updated(outputs, "d", {"text/plain": "x" * (BUDGET // 10)}, {})

    assert outputs.weight <= BUDGET
    assert outputs.items[-1].index == 49


def test_an_update_of_nothing_is_nothing() -> None:  # OUT-23
    outputs = display(EMPTY, "x", "d")

    assert with_display_updated(outputs, "other", {}, {}) is outputs


def test_an_endless_message_is_shortened() -> None:  # OUT-26
    outputs = append_error(EMPTY, "E", "m" * 50_000_000, ["\x1b[31mt\x1b[0m" * 5_000] * 1_000)

    (error,) = outputs.items
    assert isinstance(error, ErrorOutput)
    assert weight_of(error) < 1_000_000
    assert "49991808 characters left out" in error.message
    assert len(error.traceback) == 201
    assert error.traceback[100] == "… 800 lines left out …"
    for line in error.traceback:
        assert "\x1b" not in line.replace("\x1b[31m", "").replace("\x1b[0m", "")


def test_a_clear_that_waits_leaves_the_old_until_the_new() -> None:  # OUT-28
    outputs = cleared(append_text(EMPTY, "stdout", "old"), wait=True)
    assert texts(outputs) == ["old"]

    outputs = append_text(outputs, "stdout", "new")

    assert texts(outputs) == ["new"]
    assert not outputs.clear_next
    assert outputs.next_index == 2


def test_lines_count_over_everything_shown() -> None:  # OUT-22
    outputs = append_text(EMPTY, "stdout", "0\n1\n2")
    outputs = display(outputs, "3")
    outputs = append_text(outputs, "stdout", "4\n")
    outputs = append_error(outputs, "5", "", [])
    outputs = append_text(outputs, "stderr", "6")
    outputs = append_text(outputs, "stdout", "7")

    assert [item.start_line for item in outputs.items] == [0, 3, 4, 5, 6, 7]
    assert next_item_line(outputs) == 8


def test_outputs_from_a_file_are_under_the_same_caps() -> None:  # EXE-14
    long = StreamOutput(index=0, name="stdout", head="line\n" * 1_000_000)
    many = [DisplayOutput(index=0, data={}, metadata={}) for _ in range(1_000)]

    outputs = loaded([long, *many])

    assert len(outputs.items) == FIRST + NEWEST
    assert isinstance(outputs.items[0], StreamOutput)
    assert outputs.items[0].omitted_lines > 900_000


# ── in a session ─────────────────────────────────────────────────────────────


def test_reports_become_facts_under_their_cell() -> None:  # OUT-38
    session = Session().started("a")
    execution_id = session.newest("a")

    session.hear(Text(1, execution_id, "stdout", "text\n"))
    session.hear(Display(2, execution_id, {"text/plain": "x"}, {"m": 1}, "d", 3))
    session.hear(Error(3, execution_id, "E", "m", ("t",)))
    session.hear(DisplayUpdate(4, execution_id, "d", {"text/plain": "y"}, {}))
    session.hear(Text(5, execution_id, "stdout", ""))

    items = session.state.executions[execution_id].outputs.items
    assert [type(item).__name__ for item in items] == [
        "StreamOutput",
        "DisplayOutput",
        "ErrorOutput",
    ]
    assert items[1] == DisplayOutput(1, {"text/plain": "y"}, {}, "d", 3, start_line=1)
    session.hear(Clear(6, execution_id, False))
    assert session.state.executions[execution_id].outputs.items == ()
    assert session.state.kernel.received == 6  # IDM-4


def test_a_thread_prints_on_after_its_cell_finished() -> None:  # OUT-36
    session = Session().started("a")
    execution_id = session.newest("a")
    session.finish()

    session.hear(Text(session.next_seq(), execution_id, "stdout", "late\n"))

    assert texts(session.state.executions[execution_id].outputs) == ["late\n"]


def test_output_of_a_superseded_run_is_recorded_and_not_shown() -> None:  # OUT-37
    session = Session().started("a")
    old = session.newest("a")
    session.finish()
    session.ask(RunCells((session.cells[0].cell_id,)))
    before = session.state.executions

    decision = session.hear(Text(session.next_seq(), old, "stdout", "late\n"))

    assert kinds(decision) == ["TextAppended"]
    assert session.state.executions == before
    assert transcript_span(session.state, decision.events[0]) is None


E1 = ExecutionId("s1-0")
output_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        TextAppended,
        st.just(E1),
        st.sampled_from(["stdout", "stderr"]),
        st.text(st.sampled_from("ab\n\r\b"), min_size=1, max_size=12),
    ),
    st.builds(DisplayAppended, st.just(E1), st.just({"text/plain": "x"}), st.just({})),
    st.builds(ErrorAppended, st.just(E1), st.just("E"), st.just("m"), st.just(("t",))),
    st.builds(OutputsCleared, st.just(E1), st.booleans()),
)


@given(st.lists(output_events, max_size=30))
def test_spans_rise_without_gaps_and_items_begin_where_they_say(  # OUT-39, OUT-22
    events: list[Event],
) -> None:
    session = Session().started("a")
    assert session.newest("a") == E1
    state: Any = session.state
    begun = end = 0
    for event in events:
        span = transcript_span(state, event)
        assert span is not None
        before = state.executions[E1].outputs
        state = evolve(state, Record(state.sequence + 1, 0.0, "kernel:k", event))
        after = state.executions[E1].outputs
        assert span.line >= begun
        assert span.line <= end
        if after.next_index > before.next_index:
            assert after.items[-1].start_line == span.line
        begun = span.line
        end = max(end, span.line + span.lines)
        assert after.next_line in (end, end - 1)


def test_a_reference_to_a_large_value_is_a_plain_object() -> None:  # OUT-29
    session = Session().started("a")
    reference = {"kind": "blob", "hash": "h" * 64, "size_bytes": 9, "encoding": "base64"}

    session.hear(Display(1, session.newest("a"), {"image/png": reference}, {}))

    (item,) = session.state.executions[session.newest("a")].outputs.items
    assert isinstance(item, DisplayOutput)
    assert item.data == {"image/png": reference}
