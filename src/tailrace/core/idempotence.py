"""An operation sent twice, after a reconnect say, is done once. Rules IDM-1 to IDM-5.

The ids of the newest operations that left a record are in the state, so the answer is
the same after a crash. Reports are known again by their kernel and the guest's number.
"""

from tailrace.core.inputs import Stamped
from tailrace.protocol.ids import OperationId
from tailrace.protocol.reports import Attached, Died, Report
from tailrace.protocol.state import SessionState

ANSWERED = 1024
"""Operation ids remembered: hours of work of one person, minutes of a very busy room, and
a client repeats only what it sent within its last seconds."""


def is_answered(state: SessionState, stamped: Stamped) -> bool:
    return stamped.operation_id is not None and stamped.operation_id in state.answered


def is_stale(state: SessionState, stamped: Stamped, report: Report) -> bool:
    """Whether `report` comes from a kernel that is not ours any more, or was taken before."""
    kernel = state.kernel
    if kernel.kernel_id is None:
        return True
    if isinstance(report, Attached | Died):
        return report.kernel_id != kernel.kernel_id
    if stamped.actor != f"kernel:{kernel.kernel_id}":
        return True
    return 0 < report.seq <= kernel.received


def with_answered(
    answered: tuple[OperationId, ...], operation_id: OperationId | None
) -> tuple[OperationId, ...]:
    # The records of one operation stand together, so looking at the newest is enough.
    if operation_id is None or (answered and answered[-1] == operation_id):
        return answered
    return (*answered[1 - ANSWERED :], operation_id)
