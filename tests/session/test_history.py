"""A cell's earlier executions are found in the log, newest first."""

import asyncio

from tailrace.log.codec import encode_record
from tailrace.log.memory import MemoryLog
from tailrace.protocol.events import (
    Event,
    ExecutionFinished,
    ExecutionQueued,
    ExecutionStarted,
    TextAppended,
)
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.records import Record
from tailrace.session import history
from tailrace.session.history import History, executions_of


def asked(*events: Event, cell: str = "a", page: int = history.PAGE_RECORDS) -> History:
    """The history of `cell` after these events, a second apart, from a log."""

    async def play() -> History:
        log = MemoryLog()
        records = [
            encode_record(Record(number, float(number), f"client:{number}", event))
            for number, event in enumerate(events, 1)
        ]
        await log.append(records, expected=0)
        return await executions_of(log, CellId(cell), page_records=page)

    return asyncio.run(play())


def ran(name: str, cell: str, source: str, *, text: int = 0) -> list[Event]:
    execution = ExecutionId(name)
    return [
        ExecutionQueued(execution, CellId(cell), source),
        ExecutionStarted(execution),
        *(TextAppended(execution, "stdout", "x\n") for _ in range(text)),
        ExecutionFinished(execution, "ok", execution_count=1, took_ms=4.0),
    ]


def test_executions_of_a_cell_come_newest_first_with_their_sources() -> None:  # PAGE-1
    found = asked(*ran("e1", "a", "1"), *ran("e2", "b", "2"), *ran("e3", "a", "3"))

    assert [each.source for each in found.executions] == ["3", "1"]
    oldest = found.executions[-1]
    assert (oldest.queued_at, oldest.started_at, oldest.finished_at) == (1.0, 2.0, 3.0)
    assert (oldest.status, oldest.took_ms, oldest.actor) == ("ok", 4.0, "client:1")
    assert found.complete


def test_what_runs_and_what_waits_is_not_over() -> None:
    found = asked(
        ExecutionQueued(ExecutionId("e1"), CellId("a"), "1"),
        ExecutionStarted(ExecutionId("e1")),
        ExecutionQueued(ExecutionId("e2"), CellId("a"), "2"),
    )

    waits, runs = found.executions
    assert (waits.started_at, waits.status) == (None, None)
    assert (runs.started_at, runs.finished_at) == (2.0, None)


def test_pages_smaller_than_an_execution_lose_none() -> None:
    events = [event for name in "efgh" for event in ran(name, "a", name, text=7)]

    for page in (1, 2, 3, 10):
        found = asked(*events, page=page)
        assert [each.execution_id for each in found.executions] == list("hgfe")
        assert all(each.finished_at for each in found.executions)


def test_more_than_are_shown_are_said_to_be_more() -> None:
    count = history.EXECUTIONS_MOST + 5
    events = [event for number in range(count) for event in ran(f"e{number}", "a", str(number))]

    found = asked(*events)

    assert len(found.executions) == history.EXECUTIONS_MOST
    assert not found.complete
    assert found.executions[0].source == str(count - 1)
