"""Frames between guest, kernel host and server: a JSON header and a payload of bytes.

`u32 total | u32 header_length | header | payload`, big-endian (KER-1). Everyone who speaks
to a guest imports this module, so it holds the form only: no words (`docs/spec/kernel.md`),
no sockets' life, nothing but the standard library.
"""

import base64
import json
import math
import socket
import struct
from collections.abc import Mapping
from typing import Any

PROTOCOL = 1
HEAD = struct.Struct(">II")

# A frame may hold one indivisible value (a figure, a comm's buffers), so the ceiling is far
# above the 16 MiB of ordinary frames. It stops a stream of garbage from reserving memory.
MAX_FRAME_BYTES = 2 * 1024**3

Header = dict[str, Any]
Frame = tuple[Header, bytes]


class WireError(ConnectionError):
    """The other side does not speak these frames; close the connection."""


def encode(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """One frame. Values that JSON cannot hold are made into the nearest that it can."""
    return pack(encode_json(header), payload)


def pack(head: bytes, payload: bytes | memoryview = b"") -> bytes:
    """One frame of a header that is encoded already."""
    size = HEAD.pack(4 + len(head) + len(payload), len(head))
    return b"".join((size, head, payload))


def encode_json(value: Any) -> bytes:
    """JSON in UTF-8 for any value: lone surrogates are escaped visibly (KER-2)."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        plain = _plain(value, depth=100)
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # Inside a JSON string a single backslash would be read back as the surrogate.
        return json.dumps(
            _plain(value, depth=100), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode("utf-8")


def visible(text: str) -> str:
    r"""`text` with each lone surrogate as the six characters `\udXXX`."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def _plain(value: Any, depth: int) -> Any:
    """The nearest value that JSON can hold. Bytes become base64, as in Jupyter."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return visible(str.__str__(value))
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth - 1) for key, item in list(value.items())}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth - 1) for item in list(value)]
    scalar = getattr(value, "item", None)  # numpy's and pandas' scalars
    if callable(scalar) and getattr(value, "shape", None) == ():
        return _plain(scalar(), depth - 1)
    return visible(_described(value))


def _key(key: Any) -> str:
    return visible(key) if isinstance(key, str) else visible(_described(key))


def _described(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__}: str() raised {type(error).__name__}>"


class FrameBuffer:
    """Bytes in, whole frames out; keeps what is cut off until the rest comes."""

    __slots__ = ("_chunks", "_held", "_wanted", "limit_bytes")

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._chunks: list[bytes] = []
        self._held = 0
        self._wanted = HEAD.size

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now, oldest first. Raises `WireError` on garbage."""
        self._chunks.append(data)
        self._held += len(data)
        if self._held < self._wanted:  # joined once per frame, not once per read
            return []
        view = memoryview(b"".join(self._chunks) if len(self._chunks) > 1 else data)
        frames: list[Frame] = []
        start, end = 0, len(view)
        self._wanted = HEAD.size
        while end - start >= HEAD.size:
            total, head_length = HEAD.unpack_from(view, start)
            if total > self.limit_bytes or head_length + 4 > total:
                raise WireError("this is not a frame")
            if end - start < 4 + total:
                self._wanted = 4 + total
                break
            head_end = start + HEAD.size + head_length
            frame_end = start + 4 + total
            frames.append(
                (decode_header(view[start + HEAD.size : head_end]), bytes(view[head_end:frame_end]))
            )
            start = frame_end
        rest = bytes(view[start:])
        self._chunks = [rest] if rest else []
        self._held = len(rest)
        return frames


def decode_header(head: bytes | memoryview) -> Header:
    try:
        header = json.loads(bytes(head))
    except ValueError as error:
        raise WireError("a frame's header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("a frame's header is not an object")
    return header


def send_frame(sock: socket.socket, header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Send one frame, waiting as the socket's time-out allows."""
    sock.sendall(encode(header, payload))


def read_frame(sock: socket.socket) -> Frame | None:
    """The next frame, waiting for it; None when the other side closed between frames."""
    first = sock.recv(HEAD.size)
    if not first:
        return None
    total, head_length = HEAD.unpack(first + _exactly(sock, HEAD.size - len(first)))
    if total > MAX_FRAME_BYTES or head_length + 4 > total:
        raise WireError("this is not a frame")
    body = _exactly(sock, total - 4)
    return decode_header(body[:head_length]), body[head_length:]


def _exactly(sock: socket.socket, count: int) -> bytes:
    pieces = []
    while count:
        piece = sock.recv(min(count, 1 << 20))
        if not piece:
            raise WireError("the other side closed in the middle of a frame")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def join_buffers(buffers: list[bytes]) -> tuple[list[int], bytes]:
    """`buffer_sizes` for the header, and the payload (KER-6)."""
    return [len(buffer) for buffer in buffers], b"".join(buffers)


def split_buffers(sizes: list[int], payload: bytes) -> list[bytes]:
    buffers, start = [], 0
    for size in sizes:
        buffers.append(payload[start : start + size])
        start += size
    if start != len(payload):
        raise WireError("buffer_sizes do not add up to the payload")
    return buffers
