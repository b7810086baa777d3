"""What the shell must now do. Never stored: after a crash the state says what is missing.

Each effect is safe to perform twice: the guest knows executions and prompts by id, the
kernel host kernels.
"""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from tailrace.protocol.asked import Asked
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, PromptId


class StartKernelProcess(Struct, frozen=True):
    kernel_id: KernelId
    interpreter: str | None


class StopKernelProcess(Struct, frozen=True):
    kernel_id: KernelId
    kill: bool


class SendInterrupt(Struct, frozen=True):
    kernel_id: KernelId


class StartExecution(Struct, frozen=True):
    execution_id: ExecutionId
    cell_id: CellId
    source: str
    asked: Asked | UnsetType = UNSET


class SendInput(Struct, frozen=True):
    """`value` null cancels the prompt."""

    prompt_id: PromptId
    value: str | None


class OpenKernelComm(Struct, frozen=True):
    comm_id: CommId
    target: str
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...]
    message_id: str | UnsetType = UNSET


class SendKernelComm(Struct, frozen=True):
    comm_id: CommId
    data: dict[str, Any]
    metadata: dict[str, Any]
    buffers: tuple[bytes, ...]
    message_id: str | UnsetType = UNSET


class CloseKernelComm(Struct, frozen=True):
    comm_id: CommId
    data: dict[str, Any]
    message_id: str | UnsetType = UNSET


class WriteCheckpoint(Struct, frozen=True):
    """Write the file now, not when the timer says."""


class SettleConflict(Struct, frozen=True):
    choice: str


Effect = (
    StartKernelProcess
    | StopKernelProcess
    | SendInterrupt
    | StartExecution
    | SendInput
    | OpenKernelComm
    | SendKernelComm
    | CloseKernelComm
    | WriteCheckpoint
    | SettleConflict
)
