"""What an execution showed, for a reader who pays by the letter (MCP-9).

Everything is bounded: a long output is given by its beginning and its end, with how much
lies between and how to get it. Of several forms of one value the one a model reads best is
taken; pictures go along as pictures while they are small enough.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct, convert

from tailrace.core.outputs import next_item_line
from tailrace.mcp.hygiene import legible
from tailrace.mcp.tools import Image
from tailrace.protocol.errors import BlobError
from tailrace.protocol.outputs import (
    BlobReference,
    DisplayOutput,
    ErrorOutput,
    Output,
    Outputs,
    StreamOutput,
)
from tailrace.session.session import Session

CHARS = 12_000  # of one answer's outputs, unless asked for more: some 3 000 tokens
CHARS_MOST = 200_000
ITEMS_MOST = 60
ITEM_LEAST = 200
IMAGE_BYTES = 1 << 20  # as base64; larger ones are refused by several models
IMAGES_MOST = 8
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
TEXT_TYPES = (
    "text/markdown",
    "text/plain",
    "text/latex",
    "application/json",
    "text/html",
    "image/svg+xml",
)


class ShownOutput(Struct, frozen=True, kw_only=True):
    """One output. `line` is where it begins in the execution's whole output; `omitted_chars`
    are left out of `text`, in the middle."""

    kind: Literal["text", "result", "display", "image", "error"]
    text: str
    line: int
    stream: Literal["stdout", "stderr"] | None = None
    mime: str | None = None
    omitted_chars: int = 0


class Shown(Struct, frozen=True):
    """`omitted_items` lie between the first and the last outputs."""

    items: list[ShownOutput]
    images: list[Image]
    omitted_items: int
    omitted_chars: int
    lines: int


async def shown(
    session: Session, outputs: Outputs, *, limit_chars: int = CHARS, images: bool = True
) -> Shown:
    """The outputs of an execution within `limit_chars`."""
    kept = [*outputs.items]
    omitted = outputs.omitted_items
    if len(kept) > ITEMS_MOST:
        omitted += len(kept) - ITEMS_MOST
        kept = kept[: ITEMS_MOST // 3] + kept[-(ITEMS_MOST - ITEMS_MOST // 3) :]
    pictures: list[Image] = []
    whole = [await _item(session, item, pictures if images else None) for item in kept]
    items = _within(whole, min(limit_chars, CHARS_MOST))
    left_out = sum(item.omitted_chars for item in items)
    return Shown(items, pictures, omitted, left_out, next_item_line(outputs))


async def paged(
    session: Session, page: Sequence[dict[str, Any]], *, limit_chars: int
) -> tuple[list[ShownOutput], list[Image]]:
    """The items of a page of the transcript (`session/transcript.py`)."""
    pictures: list[Image] = []
    whole = []
    for item in page:
        line = item["line"]
        match item["kind"]:
            case "text":
                text = legible(item["text"])
                whole.append(ShownOutput(kind="text", text=text, line=line, stream=item["stream"]))
            case "error":
                text = _traceback(item["name"], item["message"], item["traceback"])
                whole.append(ShownOutput(kind="error", text=text, line=line))
            case _:
                count = item.get("execution_count")
                whole.append(await _display(session, item["data"], line, count, pictures))
    return _within(whole, min(limit_chars, CHARS_MOST)), pictures


async def _item(session: Session, item: Output, pictures: list[Image] | None) -> ShownOutput:
    match item:
        case StreamOutput():
            return ShownOutput(
                kind="text",
                text=_stream_text(item),
                line=item.start_line,
                stream=item.name,
                omitted_chars=item.omitted_chars,
            )
        case ErrorOutput(name=name, message=message, traceback=traceback):
            text = _traceback(name, message, traceback)
            return ShownOutput(kind="error", text=text, line=item.start_line)
        case DisplayOutput(data=data, start_line=line, execution_count=count):
            return await _display(session, data, line, count, pictures)


def _stream_text(item: StreamOutput) -> str:
    if not item.tail:
        return legible(item.head)
    return f"{legible(item.head)}{_gap(item.omitted_chars)}{legible(item.tail)}"


def _traceback(name: str, message: str, traceback: Iterable[str]) -> str:
    return legible("\n".join(traceback)) or legible(f"{name}: {message}")


async def _display(
    session: Session,
    data: dict[str, Any],
    line: int,
    count: int | None,
    pictures: list[Image] | None,
) -> ShownOutput:
    plain = data.get("text/plain")
    words = legible(plain) if isinstance(plain, str) else ""
    for mime in IMAGE_TYPES:
        if mime in data:
            note = await _picture(session, mime, data[mime], pictures)
            text = f"{words} ({note})" if words else note
            return ShownOutput(kind="image", text=text, line=line, mime=mime)
    kind: Literal["result", "display"] = "display" if count is None else "result"
    for mime in (*TEXT_TYPES, *data):
        if mime in data:
            readable = await _text(session, data[mime])
            if readable is not None:
                return ShownOutput(kind=kind, text=legible(readable), line=line, mime=mime)
    return ShownOutput(kind=kind, text="(nothing that can be read)", line=line)


async def _picture(session: Session, mime: str, value: Any, pictures: list[Image] | None) -> str:
    """Put the picture beside the text; what the text says of it."""
    if pictures is None:
        return f"a picture, {mime}; read_cell shows it"
    found = await _value(session, value)
    if isinstance(found, bytes):
        found = base64.b64encode(found).decode("ascii")
    if not isinstance(found, str):
        return f"a picture, {mime}, that is not there any more"
    found = "".join(found.split())
    if len(found) > IMAGE_BYTES:
        return f"a picture, {mime}, too large to be sent ({len(found) * 3 // 4} bytes)"
    if len(pictures) >= IMAGES_MOST:
        return f"a picture, {mime}, one too many for this answer"
    pictures.append(Image(mime, found))
    return f"picture {len(pictures)} of this answer, {mime}"


async def _text(session: Session, value: Any) -> str | None:
    found = await _value(session, value)
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False)


async def _value(session: Session, value: Any) -> Any:
    """A value of a MIME bundle; the bytes of one that was large; None: gone."""
    if isinstance(value, dict) and value.get("kind") == "blob":
        value = convert(value, BlobReference)
    if not isinstance(value, BlobReference):
        return value
    try:
        return await session.blobs.get(value.hash)
    except BlobError:
        return None


# ── within a budget ──────────────────────────────────────────────────────────


def _within(items: Sequence[ShownOutput], limit_chars: int) -> list[ShownOutput]:
    """Each item cut to its share. Errors, which say most, are cut last."""
    total = sum(len(item.text) for item in items)
    if total <= limit_chars:
        return list(items)
    errors = sum(len(item.text) for item in items if item.kind == "error")
    for_errors = min(errors, limit_chars // 2)
    rest, total = limit_chars - for_errors, max(total - errors, 1)
    found = []
    for item in items:
        size = len(item.text)
        share = for_errors * size // errors if item.kind == "error" else rest * size // total
        found.append(_cut(item, max(share, ITEM_LEAST)))
    return found


def _cut(item: ShownOutput, limit_chars: int) -> ShownOutput:
    text = item.text
    if len(text) <= limit_chars:
        return item
    head, tail = limit_chars // 3, limit_chars - limit_chars // 3
    left_out = len(text) - head - tail
    shown_text = f"{text[:head]}{_gap(left_out)}{text[-tail:]}"
    return ShownOutput(
        kind=item.kind,
        text=shown_text,
        line=item.line,
        stream=item.stream,
        mime=item.mime,
        omitted_chars=item.omitted_chars + left_out,
    )


def _gap(chars: int) -> str:
    return f"\n[… {chars} characters left out …]\n"
