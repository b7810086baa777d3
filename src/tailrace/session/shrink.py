"""Large values leave the log: a display's big MIME values become blobs, by reference.

Done before a report is decided on, so that state, snapshots and frames stay small. Values
that MessagePack cannot say (an integer beyond 64 bits, NaN as a key) become text.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Set
from typing import Any, Literal

import msgspec

from tailrace.blobs.held import HeldBlobs, name_of
from tailrace.protocol.ids import BlobHash
from tailrace.protocol.outputs import BlobReference, DisplayOutput, MimeData, Output
from tailrace.protocol.reports import Display, DisplayUpdate, Error, Report

Keep = Callable[[bytes], BlobHash]
"""Keeps bytes somewhere, and names them."""

INLINE_CHARS = 64 << 10  # a usual figure stays inline, a photograph does not
MESSAGE_CHARS = 32 << 10
TRACEBACK_CHARS = 128 << 10

_json = msgspec.json.Encoder()


class Shrink:
    def __init__(self, blobs: HeldBlobs) -> None:
        self._blobs = blobs
        self.stored_bytes = 0
        """What became blobs since the last sweep."""

    async def __call__(self, report: Report) -> Report:
        match report:
            case Display() | DisplayUpdate():
                data = await self._data(report.data)
                return report if data is report.data else msgspec.structs.replace(report, data=data)
            case Error() if len(report.message) > MESSAGE_CHARS or any(
                len(line) > TRACEBACK_CHARS for line in report.traceback
            ):
                return msgspec.structs.replace(
                    report,
                    message=shortened(report.message, MESSAGE_CHARS),
                    traceback=tuple(shortened(line, TRACEBACK_CHARS) for line in report.traceback),
                )
            case _:
                return report

    async def keep(self, data: bytes) -> None:
        """Keep a file's bytes as they are, under their digest."""
        await self._blobs.put(data)

    async def sweep(self, keep: Set[BlobHash]) -> None:
        """Drop the blobs that nothing refers to."""
        await self._blobs.delete_unreferenced(keep)
        self.stored_bytes = 0

    async def write_held(self) -> None:
        """Put what a file's large values came to, before a record names it."""
        await self._blobs.write_held()

    async def _data(self, data: MimeData) -> MimeData:
        found: dict[BlobHash, bytes] = {}
        shrunk = shrunk_data(data, lambda value: _kept(found, value))
        for value in found.values():
            self.stored_bytes += len(value)
            await self._blobs.put(value)
        return shrunk


def shrunk_outputs(outputs: Iterable[Output], keep: Keep) -> tuple[Output, ...]:
    """The outputs of a file, their large values kept by `keep`."""
    return tuple(
        msgspec.structs.replace(output, data=shrunk_data(output.data, keep))
        if isinstance(output, DisplayOutput)
        else output
        for output in outputs
    )


def shrunk_data(data: MimeData, keep: Keep) -> MimeData:
    """The bundle with references in place of its large values, whose bytes `keep` is given."""
    shrunk = dict(data)
    for mime, value in data.items():
        if isinstance(value, str):
            if len(value) > INLINE_CHARS:
                shrunk[mime] = _text(mime, value, keep)
        elif value is not None and not isinstance(value, bool | int | float):
            encoded = _json.encode(_plain(value))
            if len(encoded) > INLINE_CHARS:
                shrunk[mime] = _reference(encoded, "json", keep)
            else:
                shrunk[mime] = msgspec.json.decode(encoded)
    return shrunk


def _text(mime: str, value: str, keep: Keep) -> dict[str, Any]:
    if is_binary(mime):
        try:
            return _reference(base64.b64decode(value, validate=False), "base64", keep)
        except (binascii.Error, ValueError):
            pass  # not base64 after all: kept as the text it is
    return _reference(value.encode(), "text", keep)


def _reference(
    data: bytes, encoding: Literal["text", "json", "base64"], keep: Keep
) -> dict[str, Any]:
    # As plain values: what is folded live and what is read back must be equal.
    reference = BlobReference(keep(data), len(data), encoding)
    plain: dict[str, Any] = msgspec.to_builtins(reference)
    return plain


def _kept(found: dict[BlobHash, bytes], data: bytes) -> BlobHash:
    name = name_of(data)
    found[name] = data
    return name


def is_binary(mime: str) -> bool:
    """Whether the Jupyter protocol carries this type as base64 text."""
    kind, _, rest = mime.partition("/")
    if kind in ("image", "audio", "video"):
        return not rest.startswith("svg")
    return mime in ("application/pdf", "application/octet-stream", "application/zip")


def encoded_value(data: bytes, encoding: Literal["text", "json", "base64"]) -> Any:
    """A blob's bytes as the value that stood in the MIME bundle."""
    match encoding:
        case "text":
            return data.decode()
        case "json":
            return msgspec.json.decode(data)
        case "base64":
            return base64.b64encode(data).decode()


def shortened(text: str, limit: int) -> str:
    """Head and tail of `text`, and between them how much is not shown."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters not shown …\n{text[-half:]}"


def _plain(value: Any) -> Any:
    """`value` with integers beyond 64 bits as text: no wire of ours can carry them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
