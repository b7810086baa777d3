"""Output events, put to the execution they belong to. Rules OUT-36 to OUT-39.

Output may come after its cell has finished: a thread goes on printing. It belongs to its
execution as long as the state holds that one; afterwards it is in the log only.
"""

from typing import NamedTuple

from msgspec.structs import replace

from tailrace.core.collapse import collapse
from tailrace.core.outputs import (
    append_display,
    append_error,
    append_text,
    cleared,
    next_item_line,
    next_text_line,
    with_display_updated,
)
from tailrace.protocol.events import (
    DisplayAppended,
    DisplayUpdated,
    ErrorAppended,
    Event,
    ExecutionLoaded,
    OutputsCleared,
    TextAppended,
)
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.outputs import Output, Outputs, StreamOutput
from tailrace.protocol.reports import Clear, Display, DisplayUpdate, Error, Text
from tailrace.protocol.state import SessionState

OwnedEvent = TextAppended | DisplayAppended | ErrorAppended | OutputsCleared


def fact_of(report: Text | Display | DisplayUpdate | Clear | Error) -> tuple[Event, ...]:
    """What is recorded of an output report; nothing of an empty text."""
    match report:
        case Text():
            text = collapse(report.text)
            return (TextAppended(report.execution_id, report.stream, text),) if text else ()
        case Display():
            return (
                DisplayAppended(
                    execution_id=report.execution_id,
                    data=report.data,
                    metadata=report.metadata,
                    display_id=report.display_id,
                    execution_count=report.execution_count,
                ),
            )
        case DisplayUpdate():
            return (DisplayUpdated(report.display_id, report.data, report.metadata),)
        case Clear():
            return (OutputsCleared(report.execution_id, report.wait),)
        case Error():
            return (
                ErrorAppended(report.execution_id, report.name, report.message, report.traceback),
            )


def added(state: SessionState, event: OwnedEvent) -> SessionState:
    execution = state.executions.get(event.execution_id)
    if execution is None:
        return state
    before = execution.outputs
    outputs: Outputs
    match event:
        case TextAppended():
            outputs = append_text(before, event.stream, event.text)
        case DisplayAppended():
            outputs = append_display(
                before, event.data, event.metadata, event.display_id, event.execution_count
            )
        case ErrorAppended():
            outputs = append_error(before, event.name, event.message, event.traceback)
        case OutputsCleared():
            outputs = cleared(before, wait=event.wait)
    executions = state.executions.copy()
    executions[event.execution_id] = replace(execution, outputs=outputs)
    return replace(state, executions=executions)


def updated(state: SessionState, event: DisplayUpdated) -> SessionState:
    changed = {}
    for execution_id, execution in state.executions.items():
        if execution.outputs.items:
            outputs = with_display_updated(
                execution.outputs, event.display_id, event.data, event.metadata
            )
            if outputs is not execution.outputs:
                changed[execution_id] = replace(execution, outputs=outputs)
    return replace(state, executions={**state.executions, **changed}) if changed else state


def _lines_at_most(item: Output) -> int:
    return (item.head + item.tail).count("\n") + 1 if isinstance(item, StreamOutput) else 1


class Span(NamedTuple):
    """Lines `line` to `line + lines` of an execution's transcript."""

    execution_id: ExecutionId
    line: int
    lines: int


def transcript_span(state_before: SessionState, event: Event) -> Span | None:
    """Where in its execution's transcript an output event stands, for the log's index.

    None where it has no place: not an output, or of an execution that was superseded.
    """
    if isinstance(event, ExecutionLoaded):
        return Span(event.execution_id, 0, sum(map(_lines_at_most, event.outputs)))
    if not isinstance(event, TextAppended | DisplayAppended | ErrorAppended | OutputsCleared):
        return None
    execution = state_before.executions.get(event.execution_id)
    if execution is None:
        return None
    outputs = execution.outputs
    if isinstance(event, TextAppended):
        lines = event.text.count("\n")
        if event.text and not event.text.endswith("\n"):
            lines += 1
        return Span(event.execution_id, next_text_line(outputs, event.stream), lines)
    line = next_item_line(outputs)
    return Span(event.execution_id, line, 0 if isinstance(event, OutputsCleared) else 1)
