"""One entry of the log: a sequence number, a stamp, and an event."""

from msgspec import Struct

from tailrace.protocol.events import Event
from tailrace.protocol.ids import OperationId


class Record(Struct, frozen=True, array_like=False):
    """`sequence` counts from 1 without gaps within one notebook. `at` is UTC seconds
    since the epoch and a label only: order is by `sequence`.

    `actor` says who caused it: `client:<client_id>`, `agent:<name>`,
    `kernel:<kernel_id>`, `server`.
    `operation_id` is that of the operation it answers, so that one sent twice is known
    again. `received` is the guest's number up to which this record and those before it
    hold everything (0: not from a kernel).
    """

    sequence: int
    at: float
    actor: str
    event: Event
    operation_id: OperationId | None = None
    received: int = 0
