"""What becomes of kernels when the server ends, and the line that tells the person."""

import asyncio
import logging

from msgspec import Struct

from tailrace.server.application import Application, CloseReason
from tailrace.settings import ExitPolicy, Settings

logger = logging.getLogger("tailrace.server")

PATIENCE_S = 8.0  # a kernel is killed after 3 s; the rest is for a slow machine


class Settled(Struct, frozen=True):
    """`kept` are the paths of notebooks whose kernels go on."""

    policy: ExitPolicy
    stopped: int
    kept: tuple[str, ...]

    def sentence(self) -> str:
        """One line for the terminal; empty when there was no kernel."""
        parts = []
        if self.stopped:
            idle = "idle " if self.policy == "stop-idle" else ""
            parts.append(f"Stopped {_counted(self.stopped, f'{idle}kernel')}.")
        if self.kept:
            named = ", ".join(self.kept[:3]) + (", …" if len(self.kept) > 3 else "")
            parts.append(
                f"{_counted(len(self.kept), 'kernel')} {'goes' if len(self.kept) == 1 else 'go'}"
                f" on without the server: {named}. Start Tailrace again to return to it,"
                " or see `tailrace kernels`."
            )
        return " ".join(parts)


def policy_for(settings: Settings, reason: CloseReason) -> ExitPolicy:
    """Ctrl-C is a person leaving; anything else may be an upgrade or an accident."""
    return settings.on_interrupt if reason == "interrupt" else settings.on_terminate


async def settle_kernels(application: Application, reason: CloseReason) -> Settled:
    """Stop the kernels of this server's notebooks that the policy says, all at once."""
    policy = policy_for(application.settings, reason)
    stopping, kept = [], []
    for notebook in application.directory.open_notebooks():
        if notebook.kernel_id is None:
            continue
        if policy == "stop" or (policy == "stop-idle" and not notebook.is_running):
            stopping.append(notebook)
        else:
            kept.append(notebook.path)
    results = await asyncio.gather(
        *(
            asyncio.wait_for(
                application.stop_kernel(
                    notebook.kernel_id, kill=False, reason="the server was stopped"
                ),
                PATIENCE_S,
            )
            for notebook in stopping
            if notebook.kernel_id is not None
        ),
        return_exceptions=True,
    )
    stopped = 0
    for notebook, result in zip(stopping, results, strict=True):
        if isinstance(result, BaseException):
            logger.error("the kernel of %s would not stop: %r", notebook.path, result)
            kept.append(notebook.path)
        else:
            stopped += 1
    return Settled(policy, stopped, tuple(kept))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
