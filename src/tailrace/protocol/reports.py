"""What a kernel says of itself: the guest's numbered frames, decoded, and its life.

A report that came over the guest's output channel carries the guest's own number
`seq`, from 1 without gaps within one kernel. The session records how far it has
appended; the guest keeps what is newer, so that a server which died can ask for it.
Reports with `seq` 0 are made by the server's side (the host, a lost connection).
"""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from tailrace.protocol.causes import DeathCause
from tailrace.protocol.events import ExecutionStatus
from tailrace.protocol.ids import CommId, ExecutionId, KernelId, PromptId
from tailrace.protocol.naming import kebab
from tailrace.protocol.outputs import StreamName


class _Report(Struct, frozen=True, tag_field="kind", tag=kebab):
    pass


class Text(_Report, frozen=True):
    """`text` is the frame's payload on the wire, not part of its header."""

    seq: int
    execution_id: ExecutionId
    stream: StreamName
    text: str = ""


class Display(_Report, frozen=True):
    seq: int
    execution_id: ExecutionId
    data: dict[str, Any]
    metadata: dict[str, Any]
    display_id: str | None = None
    execution_count: int | None = None


class DisplayUpdate(_Report, frozen=True):
    seq: int
    execution_id: ExecutionId
    display_id: str
    data: dict[str, Any]
    metadata: dict[str, Any]


class Clear(_Report, frozen=True):
    seq: int
    execution_id: ExecutionId
    wait: bool


class Error(_Report, frozen=True):
    seq: int
    execution_id: ExecutionId
    name: str
    message: str
    traceback: tuple[str, ...]


class InputRequest(_Report, frozen=True):
    seq: int
    execution_id: ExecutionId
    prompt_id: PromptId
    prompt: str
    password: bool


class InputDone(_Report, frozen=True):
    """The kernel took an answer, or gave the prompt up (`cancelled`: interrupted, or asked
    to). `value` is null for passwords: they are never sent back."""

    seq: int
    execution_id: ExecutionId
    prompt_id: PromptId
    value: str | None = None
    cancelled: bool = False


class Finished(_Report, frozen=True):
    """Comes on the output channel, after everything the execution's own thread wrote."""

    seq: int
    execution_id: ExecutionId
    status: ExecutionStatus
    execution_count: int | None
    took_ms: float
    expressions: dict[str, Any] | UnsetType = UNSET


class CommOpen(_Report, frozen=True):
    """`buffers` are the frame's payload, cut at the header's `buffer_sizes`."""

    seq: int
    comm_id: CommId
    target: str
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...] = ()


class CommMessage(_Report, frozen=True):
    seq: int
    comm_id: CommId
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...] = ()


class CommClose(_Report, frozen=True):
    seq: int
    comm_id: CommId
    data: dict[str, Any]


class CommDone(_Report, frozen=True):
    """A comm's message that was sent with a `message_id` has been handled."""

    seq: int
    message_id: str


class DebugEvent(_Report, frozen=True):
    """What the debugger says unasked, as in the debug adapter protocol."""

    seq: int
    message: dict[str, Any]


class Attached(_Report, frozen=True):
    """The server's link to the kernel is up. `known` are the executions that the guest
    has ever been handed and still remembers; `running` is the one it is in, if any."""

    seq: int
    kernel_id: KernelId
    pid: int
    python: str
    version: str
    running: ExecutionId | None
    known: tuple[ExecutionId, ...]


class Died(_Report, frozen=True):
    """The process is gone. It comes after every frame the guest could still send."""

    seq: int
    kernel_id: KernelId
    cause: DeathCause


Report = (
    Text
    | Display
    | DisplayUpdate
    | Clear
    | Error
    | InputRequest
    | InputDone
    | Finished
    | CommOpen
    | CommMessage
    | CommClose
    | CommDone
    | DebugEvent
    | Attached
    | Died
)
