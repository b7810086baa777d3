"""What someone may ask of a session: imperative, may be refused.

Every operation travels with an operation id that its sender makes up. The same id sent
again, after a reconnect say, is answered as before and done once.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from tailrace.protocol.asked import Asked
from tailrace.protocol.ids import CellId, CommId, ExecutionId, PromptId
from tailrace.protocol.naming import kebab


class _Operation(Struct, frozen=True, tag_field="kind", tag=kebab):
    pass


class UpdateDocument(_Operation, frozen=True):
    """Merge one Yjs (v1) update. Refused (`document.generation`) when the sender's
    document is of another generation."""

    generation: str
    update: bytes


class RunCells(_Operation, frozen=True):
    """Queue these cells, in the order given. Cells that hold no code are passed over; a
    cell that already waits in the queue keeps its place. Starts a kernel if there is none."""

    cell_ids: tuple[CellId, ...]
    stop_on_error: bool = True


class RunCode(_Operation, frozen=True):
    """Queue this source as it stands, not as the document has it: a Jupyter client sends
    what its user sees. It is run for the cell named, else for none of the notebook's (then
    it is kept, as in a console). Starts a kernel if there is none."""

    source: str
    cell_id: CellId | None = None
    stop_on_error: bool = True
    asked: Asked | UnsetType = UNSET


class RunAll(_Operation, frozen=True):
    stop_on_error: bool = True


class RunAbove(_Operation, frozen=True):
    """The cells above `cell_id`, not itself."""

    cell_id: CellId
    stop_on_error: bool = True


class RunBelow(_Operation, frozen=True):
    """`cell_id` and the cells below it."""

    cell_id: CellId
    stop_on_error: bool = True


class CancelExecutions(_Operation, frozen=True):
    """Take executions out of the queue: these, or all that wait (null). What already
    runs is interrupted by `Interrupt`, not by this."""

    execution_ids: tuple[ExecutionId, ...] | None = None


class Interrupt(_Operation, frozen=True):
    """Send SIGINT to the kernel and empty the queue."""


class StartKernel(_Operation, frozen=True):
    """Start a kernel if none lives. `interpreter` is a Python executable or a virtual
    environment's folder; null means the notebook's own choice, else the server's."""

    interpreter: str | None = None


class RestartKernel(_Operation, frozen=True):
    """Stop the kernel, start a new one; with `run_all` queue every code cell after it."""

    run_all: bool = False
    interpreter: str | None = None


class StopKernel(_Operation, frozen=True):
    """Stop the kernel; `kill` does not wait for it to agree."""

    kill: bool = False


class AnswerInput(_Operation, frozen=True):
    prompt_id: PromptId
    value: str


class CancelInput(_Operation, frozen=True):
    """Make the waiting `input()` raise KeyboardInterrupt."""

    prompt_id: PromptId


class ClearOutputs(_Operation, frozen=True):
    """Forget the outputs of these cells, or of all (null)."""

    cell_ids: tuple[CellId, ...] | None = None


class Save(_Operation, frozen=True):
    """Write the `.ipynb` now."""


class ResolveConflict(_Operation, frozen=True):
    choice: Literal["mine", "theirs", "copy"]


class OpenComm(_Operation, frozen=True):
    """With a `message_id`, here and below, `CommHandled` says when the kernel is done."""

    comm_id: CommId
    target: str
    data: dict[str, Any]
    metadata: dict[str, Any] = {}
    buffers: tuple[bytes, ...] = ()
    message_id: str | UnsetType = UNSET


class SendComm(_Operation, frozen=True):
    comm_id: CommId
    data: dict[str, Any]
    metadata: dict[str, Any] = {}
    buffers: tuple[bytes, ...] = ()
    message_id: str | UnsetType = UNSET


class CloseComm(_Operation, frozen=True):
    comm_id: CommId
    data: dict[str, Any] = {}
    message_id: str | UnsetType = UNSET


Operation = (
    UpdateDocument
    | RunCells
    | RunCode
    | RunAll
    | RunAbove
    | RunBelow
    | CancelExecutions
    | Interrupt
    | StartKernel
    | RestartKernel
    | StopKernel
    | AnswerInput
    | CancelInput
    | ClearOutputs
    | Save
    | ResolveConflict
    | OpenComm
    | SendComm
    | CloseComm
)
