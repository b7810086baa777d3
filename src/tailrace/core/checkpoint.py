"""What the `.ipynb` holds, and what happens when somebody else changed it. Rules CHK-1 to CHK-6."""

from msgspec.structs import replace

from tailrace.core.effects import SettleConflict, WriteCheckpoint
from tailrace.core.inputs import Decision
from tailrace.core.turn import refused
from tailrace.protocol.events import CheckpointWritten, ConflictResolved, FileConflicted
from tailrace.protocol.operations import ResolveConflict
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState


def save(state: SessionState) -> Decision:
    if state.checkpoint.conflict is not None:
        return refused(
            "file.conflict",
            "The file was changed by somebody else: choose first which version to keep.",
        )
    return Decision(effects=(WriteCheckpoint(),))


def resolve(state: SessionState, operation: ResolveConflict) -> Decision:
    if state.checkpoint.conflict is None:
        return refused("file.no-conflict", "There is no conflict: it was settled already.")
    return Decision(effects=(SettleConflict(operation.choice),))


def written(state: SessionState, record: Record, event: CheckpointWritten) -> SessionState:
    return replace(
        state,
        checkpoint=replace(state.checkpoint, digest=event.digest, upto=event.upto, at=record.at),
    )


def conflicted(state: SessionState, event: FileConflicted) -> SessionState:
    return replace(state, checkpoint=replace(state.checkpoint, conflict=event.message))


def resolved(state: SessionState, event: ConflictResolved) -> SessionState:
    return replace(state, checkpoint=replace(state.checkpoint, conflict=None))
