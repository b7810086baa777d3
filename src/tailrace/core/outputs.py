"""Fold what a kernel shows into what stands under a cell.

A kernel reports output as many small facts: some text, a picture, "clear what you have".
A reader wants the short list they add up to. Adjacent text of one stream is one item; an
item count and a budget bound the list, first and newest items staying; a clear can wait
for what follows it. How text itself adds up is in `text.py`. Rules OUT-20 to OUT-29.

Nothing here reads a clock, a file or a socket. The same fold runs in the browser; the
cases under `fixtures/folds/` keep the two equal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from tailrace.core.text import folded
from tailrace.protocol.outputs import (
    DisplayOutput,
    ErrorOutput,
    MimeData,
    Output,
    Outputs,
    StreamName,
    StreamOutput,
)

FIRST = 100
"""Items kept from the beginning."""

NEWEST = 200
"""Items kept from the end, at least while the budget allows."""

BUDGET = 2 * 1024 * 1024
"""Characters that one execution's items may hold together, its last one aside. With a
hundred such executions in a notebook a snapshot is still something a browser can load."""

FIRST_BUDGET = BUDGET // 4
"""What of it the first items may hold, so that the newest always have the larger part."""

SHORT_TEXT = 2 * 1024
"""Characters kept of one line of a traceback; of a message, four times as many."""

TRACEBACK_LINES = 200

EMPTY = Outputs()


# ── what is added ────────────────────────────────────────────────────────────


def append_text(outputs: Outputs, name: StreamName, text: str) -> Outputs:
    """Add `text` to the last item when it is the same stream, else start one."""
    if not text:
        return outputs
    items = outputs.items
    last = items[-1] if items else None
    if isinstance(last, StreamOutput) and last.name == name and not outputs.clear_next:
        grown = folded(last, text)
        return replace(
            outputs,
            items=(*items[:-1], grown),
            next_line=outputs.next_line + grown.lines - last.lines,
        )
    outputs = _room_for_one(outputs)
    started = folded(
        StreamOutput(index=outputs.next_index, name=name, head="", start_line=outputs.next_line),
        text,
    )
    return _with(outputs, started, lines=started.lines)


def append_display(
    outputs: Outputs,
    data: MimeData,
    metadata: Mapping[str, Any],
    display_id: str | None = None,
    execution_count: int | None = None,
) -> Outputs:
    """Add a display. It takes one line of the transcript."""
    outputs = _room_for_one(outputs)
    display = DisplayOutput(
        index=outputs.next_index,
        data=data,
        metadata=dict(metadata),
        display_id=display_id,
        execution_count=execution_count,
        start_line=outputs.next_line,
    )
    return _with(outputs, display, lines=1)


def append_error(outputs: Outputs, name: str, message: str, traceback: Sequence[str]) -> Outputs:
    """Add an error, its longest parts shortened. It takes one line of the transcript."""
    outputs = _room_for_one(outputs)
    lines = [shortened(line, SHORT_TEXT) for line in traceback]
    if len(lines) > TRACEBACK_LINES:
        half = TRACEBACK_LINES // 2
        lines[half:-half] = [f"… {len(lines) - TRACEBACK_LINES} lines left out …"]
    error = ErrorOutput(
        index=outputs.next_index,
        name=shortened(name, SHORT_TEXT),
        message=shortened(message, 4 * SHORT_TEXT),
        traceback=tuple(lines),
        start_line=outputs.next_line,
    )
    return _with(outputs, error, lines=1)


def cleared(outputs: Outputs, *, wait: bool) -> Outputs:
    """Empty the list now, or when the next item comes. Lines and indices count on."""
    if wait:
        return replace(outputs, clear_next=True)
    return Outputs(next_index=outputs.next_index, next_line=_next_free_line(outputs))


def with_display_updated(
    outputs: Outputs, display_id: str, data: MimeData, metadata: Mapping[str, Any]
) -> Outputs:
    """Every display of that id shows the new bundle; `outputs` itself when there is none."""
    items = outputs.items
    places = [
        place
        for place, item in enumerate(items)
        if isinstance(item, DisplayOutput) and item.display_id == display_id
    ]
    if not places:
        return outputs
    changed = list(items)
    weight = outputs.weight
    for place in places:
        updated = replace(items[place], data=data, metadata=dict(metadata))
        changed[place] = updated
        if place < len(items) - 1:
            weight += weight_of(updated) - weight_of(items[place])
    return _within_budget(
        replace(outputs, items=tuple(changed), weight=weight), limit=FIRST + NEWEST
    )


def loaded(items: Sequence[Output]) -> Outputs:
    """Outputs that come from a file, under the same caps as those of a kernel."""
    outputs = EMPTY
    for item in items:
        if isinstance(item, StreamOutput):
            outputs = append_text(outputs, item.name, item.head + item.tail)
        elif isinstance(item, DisplayOutput):
            outputs = append_display(
                outputs, item.data, item.metadata, item.display_id, item.execution_count
            )
        else:
            outputs = append_error(outputs, item.name, item.message, item.traceback)
    return outputs


# ── where it stands in the transcript ────────────────────────────────────────


def next_text_line(outputs: Outputs, name: StreamName) -> int:
    """The transcript's line on which text of stream `name` would go on."""
    last = outputs.items[-1] if outputs.items else None
    if isinstance(last, StreamOutput) and last.name == name and not outputs.clear_next:
        return outputs.next_line
    return _next_free_line(outputs)


def next_item_line(outputs: Outputs) -> int:
    """The transcript's line that a display or an error would take."""
    return _next_free_line(outputs)


def _next_free_line(outputs: Outputs) -> int:
    """A line begun by a stream and not ended is ended by whatever else follows it."""
    if outputs.items:
        last = outputs.items[-1]
        if isinstance(last, StreamOutput):
            text = last.tail or last.head
            if text and not text.endswith("\n"):
                return outputs.next_line + 1
    return outputs.next_line


# ── caps ─────────────────────────────────────────────────────────────────────


def weight_of(item: Output) -> int:
    """Characters an item holds, near enough; the page counts the same."""
    if isinstance(item, StreamOutput):
        return len(item.head) + len(item.tail)
    if isinstance(item, DisplayOutput):
        return _value_weight(item.data) + _value_weight(item.metadata)
    return len(item.name) + len(item.message) + sum(map(len, item.traceback))


def _value_weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _value_weight(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_value_weight, value)) + len(value)
    return 8


def _room_for_one(outputs: Outputs) -> Outputs:
    """`outputs` ready for one more item: cleared if that waited, its line ended, and the
    oldest of the newer items gone where there are too many."""
    if outputs.clear_next:
        return cleared(outputs, wait=False)
    items = outputs.items
    if not items:
        return outputs
    sealed = replace(
        outputs,
        next_line=_next_free_line(outputs),
        weight=outputs.weight + weight_of(items[-1]),
    )
    # Counted as sealed although `items` still ends with it: the new item makes it so.
    return _within_budget(sealed, limit=FIRST + NEWEST - 1, all_sealed=True)


def _within_budget(outputs: Outputs, *, limit: int, all_sealed: bool = False) -> Outputs:
    items = outputs.items
    if len(items) <= limit and outputs.weight <= BUDGET:
        return outputs
    first = _first_part(items)
    weight = outputs.weight
    end = len(items) if all_sealed else len(items) - 1
    dropped = first
    while dropped < end and (len(items) - (dropped - first) > limit or weight > BUDGET):
        weight -= weight_of(items[dropped])
        dropped += 1
    return replace(
        outputs,
        items=items[:first] + items[dropped:],
        omitted_items=outputs.omitted_items + dropped - first,
        weight=weight,
    )


def _first_part(items: tuple[Output, ...]) -> int:
    """How many items belong to the beginning: up to the gap where there is one."""
    begin = items[0].index
    if items[-1].index - begin == len(items) - 1:
        first = held = 0
        for item in items[:FIRST]:
            held += weight_of(item)
            if held > FIRST_BUDGET:
                break
            first += 1
        return first
    low, high = 0, len(items) - 1
    while low < high:
        middle = (low + high) // 2
        if items[middle].index - begin == middle:
            low = middle + 1
        else:
            high = middle
    return low


def shortened(text: str, limit: int) -> str:
    """`text`, or its two ends with a word on what is missing; never half an escape."""
    if len(text) <= limit:
        return text
    half = limit // 2
    begin, end = half, len(text) - half
    escape = text.rfind("\x1b", max(0, begin - 32), begin)
    if escape >= 0 and text.find("m", escape, escape + 32) >= begin:
        begin = escape
    escape = text.rfind("\x1b", max(0, end - 32), end)
    if escape >= 0:
        finish = text.find("m", escape, escape + 32)
        if finish >= end:
            end = finish + 1
    return f"{text[:begin]}\x1b[0m … {end - begin} characters left out … {text[end:]}"


def _with(outputs: Outputs, item: Output, *, lines: int) -> Outputs:
    return replace(
        outputs,
        items=(*outputs.items, item),
        next_index=outputs.next_index + 1,
        next_line=outputs.next_line + lines,
    )
