"""Jupyter's messages, and how they stand on a kernel's WebSocket (JUP-10, JUP-11).

Two forms. The older one is a JSON object as text; with buffers it is binary: a count and
offsets of 32 bits, big-endian, then the JSON, then the buffers. `v1.kernel.websocket.
jupyter.org` is always binary: a count and offsets of 64 bits, little-endian, then channel,
header, parent header, metadata, content and buffers, each for itself.

Pure: bytes in, values out.
"""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec
from msgspec import Struct

from tailrace.protocol.errors import ProtocolError

V1 = "v1.kernel.websocket.jupyter.org"
"""The WebSocket subprotocol of the newer form; with none agreed on the older is spoken."""

PROTOCOL_VERSION = "5.4"
PARTS_MOST = 10_000

Header = dict[str, Any]
Channel = Literal["shell", "control", "iopub", "stdin"]
CHANNELS = ("shell", "control", "iopub", "stdin")


class Message(Struct, frozen=True):
    channel: str
    header: Header
    parent_header: Header
    metadata: dict[str, Any]
    content: dict[str, Any]
    buffers: tuple[bytes, ...] = ()

    @property
    def kind(self) -> str:
        return text_of(self.header, "msg_type")

    @property
    def message_id(self) -> str:
        return text_of(self.header, "msg_id")


class _Old(Struct):
    header: Header
    channel: str | None = None
    parent_header: Header | None = None
    metadata: dict[str, Any] | None = None
    content: dict[str, Any] | None = None


_decode_old = msgspec.json.Decoder(_Old).decode
_decode_map = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def text_of(fields: dict[str, Any], name: str) -> str:
    """A text field of somebody else's JSON; empty where it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def decoded(data: str | bytes, *, is_v1: bool) -> Message:
    """Raises `ProtocolError` for what is no message."""
    try:
        if is_v1 and isinstance(data, bytes):
            return _decoded_v1(data)
        return _decoded_old(data)
    except (msgspec.MsgspecError, struct.error, UnicodeDecodeError, RecursionError) as problem:
        raise ProtocolError(f"a message cannot be read: {problem}") from None


def encoded(message: Message, *, is_v1: bool) -> str | bytes:
    """What goes out: text as `str`, binary as `bytes`."""
    if is_v1:
        return _encoded_v1(message)
    whole: dict[str, Any] = {
        "header": message.header,
        "msg_id": message.header.get("msg_id"),
        "msg_type": message.header.get("msg_type"),
        "parent_header": message.parent_header,
        "metadata": message.metadata,
        "content": message.content,
        "buffers": [],
        "channel": message.channel,
    }
    text = _encode(whole)
    if not message.buffers:
        return text.decode()
    parts = (text, *message.buffers)
    offsets, at = [], 4 * (len(parts) + 1)
    for part in parts:
        offsets.append(at)
        at += len(part)
    return struct.pack(f"!{len(parts) + 1}I", len(parts), *offsets) + b"".join(parts)


def _decoded_old(data: str | bytes) -> Message:
    buffers: tuple[bytes, ...] = ()
    if isinstance(data, bytes):
        (count,) = struct.unpack_from("!I", data)
        if not 1 <= count <= PARTS_MOST:
            raise ProtocolError("a binary message has at least one part")
        offsets = struct.unpack_from(f"!{count}I", data, 4)
        data, *rest = _cut(data, (*offsets, len(data)))
        buffers = tuple(rest)
    old = _decode_old(data)
    return Message(
        old.channel or "shell",
        old.header,
        old.parent_header or {},
        old.metadata or {},
        old.content or {},
        buffers,
    )


def _decoded_v1(data: bytes) -> Message:
    (count,) = struct.unpack_from("<Q", data)
    if not 6 <= count <= PARTS_MOST:
        raise ProtocolError("a message has a channel and four parts")
    parts = _cut(data, struct.unpack_from(f"<{count}Q", data, 8))
    header, parent, metadata, content = (_decode_map(part) for part in parts[1:5])
    return Message(parts[0].decode(), header, parent, metadata, content, tuple(parts[5:]))


def _encoded_v1(message: Message) -> bytes:
    parts = [
        message.channel.encode(),
        _encode(message.header),
        _encode(message.parent_header),
        _encode(message.metadata),
        _encode(message.content),
        *message.buffers,
    ]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)


def _cut(data: bytes, offsets: Sequence[int]) -> list[bytes]:
    if any(a > b for a, b in pairwise(offsets)) or offsets[-1] > len(data):
        raise ProtocolError("a message's offsets are not in order")
    return [data[a:b] for a, b in pairwise(offsets)]
