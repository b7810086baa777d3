"""What stands under a cell: text, displays and errors, in the order they came.

An `Outputs` value is the bounded picture that state, snapshots and pages hold. The
log holds everything; where this picture leaves something out it says how much, and
`start_line` says where in the execution's transcript the text can be fetched.

Lines are counted over the whole execution: each newline of stream text is one line,
and a display or an error takes one line of its own, so "lines 400 to 500" names the
same thing in a snapshot, in the log and in the page.
"""

from typing import Any, Literal

from msgspec import Struct

from tailrace.protocol.ids import BlobHash

StreamName = Literal["stdout", "stderr"]

MimeData = dict[str, Any]
"""MIME type → text, JSON value, or a `BlobReference` where the value was large.
Binary types are base64 text, as in the Jupyter messaging protocol."""


class BlobReference(Struct, frozen=True, tag="blob", tag_field="kind"):
    """Stands in for a large value; fetch it by hash."""

    hash: BlobHash
    size_bytes: int
    encoding: Literal["text", "json", "base64"]


class StreamOutput(Struct, frozen=True, tag="stream", tag_field="kind"):
    """Adjacent text of one stream, its newest and oldest parts.

    While nothing is left out, `tail` is empty and `head` is the whole text. Otherwise
    the text is `head`, then `omitted_chars` characters (`omitted_lines` newlines) that
    only the log has, then `tail`. `column` is where the next character goes in the last
    line (None: at its end): a carriage return waits there for what overwrites the line.

    What the fold must remember so that text may be cut anywhere: `row`, how many rows
    above the last one the cursor is; `reach`, how many rows above the last one it may
    still go to (-1: the last row continues a line too long to be one row); `width`, the
    characters in the last row; `pen`, the colours in force as one SGR escape; `pending`,
    an escape sequence whose end has not come yet. A page needs none of them to draw.

    `lines` counts the newlines that were written, as the transcript does; the text shown
    has fewer where a program moved the cursor up and drew again.
    """

    index: int
    name: StreamName
    head: str
    tail: str = ""
    omitted_chars: int = 0
    omitted_lines: int = 0
    start_line: int = 0
    lines: int = 0
    column: int | None = None
    row: int = 0
    reach: int = 0
    width: int = 0
    pen: str = ""
    pending: str = ""


class DisplayOutput(Struct, frozen=True, tag="display", tag_field="kind"):
    """A MIME bundle. With an `execution_count` it is the cell's result (`Out[n]`)."""

    index: int
    data: MimeData
    metadata: dict[str, Any]
    display_id: str | None = None
    execution_count: int | None = None
    start_line: int = 0


class ErrorOutput(Struct, frozen=True, tag="error", tag_field="kind"):
    """An exception that ended the cell. `traceback` lines may carry ANSI colours."""

    index: int
    name: str
    message: str
    traceback: tuple[str, ...]
    start_line: int = 0


Output = StreamOutput | DisplayOutput | ErrorOutput


class Outputs(Struct, frozen=True):
    """The outputs of one execution: the first items and the newest, and how many between.

    `index` of an item counts every output the execution ever made, from 0; where items
    are left out, the indices jump. `next_line` is the transcript's line on which the next
    character of the last stream would stand. `clear_next` is true after
    `clear_output(wait=True)`: the next output empties the list first. `weight` is the size
    in characters of all items but the last, which is what the budget is kept by.
    """

    items: tuple[Output, ...] = ()
    omitted_items: int = 0
    next_index: int = 0
    next_line: int = 0
    clear_next: bool = False
    weight: int = 0
