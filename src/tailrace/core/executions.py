"""Which cell runs, which wait, and how a run ends. Rules EXE-1 to EXE-19.

One execution runs at a time, the others wait in the session's queue: with nobody looking
it goes on by itself. A cell shows its newest execution; an older one is kept only while
it still runs.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from tailrace.core.effects import Effect, StartExecution
from tailrace.core.inputs import CellFacts
from tailrace.core.outputs import EMPTY, loaded
from tailrace.core.turn import Turn
from tailrace.protocol.events import (
    ExecutionFinished,
    ExecutionLoaded,
    ExecutionQueued,
    ExecutionStarted,
    ExecutionStatus,
    OutputsDiscarded,
)
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.operations import RunCode
from tailrace.protocol.records import Record
from tailrace.protocol.reports import Attached, Finished
from tailrace.protocol.state import Execution, SessionState

CONSOLE_CELLS = 32
"""Executions of no cell of the notebook are kept under names of their own, in turn: so many
of the newest. The log has all of them."""

# ── decide ───────────────────────────────────────────────────────────────────


def queue_cells(turn: Turn, cells: Iterable[CellFacts], *, stop_on_error: bool) -> None:
    """Queue the code cells among `cells`; one that waits already takes its new source."""
    made = 0
    for cell in cells:
        if cell.kind != "code":
            continue
        waiting = _waiting(turn.state, cell.cell_id)
        if waiting is None:
            execution_id = ExecutionId(f"{turn.stamped.seed}-{made}")
            made += 1
        elif waiting.source != cell.source or waiting.stop_on_error != stop_on_error:
            execution_id = waiting.execution_id
        else:
            continue
        turn.happened(
            ExecutionQueued(
                execution_id=execution_id,
                cell_id=cell.cell_id,
                source=cell.source,
                stop_on_error=stop_on_error,
            )
        )


def queue_code(turn: Turn, operation: RunCode) -> None:
    """Queue a source that a client brought along; each time is an execution of its own."""
    cell_id = operation.cell_id
    if cell_id is None:
        cell_id = CellId(f"console-{turn.state.sequence % CONSOLE_CELLS}")
    turn.happened(
        ExecutionQueued(
            execution_id=ExecutionId(f"{turn.stamped.seed}-0"),
            cell_id=cell_id,
            source=operation.source,
            stop_on_error=operation.stop_on_error,
            asked=operation.asked,
        )
    )


def start_next(turn: Turn) -> None:
    """Hand over the first of the queue if the kernel is ready and nothing runs."""
    state = turn.state
    if state.running is None and state.queue and state.kernel.phase == "ready":
        turn.happened(ExecutionStarted(execution_id=state.queue[0]))


def end_queued(turn: Turn, status: ExecutionStatus) -> None:
    end_executions(turn, turn.state.queue, status)


def end_executions(
    turn: Turn, execution_ids: Sequence[ExecutionId], status: ExecutionStatus
) -> None:
    for execution_id in execution_ids:
        turn.happened(ExecutionFinished(execution_id=execution_id, status=status))


def end_all(turn: Turn, *, running: ExecutionStatus, queued: ExecutionStatus) -> None:
    """The kernel is gone: end what it was doing, and what waited for it."""
    if turn.state.running is not None:
        end_executions(turn, (turn.state.running,), running)
    end_queued(turn, queued)


def finish(turn: Turn, report: Finished) -> None:
    """The kernel ended an execution; one that the session does not wait for is passed over."""
    running = turn.state.running
    if running is None or report.execution_id != running:
        return
    stop_on_error = turn.state.executions[running].stop_on_error
    turn.happened(
        ExecutionFinished(
            execution_id=running,
            status=report.status,
            execution_count=report.execution_count,
            took_ms=report.took_ms,
            expressions=report.expressions,
        )
    )
    if report.status != "ok" and stop_on_error:
        end_queued(turn, "aborted")
    start_next(turn)


def _waiting(state: SessionState, cell_id: CellId) -> Execution | None:
    newest = state.executions.get(state.cells.get(cell_id, ExecutionId("")))
    return newest if newest is not None and newest.phase == "queued" else None


# ── evolve ───────────────────────────────────────────────────────────────────


def queued(state: SessionState, record: Record, event: ExecutionQueued) -> SessionState:
    executions = dict(state.executions)
    known = executions.get(event.execution_id)
    if known is not None:
        if known.phase != "queued":
            return state
        executions[event.execution_id] = replace(
            known, source=event.source, stop_on_error=event.stop_on_error
        )
        return replace(state, executions=executions)
    _forget(executions, state, state.cells.get(event.cell_id))
    executions[event.execution_id] = Execution(
        execution_id=event.execution_id,
        cell_id=event.cell_id,
        phase="queued",
        source=event.source,
        stop_on_error=event.stop_on_error,
        actor=record.actor,
        queued_at=record.at,
        asked=event.asked,
    )
    return replace(
        state,
        executions=executions,
        cells={**state.cells, event.cell_id: event.execution_id},
        queue=(*state.queue, event.execution_id),
    )


def started(state: SessionState, record: Record, event: ExecutionStarted) -> SessionState:
    execution = state.executions.get(event.execution_id)
    if execution is None or execution.phase != "queued":
        return state
    return replace(
        state,
        executions={
            **state.executions,
            event.execution_id: replace(execution, phase="running", started_at=record.at),
        },
        queue=_without(state.queue, event.execution_id),
        running=event.execution_id,
        kernel=replace(state.kernel, interrupts=0),
    )


def finished(state: SessionState, record: Record, event: ExecutionFinished) -> SessionState:
    execution = state.executions.get(event.execution_id)
    if execution is None or execution.phase == "finished":
        return state
    executions = dict(state.executions)
    if state.cells.get(execution.cell_id) == event.execution_id:
        executions[event.execution_id] = replace(
            execution,
            phase="finished",
            status=event.status,
            execution_count=event.execution_count,
            finished_at=record.at,
            took_ms=event.took_ms,
        )
    else:
        del executions[event.execution_id]
    prompts = state.prompts
    if any(prompt.execution_id == event.execution_id for prompt in prompts.values()):
        prompts = {
            prompt_id: prompt
            for prompt_id, prompt in prompts.items()
            if prompt.execution_id != event.execution_id
        }
    return replace(
        state,
        executions=executions,
        queue=_without(state.queue, event.execution_id),
        running=None if state.running == event.execution_id else state.running,
        prompts=prompts,
    )


def loaded_from_file(state: SessionState, record: Record, event: ExecutionLoaded) -> SessionState:
    """A cell that already runs or waits here knows better than the file."""
    newest = state.executions.get(state.cells.get(event.cell_id, ExecutionId("")))
    if newest is not None and newest.phase != "finished":
        return state
    executions = dict(state.executions)
    _forget(executions, state, state.cells.get(event.cell_id))
    executions[event.execution_id] = Execution(
        execution_id=event.execution_id,
        cell_id=event.cell_id,
        phase="finished",
        source=None,
        stop_on_error=True,
        actor=record.actor,
        execution_count=event.execution_count,
        outputs=loaded(event.outputs),
    )
    return replace(
        state,
        executions=executions,
        cells={**state.cells, event.cell_id: event.execution_id},
    )


def discarded(state: SessionState, event: OutputsDiscarded) -> SessionState:
    """A finished execution goes; one that runs or waits stays, with nothing shown."""
    executions = dict(state.executions)
    cells = dict(state.cells)
    for cell_id in event.cell_ids:
        execution = executions.get(cells.get(cell_id, ExecutionId("")))
        if execution is None:
            continue
        if execution.phase == "finished":
            del executions[execution.execution_id]
            del cells[cell_id]
        else:
            executions[execution.execution_id] = replace(
                execution,
                outputs=replace(
                    EMPTY,
                    next_index=execution.outputs.next_index,
                    next_line=execution.outputs.next_line,
                ),
            )
    return replace(state, executions=executions, cells=cells)


def _forget(
    executions: dict[ExecutionId, Execution],
    state: SessionState,
    execution_id: ExecutionId | None,
) -> None:
    """Drop a superseded execution, unless it runs or waits: then its end drops it."""
    if execution_id is None or execution_id == state.running or execution_id in state.queue:
        return
    executions.pop(execution_id, None)


def _without(queue: tuple[ExecutionId, ...], execution_id: ExecutionId) -> tuple[ExecutionId, ...]:
    if execution_id not in queue:
        return queue
    return tuple(other for other in queue if other != execution_id)


# ── effects ──────────────────────────────────────────────────────────────────


def hand_over(state: SessionState, execution_id: ExecutionId | None) -> tuple[Effect, ...]:
    """What gives the execution to the kernel; nothing if it is over."""
    if execution_id is None or execution_id != state.running:
        return ()
    execution = state.executions[execution_id]
    return (
        StartExecution(
            execution_id=execution_id,
            cell_id=execution.cell_id,
            source=execution.source or "",
            asked=execution.asked,
        ),
    )


def unknown_to_guest(state: SessionState, attached: Attached) -> tuple[Effect, ...]:
    """The server died between recording a start and handing it over."""
    if state.running is None or state.running in attached.known:
        return ()
    if state.running == attached.running:
        return ()
    return hand_over(state, state.running)
