"""Kernel: one running interpreter, as the session sees it.

What it says goes into a `ReportSink` (the session's mailbox), in the guest's order. When
the sink is full the kernel stops reading; the guest then fills its own spool and, at
64 MB, waits. Nothing is dropped anywhere.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, PromptId
from tailrace.protocol.reports import Report


class ReportSink(Protocol):
    def put_reports(self, reports: Sequence[Report], size_bytes: int) -> bool:
        """Take these; false asks the kernel to stop until `Kernel.resume` is called."""
        ...


class KernelInfo(Struct, frozen=True):
    """A kernel the host knows. `started_at` is UTC seconds. `alive` false: it ended and
    `cause` says why; it is listed until `forget`."""

    kernel_id: KernelId
    pid: int
    label: str
    python: str
    started_at: float
    alive: bool
    cause: DeathCause | None = None


class Kernel(Protocol):
    @property
    def kernel_id(self) -> KernelId: ...

    def execute(
        self,
        execution_id: ExecutionId,
        cell_id: CellId,
        source: str,
        asked: Asked | None = None,
    ) -> None:
        """Hand over one execution; the guest ignores an id it was handed before."""
        ...

    def acknowledge(self, seq: int) -> None:
        """Everything up to `seq` is in the log; the guest may forget it."""
        ...

    def resume(self) -> None:
        """The sink has room again."""
        ...

    async def interrupt(self) -> None:
        """SIGINT to the kernel and its process group, from its parent."""
        ...

    async def stop(self, *, kill: bool, grace_s: float = 3.0) -> None:
        """End it: ask, then SIGTERM, then SIGKILL after `grace_s`; its children too."""
        ...

    def answer(self, prompt_id: PromptId, value: str | None) -> None:
        """Answer a prompt; null cancels it."""
        ...

    def send_comm(
        self,
        kind: str,
        comm_id: CommId,
        data: dict[str, Any],
        metadata: dict[str, Any],
        buffers: Sequence[bytes],
        target: str = "",
        message_id: str | None = None,
    ) -> None:
        """`kind`: `comm-open`, `comm-message`, `comm-close`. With a `message_id` the kernel
        reports `CommDone` when it has handled it."""
        ...

    async def ask(
        self, kind: str, arguments: dict[str, Any], *, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        """`complete`, `inspect`, `variables`, `usage`, `is-complete`: see docs/spec/kernel.md.

        Raises `KernelUnreachable` when it does not answer in time.
        """
        ...

    async def detach(self) -> None:
        """Let go of the connection; the kernel runs on."""
        ...


class KernelProvider(Protocol):
    """Starts kernels and finds again those that outlived a server."""

    async def start(
        self,
        kernel_id: KernelId,
        sink: ReportSink,
        *,
        interpreter: str | None,
        cwd: str,
        label: str,
        env: dict[str, str] | None = None,
    ) -> Kernel:
        """Start it and attach. Raises `InterpreterUnusable`, `KernelStartFailed`."""
        ...

    async def attach(
        self, kernel_id: KernelId, sink: ReportSink, *, received: int
    ) -> Kernel | None:
        """Attach to a kernel that runs already and have everything after `received` sent.

        If it has died since, what it left is reported first and then `Died`. None when
        nobody knows of it any more: the caller then reports it as lost.
        """
        ...

    async def list(self) -> list[KernelInfo]: ...

    async def relabel(self, kernel_id: KernelId, label: str) -> None:
        """List a living kernel by another label from now on: its notebook was moved."""
        ...

    async def forget(self, kernel_id: KernelId) -> None:
        """List a dead kernel no longer, once its death is in the log."""
        ...

    async def close(self) -> None:
        """Let go of everything; kernels run on."""
        ...
