"""What one cell ran before: its executions, newest first, read back from the log.

The state keeps only a cell's newest execution; the log has them all, until it is compacted.
It is read backwards, page by page, until there are enough or `SCAN_BYTES` have been looked
through: a long history must not keep the reading thread from those who page through output.
"""

from msgspec import Struct

from tailrace.log.codec import decode_record
from tailrace.log.event_log import EventLog, LogRecord
from tailrace.protocol.errors import LogGap
from tailrace.protocol.events import (
    ExecutionFinished,
    ExecutionQueued,
    ExecutionStarted,
    ExecutionStatus,
)
from tailrace.protocol.ids import CellId, ExecutionId

EXECUTIONS_MOST = 100
SCAN_BYTES = 128 << 20
PAGE_RECORDS = 4_000

_KINDS = frozenset({"execution-queued", "execution-started", "execution-finished"})


class PastExecution(Struct, frozen=True):
    """Times are the records' stamps (UTC seconds). `status` is null while it is not over."""

    execution_id: ExecutionId
    actor: str
    source: str
    queued_at: float
    started_at: float | None
    finished_at: float | None
    status: ExecutionStatus | None
    execution_count: int | None
    took_ms: float | None


class History(Struct, frozen=True):
    """`complete` is false where older executions may be known to the log and are not here."""

    executions: list[PastExecution]
    complete: bool


async def executions_of(
    log: EventLog, cell_id: CellId, *, page_records: int = PAGE_RECORDS
) -> History:
    """The cell's executions that the log still has, the newest first."""
    found: list[PastExecution] = []
    started: dict[ExecutionId, float] = {}
    finished: dict[ExecutionId, tuple[float, ExecutionFinished]] = {}
    end, scanned = log.last, 0
    while end >= log.first and scanned < SCAN_BYTES and len(found) < EXECUTIONS_MOST:
        begin = max(end - page_records, log.first - 1)
        page, size = await _between(log, begin, end)
        scanned += size
        for stored in reversed(page):
            record = decode_record(stored)
            match record.event:
                case ExecutionStarted(execution_id=execution_id):
                    started[execution_id] = record.at
                case ExecutionFinished(execution_id=execution_id) as event:
                    finished[execution_id] = (record.at, event)
                case ExecutionQueued(execution_id=execution_id) as event:
                    began = started.pop(execution_id, None)
                    ended = finished.pop(execution_id, None)
                    if event.cell_id == cell_id:
                        found.append(_past(event, record.actor, record.at, began, ended))
        end = begin
    return History(found[:EXECUTIONS_MOST], end < log.first and len(found) <= EXECUTIONS_MOST)


async def _between(log: EventLog, after: int, upto: int) -> tuple[list[LogRecord], int]:
    """The records about executions after `after` up to `upto`, and how much was read."""
    found: list[LogRecord] = []
    size = 0
    while after < upto:
        try:
            page = await log.read(after, limit=upto - after)
        except LogGap as gap:  # compacted meanwhile
            after = gap.first - 1
            continue
        if not page:
            break
        size += sum(len(record.body) for record in page)
        found += [record for record in page if record.kind in _KINDS]
        after = page[-1].sequence
    return found, size


def _past(
    event: ExecutionQueued,
    actor: str,
    at: float,
    started_at: float | None,
    ended: tuple[float, ExecutionFinished] | None,
) -> PastExecution:
    return PastExecution(
        execution_id=event.execution_id,
        actor=actor,
        source=event.source,
        queued_at=at,
        started_at=started_at,
        finished_at=ended[0] if ended else None,
        status=ended[1].status if ended else None,
        execution_count=ended[1].execution_count if ended else None,
        took_ms=ended[1].took_ms if ended else None,
    )
