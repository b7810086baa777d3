"""Why a kernel ended, as far as its parent can prove it."""

from typing import Literal

from msgspec import Struct


class DeathCause(Struct, frozen=True):
    """`message` is a sentence for a person; the other fields are the evidence.

    `out-of-memory` is said only when the cgroup's counter of OOM kills rose during the
    kernel's life. `unknown` is said when the parent itself was lost.
    """

    reason: Literal["stopped", "exited", "signalled", "out-of-memory", "failed-to-start", "unknown"]
    message: str
    exit_code: int | None = None
    signal: str | None = None
