"""The notebook as a file holds it: the document's cells with their whole outputs.

State keeps the head and the tail of a long output; a file gets all of it, up to
`FILE_CHARS` for each execution, so what state leaves out is read back from the log. Past
that the file gets state's head and tail, and a line that says what is missing. What a
finished execution came to is kept, so that saving again costs nothing for it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tailrace.blobs.blob_store import BlobStore
from tailrace.blobs.held import name_of
from tailrace.core.outputs import loaded
from tailrace.core.text import shown_whole
from tailrace.documents.room import Room
from tailrace.formats.notebook import Cell, Notebook
from tailrace.formats.outputs import outputs_from_nbformat, outputs_to_nbformat
from tailrace.formats.widgets import Entries, saved_entries, with_widgets
from tailrace.protocol.errors import BlobDamaged, BlobMissing
from tailrace.protocol.events import (
    DisplayAppended,
    DisplayUpdated,
    DocumentCreated,
    DocumentUpdated,
    ErrorAppended,
    ExecutionFinished,
    ExecutionLoaded,
    ExecutionQueued,
    OutputsCleared,
    OutputsDiscarded,
    TextAppended,
)
from tailrace.protocol.ids import CellId
from tailrace.protocol.outputs import (
    BlobReference,
    DisplayOutput,
    ErrorOutput,
    Output,
    StreamOutput,
)
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.shrink import encoded_value, shrunk_outputs
from tailrace.session.transcript import Topics, all_events, last_update

IN_THE_FILE = (
    DocumentCreated,
    DocumentUpdated,
    ExecutionQueued,
    ExecutionFinished,
    ExecutionLoaded,
    TextAppended,
    DisplayAppended,
    DisplayUpdated,
    ErrorAppended,
    OutputsCleared,
    OutputsDiscarded,
)
"""Events that change what the file should say."""

FILE_CHARS = 10_000_000  # what other tools still open, and git still takes


class _Written(Struct, frozen=True):
    """nbformat outputs, and what of the execution they were made from."""

    execution: Execution
    outputs: tuple[dict[str, Any], ...]


class NotebookFile:
    """`original` is the file as last read: what the document cannot hold comes from there."""

    def __init__(self, log: Topics, blobs: BlobStore, original: Notebook | None = None) -> None:
        self._log = log
        self._blobs = blobs
        self._written: dict[str, _Written] = {}
        self._widgets: Entries = {}  # of kernels that have ended, while outputs show them
        self.original = original

    async def notebook(self, state: SessionState, room: Room) -> Notebook:
        """The notebook now, outputs whole."""
        bare = room.to_notebook(self.original)
        originals = self.original.cells if self.original is not None else ()
        in_file = {cell.cell_id: cell for cell in originals}
        cells = []
        written: dict[str, _Written] = {}
        for cell in bare.cells:
            execution = state.executions.get(state.cells.get(cell.cell_id, ""))  # type: ignore[call-overload]
            if cell.kind != "code" or execution is None:
                cells.append(cell)
                continue
            known = self._written.get(execution.execution_id)
            if known is None or known.execution is not execution:
                known = _Written(execution, await self._outputs(execution, in_file))
            written[execution.execution_id] = known
            cells.append(
                replace(cell, outputs=known.outputs, execution_count=execution.execution_count)
            )
        self._written = written
        bare = replace(bare, cells=tuple(cells))
        # States may be large; nothing of them changes while the thread looks.
        whole = await asyncio.to_thread(with_widgets, bare, state.comms, self._widgets)
        if state.comms:
            self._widgets = saved_entries(whole)
        return whole

    async def _outputs(
        self, execution: Execution, in_file: Mapping[CellId, Cell]
    ) -> tuple[dict[str, Any], ...]:
        if is_loaded(execution):
            cell = in_file.get(execution.cell_id)
            # As the file has them: with keys, ids and whatever else we know nothing of.
            if cell is not None and _says(cell.outputs, execution):
                return cell.outputs
        items: tuple[Output, ...] = execution.outputs.items
        if _is_capped(execution):
            whole = await self._whole(execution) if execution.phase == "finished" else None
            items = whole if whole is not None else tuple(_marked(execution))
        return tuple(outputs_to_nbformat([await self._with_blobs(item) for item in items]))

    async def _whole(self, execution: Execution) -> tuple[Output, ...] | None:
        """All outputs from the log; None when they are more than a file should hold, or are
        not all there any more."""
        if _chars(execution) > FILE_CHARS and not is_loaded(execution):
            return None
        shown = {
            item.display_id: item
            for item in execution.outputs.items
            if isinstance(item, DisplayOutput) and item.display_id is not None
        }
        # What was cleared stands before the first item, and stays away.
        first_line = execution.outputs.items[0].start_line
        items: list[Output] = []
        texts: list[list[str]] = []  # of the stream outputs in `items`, by their index there
        clear_next = False
        size = 0
        async for line, event in all_events(self._log, execution.execution_id, first_line):
            if isinstance(event, ExecutionLoaded):
                return event.outputs
            if line < first_line:
                continue
            if isinstance(event, OutputsCleared):
                if event.wait:
                    clear_next = True
                else:
                    items, texts, size = [], [], 0
                continue
            if clear_next:
                items, texts, size, clear_next = [], [], 0, False
            match event:
                case TextAppended(stream=stream, text=text):
                    size += len(text)
                    if size > FILE_CHARS:
                        return None
                    last = items[-1] if items else None
                    if not isinstance(last, StreamOutput) or last.name != stream:
                        items.append(StreamOutput(len(items), stream, ""))
                        texts.append([])
                    texts[-1].append(text)
                case DisplayAppended(display_id=display_id):
                    now = shown.get(display_id) if display_id is not None else None
                    items.append(now or await self._display(event, len(items)))
                    texts.append([])
                case ErrorAppended(name=name, message=message, traceback=traceback):
                    items.append(ErrorOutput(len(items), name, message, traceback))
                    texts.append([])
        if len(items) < len(execution.outputs.items):
            return None
        return tuple(
            replace(item, head=shown_whole("".join(text)))
            if isinstance(item, StreamOutput)
            else item
            for item, text in zip(items, texts, strict=True)
        )

    async def _display(self, event: DisplayAppended, index: int) -> DisplayOutput:
        """A display that state leaves out, as it was last updated."""
        data, metadata = event.data, event.metadata
        if event.display_id is not None:
            updated = await last_update(self._log, event.display_id)
            if updated is not None:
                data, metadata = updated.data, updated.metadata
        return DisplayOutput(index, data, metadata, event.display_id, event.execution_count)

    async def _with_blobs(self, item: Output) -> Output:
        """`item` with its large values in place again."""
        if not isinstance(item, DisplayOutput) or not any(map(_is_blob, item.data.values())):
            return item
        data = {}
        for mime, value in item.data.items():
            reference = blob_of(value)
            if reference is None:
                data[mime] = value
                continue
            try:
                data[mime] = encoded_value(
                    await self._blobs.get(reference.hash), reference.encoding
                )
            except (BlobMissing, BlobDamaged):
                data[mime] = f"[{reference.size_bytes} bytes of {mime} are gone]"
        return replace(item, data=data)


def blob_of(value: Any) -> BlobReference | None:
    """The reference that stands for a large value, or None where it is the value itself."""
    if isinstance(value, dict) and value.get("kind") == "blob" and "size_bytes" in value:
        return BlobReference(value["hash"], value["size_bytes"], value["encoding"])
    return None


def _is_blob(value: Any) -> bool:
    return blob_of(value) is not None


def is_loaded(execution: Execution) -> bool:
    """Whether it is known from the file only: nothing ran here."""
    return execution.source is None


def _says(outputs: tuple[dict[str, Any], ...], execution: Execution) -> bool:
    """Whether the file's outputs are those that were loaded as `execution`."""
    whole = outputs_from_nbformat(outputs)
    shrunk = loaded(shrunk_outputs(whole, name_of))
    return shrunk == execution.outputs or loaded(whole) == execution.outputs  # of an older log


def _is_capped(execution: Execution) -> bool:
    outputs = execution.outputs
    return outputs.omitted_items > 0 or any(
        isinstance(item, StreamOutput) and item.omitted_chars for item in outputs.items
    )


def _chars(execution: Execution) -> int:
    return sum(
        len(item.head) + item.omitted_chars + len(item.tail)
        for item in execution.outputs.items
        if isinstance(item, StreamOutput)
    )


def _marked(execution: Execution) -> Iterator[Output]:
    """The items, with a word wherever something is not in the file."""
    expected = execution.outputs.items[0].index
    for item in execution.outputs.items:
        if item.index > expected:
            count = item.index - expected
            yield StreamOutput(
                expected, "stderr", f"… {count} outputs are not in this file; Tailrace has them …\n"
            )
        expected = item.index + 1
        yield _with_mark(item)


def _with_mark(item: Output) -> Output:
    """A long text as head, a line that says what is not in the file, and tail."""
    if not isinstance(item, StreamOutput) or not item.omitted_chars:
        return item
    note = (
        f"\n… {item.omitted_chars} characters ({item.omitted_lines} lines) are not in this file;"
        " Tailrace has them …\n"
    )
    return replace(
        item, head=item.head + note + item.tail, tail="", omitted_chars=0, omitted_lines=0
    )
