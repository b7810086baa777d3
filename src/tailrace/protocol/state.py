"""The session as a value: everything a client needs to draw the notebook, but its sources.

Folded from the log's records by `evolve`, here and in the browser
(`web/src/core/fold.ts`); the cases under `fixtures/folds/` keep the two equal. The
sources are in the document, which is opaque here.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.events import ExecutionStatus
from tailrace.protocol.ids import (
    CellId,
    CommId,
    ExecutionId,
    KernelId,
    OperationId,
    PromptId,
)
from tailrace.protocol.outputs import Outputs


class Execution(Struct, frozen=True):
    """One run of one cell. Times are the records' stamps (UTC seconds)."""

    execution_id: ExecutionId
    cell_id: CellId
    phase: Literal["queued", "running", "finished"]
    source: str | None
    stop_on_error: bool
    actor: str
    status: ExecutionStatus | None = None
    execution_count: int | None = None
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    took_ms: float | None = None
    outputs: Outputs = Outputs()
    asked: Asked | UnsetType = UNSET


class Prompt(Struct, frozen=True):
    prompt_id: PromptId
    execution_id: ExecutionId
    prompt: str
    password: bool


class Kernel(Struct, frozen=True):
    """`received` is the guest's number up to which its reports are in the log.
    `interrupts` counts SIGINTs since the running execution started."""

    phase: Literal["none", "starting", "ready", "dead"] = "none"
    kernel_id: KernelId | None = None
    interpreter: str | None = None
    pid: int | None = None
    python: str | None = None
    version: str | None = None
    received: int = 0
    interrupts: int = 0
    cause: DeathCause | None = None


class Comm(Struct, frozen=True):
    """A comm and what a late joiner needs of it: for widgets, the open message's data with
    later `update` states merged in."""

    comm_id: CommId
    target: str
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...] = ()


class Checkpoint(Struct, frozen=True):
    """What the file holds. `conflict` is a sentence while the file and the document differ
    by edits on both sides."""

    digest: str | None = None
    upto: int = 0
    at: float | None = None
    conflict: str | None = None


class SessionState(Struct, frozen=True):
    """`cells` names the newest execution of each cell; only those, and the queued ones, are
    kept in `executions`. `queue` is in order of running and does not hold `running`.
    `answered` are the newest operation ids, oldest first (not sent to clients)."""

    sequence: int = 0
    generation: str | None = None
    executions: dict[ExecutionId, Execution] = field(default_factory=dict)
    cells: dict[CellId, ExecutionId] = field(default_factory=dict)
    queue: tuple[ExecutionId, ...] = ()
    running: ExecutionId | None = None
    kernel: Kernel = Kernel()
    prompts: dict[PromptId, Prompt] = field(default_factory=dict)
    comms: dict[CommId, Comm] = field(default_factory=dict)
    checkpoint: Checkpoint = Checkpoint()
    answered: tuple[OperationId, ...] = ()
