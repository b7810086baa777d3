"""What happened: facts, in the past tense, stored and never edited.

Events are added to, never changed: an old log must stay readable for ever. The wire tag
is the class name in kebab-case, derived, under the key `kind`. Events carry no time and
no author: the record around them does (`records.py`).
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, PromptId
from tailrace.protocol.naming import kebab
from tailrace.protocol.outputs import MimeData, Output, StreamName

ExecutionStatus = Literal["ok", "error", "interrupted", "aborted", "cancelled", "died"]
"""How an execution ended. `aborted`: it was queued behind one that failed.
`cancelled`: someone took it from the queue. `died`: the kernel ended under it."""


class _Event(Struct, frozen=True, tag_field="kind", tag=kebab):
    pass


# ── the document ─────────────────────────────────────────────────────────────


class DocumentCreated(_Event, frozen=True):
    """A document began: `update` holds all of it. A new generation replaces the old one;
    a client whose edits belong to another generation keeps them as a conflict copy."""

    generation: str
    update: bytes


class DocumentUpdated(_Event, frozen=True):
    """One encoded Yjs (v1) update; opaque to the core."""

    generation: str
    update: bytes


# ── executions ───────────────────────────────────────────────────────────────


class ExecutionQueued(_Event, frozen=True):
    """`source` is the text that will run, read from the document when it was asked for.
    It replaces the cell's earlier execution and that one's outputs. `asked` is there when a
    Jupyter client wants it run."""

    execution_id: ExecutionId
    cell_id: CellId
    source: str
    stop_on_error: bool = True
    asked: Asked | UnsetType = UNSET


class ExecutionStarted(_Event, frozen=True):
    """The execution was handed to the kernel."""

    execution_id: ExecutionId


class ExecutionFinished(_Event, frozen=True):
    """`took_ms` is measured in the kernel (monotonic), null where it never ran.
    `expressions` are the values of those that a Jupyter client asked for."""

    execution_id: ExecutionId
    status: ExecutionStatus
    execution_count: int | None = None
    took_ms: float | None = None
    expressions: dict[str, Any] | UnsetType = UNSET


class ExecutionLoaded(_Event, frozen=True):
    """A finished execution known only from the notebook file: its count and outputs."""

    execution_id: ExecutionId
    cell_id: CellId
    execution_count: int | None
    outputs: tuple[Output, ...]


# ── outputs ──────────────────────────────────────────────────────────────────


class TextAppended(_Event, frozen=True):
    """Text one execution wrote. It may hold `\\r`, backspace and ANSI escapes."""

    execution_id: ExecutionId
    stream: StreamName
    text: str


class DisplayAppended(_Event, frozen=True):
    """A MIME bundle was shown; with `execution_count` it is the cell's result."""

    execution_id: ExecutionId
    data: MimeData
    metadata: dict[str, Any]
    display_id: str | None = None
    execution_count: int | None = None


class DisplayUpdated(_Event, frozen=True):
    """Every display with this id, in any cell, now shows this bundle."""

    display_id: str
    data: MimeData
    metadata: dict[str, Any]


class ErrorAppended(_Event, frozen=True):
    """An exception was shown."""

    execution_id: ExecutionId
    name: str
    message: str
    traceback: tuple[str, ...]


class OutputsCleared(_Event, frozen=True):
    """The cell cleared its outputs: now, or when the next one comes (`wait`)."""

    execution_id: ExecutionId
    wait: bool


class OutputsDiscarded(_Event, frozen=True):
    """A person cleared the outputs of these cells. Running cells keep their execution."""

    cell_ids: tuple[CellId, ...]


class InputRequested(_Event, frozen=True):
    """The kernel waits in `input()` or `getpass()`. Any client may answer."""

    execution_id: ExecutionId
    prompt_id: PromptId
    prompt: str
    password: bool


class InputAnswered(_Event, frozen=True):
    """`value` is null for a password (it is not recorded) and for a cancelled prompt."""

    prompt_id: PromptId
    value: str | None
    cancelled: bool = False


# ── the kernel ───────────────────────────────────────────────────────────────


class KernelRequested(_Event, frozen=True):
    """A kernel is being started. `interpreter` null: the server's own environment."""

    kernel_id: KernelId
    interpreter: str | None = None


class KernelStarted(_Event, frozen=True):
    """The kernel shook hands."""

    kernel_id: KernelId
    pid: int
    python: str
    version: str


class KernelInterrupted(_Event, frozen=True):
    """SIGINT was asked for. `attempt` counts within one execution, from 1; at 3 the page
    offers to kill the kernel."""

    kernel_id: KernelId
    attempt: int


class KernelDied(_Event, frozen=True):
    """The kernel ended unasked. What was running is `died`, what was queued `aborted`."""

    kernel_id: KernelId
    cause: DeathCause


class KernelStopped(_Event, frozen=True):
    """The kernel ended because someone, or a policy, asked for it."""

    kernel_id: KernelId
    reason: str


# ── comms ────────────────────────────────────────────────────────────────────


class CommOpened(_Event, frozen=True):
    comm_id: CommId
    target: str
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...]
    from_kernel: bool
    message_id: str | UnsetType = UNSET


class CommMessaged(_Event, frozen=True):
    """`message_id` is there when its sender waits for `CommHandled`."""

    comm_id: CommId
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...]
    from_kernel: bool
    message_id: str | UnsetType = UNSET


class CommClosed(_Event, frozen=True):
    comm_id: CommId
    data: dict[str, Any]
    from_kernel: bool
    message_id: str | UnsetType = UNSET


class CommHandled(_Event, frozen=True):
    """The kernel has handled a comm's message, and what that printed stands before this."""

    message_id: str


# ── the debugger ─────────────────────────────────────────────────────────────


class DebuggerReported(_Event, frozen=True):
    """An event of the kernel's debugger: the whole message of the debug adapter protocol."""

    message: dict[str, Any]


# ── the file ─────────────────────────────────────────────────────────────────


class CheckpointWritten(_Event, frozen=True):
    """The `.ipynb` now holds everything up to and including record `upto`. `digest` is
    the SHA-256 of the file's bytes."""

    digest: str
    upto: int


class FileConflicted(_Event, frozen=True):
    """The file changed on disk while the document had unsaved edits. Nothing is written
    until someone chooses. `digest` is what stands on disk."""

    digest: str
    message: str


class ConflictResolved(_Event, frozen=True):
    """`mine`: the file was overwritten. `theirs`: the document took the file's content.
    `copy`: the document went to `copy_path` and then took the file's content."""

    choice: Literal["mine", "theirs", "copy"]
    copy_path: str | None = None


Event = (
    DocumentCreated
    | DocumentUpdated
    | ExecutionQueued
    | ExecutionStarted
    | ExecutionFinished
    | ExecutionLoaded
    | TextAppended
    | DisplayAppended
    | DisplayUpdated
    | ErrorAppended
    | OutputsCleared
    | OutputsDiscarded
    | InputRequested
    | InputAnswered
    | KernelRequested
    | KernelStarted
    | KernelInterrupted
    | KernelDied
    | KernelStopped
    | CommOpened
    | CommMessaged
    | CommClosed
    | CommHandled
    | DebuggerReported
    | CheckpointWritten
    | FileConflicted
    | ConflictResolved
)
