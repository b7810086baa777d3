"""Which blobs of a notebook are still needed.

What clients are shown names blobs; so does what state leaves out of a long output, which
is in the log and will be paged or written to the file; and the last checkpoint is kept
under its digest, to be compared with. Everything else may go.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from tailrace.log.codec import display_topic
from tailrace.protocol.events import DisplayAppended, ExecutionLoaded
from tailrace.protocol.ids import BlobHash
from tailrace.protocol.outputs import DisplayOutput
from tailrace.protocol.state import SessionState
from tailrace.session.notebook_file import blob_of
from tailrace.session.transcript import Topics, all_events, last_update


class Needed(Struct):
    """`topics` are those of the log to keep beside the executions'."""

    blobs: set[BlobHash]
    topics: set[str]


async def needed(state: SessionState, log: Topics) -> Needed:
    """Everything that `state`, or an output it leaves out, refers to."""
    found = Needed(set(), set())
    if state.checkpoint.digest:
        found.blobs.add(BlobHash(state.checkpoint.digest))
    for execution in state.executions.values():
        for item in execution.outputs.items:
            if isinstance(item, DisplayOutput):
                found.blobs |= _in(item.data.values())
        if execution.outputs.omitted_items:
            async for _, event in all_events(log, execution.execution_id):
                if isinstance(event, ExecutionLoaded):
                    for output in event.outputs:
                        if isinstance(output, DisplayOutput):
                            found.blobs |= _in(output.data.values())
                elif isinstance(event, DisplayAppended):
                    found.blobs |= _in(event.data.values())
                    await _add_update(found, log, event.display_id)
    return found


async def _add_update(found: Needed, log: Topics, display_id: str | None) -> None:
    if display_id is None or display_topic(display_id) in found.topics:
        return
    updated = await last_update(log, display_id)
    if updated is not None:
        found.topics.add(display_topic(display_id))
        found.blobs |= _in(updated.data.values())


def _in(values: Iterable[Any]) -> set[BlobHash]:
    return {reference.hash for reference in map(blob_of, values) if reference is not None}
