"""The kernel's life: none → starting → ready → dead or none. Rules KRN-1 to KRN-14.

`NEXT` is the whole of it; an event that does not fit the phase changes nothing. A kernel
that died is never started again by itself: its variables are gone, and whoever looks
must see that.
"""

from typing import Literal

from msgspec.structs import replace

from tailrace.core.effects import (
    Effect,
    SendInterrupt,
    StartKernelProcess,
    StopKernelProcess,
)
from tailrace.core.executions import end_all, start_next
from tailrace.core.turn import Turn
from tailrace.protocol.events import (
    KernelDied,
    KernelInterrupted,
    KernelRequested,
    KernelStarted,
    KernelStopped,
)
from tailrace.protocol.ids import KernelId
from tailrace.protocol.reports import Attached, Died
from tailrace.protocol.state import Kernel, SessionState

Phase = Literal["none", "starting", "ready", "dead"]
KernelEvent = KernelRequested | KernelStarted | KernelInterrupted | KernelDied | KernelStopped

NEXT: dict[tuple[Phase, type[KernelEvent]], Phase] = {
    ("none", KernelRequested): "starting",
    ("dead", KernelRequested): "starting",
    ("starting", KernelStarted): "ready",
    ("ready", KernelInterrupted): "ready",
    ("starting", KernelDied): "dead",
    ("ready", KernelDied): "dead",
    ("starting", KernelStopped): "none",
    ("ready", KernelStopped): "none",
    ("dead", KernelStopped): "none",
}

STOPPED = "stopped"
KILLED = "killed"
RESTARTED = "restarted"

# ── decide ───────────────────────────────────────────────────────────────────


def is_alive(state: SessionState) -> bool:
    return state.kernel.phase in ("starting", "ready")


def request(turn: Turn, interpreter: str | None) -> None:
    """Ask for a kernel: of this interpreter, else the notebook's, else the server's own."""
    turn.happened(
        KernelRequested(
            kernel_id=KernelId(f"k-{turn.stamped.seed}"),
            interpreter=interpreter or turn.stamped.interpreter,
        )
    )


def attach(turn: Turn, report: Attached) -> None:
    """The link is up: for a kernel that was being started this is its first word."""
    if turn.state.kernel.phase == "starting":
        turn.happened(
            KernelStarted(
                kernel_id=report.kernel_id,
                pid=report.pid,
                python=report.python,
                version=report.version,
            )
        )
    start_next(turn)


def die(turn: Turn, report: Died) -> None:
    if is_alive(turn.state):
        end_all(turn, running="died", queued="aborted")
        turn.happened(KernelDied(kernel_id=report.kernel_id, cause=report.cause))


def stop(turn: Turn, reason: str) -> None:
    """End the kernel that is there, whatever its phase; its work was interrupted."""
    kernel_id = turn.state.kernel.kernel_id
    if kernel_id is not None:
        end_all(turn, running="interrupted", queued="cancelled")
        turn.happened(KernelStopped(kernel_id=kernel_id, reason=reason))


def interrupt(turn: Turn) -> None:
    kernel = turn.state.kernel
    if kernel.phase == "ready" and kernel.kernel_id is not None:
        turn.happened(KernelInterrupted(kernel_id=kernel.kernel_id, attempt=kernel.interrupts + 1))


# ── evolve ───────────────────────────────────────────────────────────────────


def lived(state: SessionState, event: KernelEvent) -> SessionState:
    kernel = state.kernel
    phase = NEXT.get((kernel.phase, type(event)))
    if phase is None:
        return state
    if isinstance(event, KernelRequested):
        # Nothing of the kernel before it is left to talk to.
        return replace(
            state,
            kernel=Kernel(phase=phase, kernel_id=event.kernel_id, interpreter=event.interpreter),
            prompts={},
            comms={},
        )
    if event.kernel_id != kernel.kernel_id:
        return state
    match event:
        case KernelStarted():
            return replace(
                state,
                kernel=replace(
                    kernel,
                    phase=phase,
                    pid=event.pid,
                    python=event.python,
                    version=event.version,
                ),
            )
        case KernelInterrupted():
            return replace(state, kernel=replace(kernel, interrupts=event.attempt))
        case KernelDied():
            return replace(
                state, kernel=replace(kernel, phase=phase, cause=event.cause), prompts={}
            )
        case KernelStopped():
            return replace(state, kernel=Kernel(phase=phase), prompts={})


# ── effects ──────────────────────────────────────────────────────────────────


def performed(event: KernelEvent) -> tuple[Effect, ...]:
    match event:
        case KernelRequested():
            return (StartKernelProcess(event.kernel_id, event.interpreter),)
        case KernelInterrupted():
            return (SendInterrupt(event.kernel_id),)
        case KernelStopped():
            return (StopKernelProcess(event.kernel_id, kill=event.reason == KILLED),)
        case KernelStarted() | KernelDied():
            return ()
