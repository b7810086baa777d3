"""The core in three functions: what follows from an input, what state follows from a fact,
what must be done because of it. Three dispatchers and nothing else; the rules are in the
slices, numbered in `docs/spec/core.md`.
"""

from typing import assert_never

from msgspec.structs import replace

from tailrace.core import checkpoint, comms, executions, kernel, prompts, requests, shown
from tailrace.core.effects import Effect, StartKernelProcess
from tailrace.core.idempotence import is_answered, is_stale, with_answered
from tailrace.core.inputs import Decision, Stamped
from tailrace.core.turn import Turn
from tailrace.protocol.events import (
    CheckpointWritten,
    CommClosed,
    CommHandled,
    CommMessaged,
    CommOpened,
    ConflictResolved,
    DebuggerReported,
    DisplayAppended,
    DisplayUpdated,
    DocumentCreated,
    DocumentUpdated,
    ErrorAppended,
    Event,
    ExecutionFinished,
    ExecutionLoaded,
    ExecutionQueued,
    ExecutionStarted,
    FileConflicted,
    InputAnswered,
    InputRequested,
    KernelDied,
    KernelInterrupted,
    KernelRequested,
    KernelStarted,
    KernelStopped,
    OutputsCleared,
    OutputsDiscarded,
    TextAppended,
)
from tailrace.protocol.operations import (
    AnswerInput,
    CancelExecutions,
    CancelInput,
    ClearOutputs,
    CloseComm,
    Interrupt,
    OpenComm,
    Operation,
    ResolveConflict,
    RestartKernel,
    RunAbove,
    RunAll,
    RunBelow,
    RunCells,
    RunCode,
    Save,
    SendComm,
    StartKernel,
    StopKernel,
    UpdateDocument,
)
from tailrace.protocol.records import Record
from tailrace.protocol.reports import (
    Attached,
    Clear,
    CommClose,
    CommDone,
    CommMessage,
    CommOpen,
    DebugEvent,
    Died,
    Display,
    DisplayUpdate,
    Error,
    Finished,
    InputDone,
    InputRequest,
    Report,
    Text,
)
from tailrace.protocol.state import SessionState


def decide(state: SessionState, stamped: Stamped) -> Decision:
    """What follows from an operation or a report, or why nothing does.

    The events are facts about `state` one after the other; nothing has happened until
    they are appended to the log.
    """
    given = stamped.input
    if isinstance(given, Report):
        if is_stale(state, stamped, given):
            return Decision()
        return _reported(state, stamped, given)
    if is_answered(state, stamped):
        return Decision()
    return _asked(state, stamped, given)


def _asked(state: SessionState, stamped: Stamped, operation: Operation) -> Decision:
    turn = Turn(state, stamped, evolve)
    match operation:
        case UpdateDocument():
            return requests.update_document(state, operation)
        case RunCells():
            return requests.run_cells(turn, operation)
        case RunCode():
            return requests.run_code(turn, operation)
        case RunAll():
            return requests.run_all(turn, operation)
        case RunAbove() | RunBelow():
            return requests.run_beside(turn, operation)
        case CancelExecutions():
            return requests.cancel(turn, operation)
        case Interrupt():
            return requests.interrupt(turn)
        case StartKernel():
            return requests.start_kernel(turn, operation)
        case RestartKernel():
            return requests.restart_kernel(turn, operation)
        case StopKernel():
            return requests.stop_kernel(turn, operation)
        case AnswerInput():
            return prompts.answer(state, operation.prompt_id, operation.value)
        case CancelInput():
            return prompts.answer(state, operation.prompt_id, None)
        case ClearOutputs():
            return requests.clear_outputs(state, operation)
        case Save():
            return checkpoint.save(state)
        case ResolveConflict():
            return checkpoint.resolve(state, operation)
        case OpenComm() | SendComm() | CloseComm():
            return comms.asked(state, operation)
        case _:
            assert_never(operation)


def _reported(state: SessionState, stamped: Stamped, report: Report) -> Decision:
    turn = Turn(state, stamped, evolve)
    match report:
        case Text() | Display() | DisplayUpdate() | Clear() | Error():
            return Decision(events=shown.fact_of(report))
        case CommOpen() | CommMessage() | CommClose():
            return Decision(events=(comms.fact_of(report),))
        case CommDone():
            return Decision(events=(CommHandled(report.message_id),))
        case DebugEvent():
            return Decision(events=(DebuggerReported(report.message),))
        case InputRequest():
            prompts.request(turn, report)
        case InputDone():
            prompts.done(turn, report)
        case Finished():
            executions.finish(turn, report)
        case Attached():
            kernel.attach(turn, report)
        case Died():
            kernel.die(turn, report)
        case _:
            assert_never(report)
    return turn.decision()


def evolve(state: SessionState, record: Record) -> SessionState:
    """The state after `record`. An event that does not fit the state changes nothing else."""
    after = _evolved(state, record, record.event)
    received = after.kernel.received
    if record.received > received and record.actor == f"kernel:{after.kernel.kernel_id}":
        return replace(
            after,
            sequence=record.sequence,
            answered=with_answered(after.answered, record.operation_id),
            kernel=replace(after.kernel, received=record.received),
        )
    return replace(
        after,
        sequence=record.sequence,
        answered=with_answered(after.answered, record.operation_id),
    )


def _evolved(state: SessionState, record: Record, event: Event) -> SessionState:
    match event:
        case TextAppended() | DisplayAppended() | ErrorAppended() | OutputsCleared():
            return shown.added(state, event)
        case DisplayUpdated():
            return shown.updated(state, event)
        case DocumentCreated():
            return replace(state, generation=event.generation)
        case DocumentUpdated() | CommHandled() | DebuggerReported():
            return state
        case ExecutionQueued():
            return executions.queued(state, record, event)
        case ExecutionStarted():
            return executions.started(state, record, event)
        case ExecutionFinished():
            return executions.finished(state, record, event)
        case ExecutionLoaded():
            return executions.loaded_from_file(state, record, event)
        case OutputsDiscarded():
            return executions.discarded(state, event)
        case InputRequested():
            return prompts.requested(state, event)
        case InputAnswered():
            return prompts.answered(state, event)
        case (
            KernelRequested()
            | KernelStarted()
            | KernelInterrupted()
            | KernelDied()
            | KernelStopped()
        ):
            return kernel.lived(state, event)
        case CommOpened() | CommMessaged() | CommClosed():
            return comms.changed(state, event)
        case CheckpointWritten():
            return checkpoint.written(state, record, event)
        case FileConflicted():
            return checkpoint.conflicted(state, event)
        case ConflictResolved():
            return checkpoint.resolved(state, event)
        case _:
            assert_never(event)


def effects_of(state_after: SessionState, event: Event) -> tuple[Effect, ...]:
    """What the shell must do because `event` is in the log."""
    match event:
        case ExecutionStarted():
            return executions.hand_over(state_after, event.execution_id)
        case (
            KernelRequested()
            | KernelStarted()
            | KernelInterrupted()
            | KernelDied()
            | KernelStopped()
        ):
            return kernel.performed(event)
        case CommOpened() | CommMessaged() | CommClosed():
            return comms.performed(event)
        case (
            DocumentCreated()
            | DocumentUpdated()
            | ExecutionQueued()
            | ExecutionFinished()
            | ExecutionLoaded()
            | TextAppended()
            | DisplayAppended()
            | DisplayUpdated()
            | ErrorAppended()
            | OutputsCleared()
            | OutputsDiscarded()
            | InputRequested()
            | InputAnswered()
            | CommHandled()
            | DebuggerReported()
            | CheckpointWritten()
            | FileConflicted()
            | ConflictResolved()
        ):
            return ()
        case _:
            assert_never(event)


def missing_effects(state: SessionState, attached: Attached) -> tuple[Effect, ...]:
    """What was recorded but not done when the server died, as the guest's memory shows."""
    if attached.kernel_id != state.kernel.kernel_id or state.kernel.phase != "ready":
        return ()
    return executions.unknown_to_guest(state, attached)


def effects_on_open(state: SessionState) -> tuple[Effect, ...]:
    """What to do for a session read back from its log whose kernel nobody knows of."""
    if state.kernel.phase == "starting" and state.kernel.kernel_id is not None:
        return (StartKernelProcess(state.kernel.kernel_id, state.kernel.interpreter),)
    return ()
