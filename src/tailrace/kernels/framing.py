"""Frames as bytes: length, header, payload (KER-1).

Used by the server's links and by the kernel host; the guest, which must stand alone, has
its own codec (`tailrace_kernel/wire.py`). Nothing here knows what a header says.
"""

import json
import struct
from typing import Any

from tailrace.protocol.errors import ProtocolError

_LENGTHS = struct.Struct(">II")  # total (of everything after itself), header

Frame = tuple[bytes, bytes]
"""Header (JSON, UTF-8) and payload."""


def frame_bytes(header: bytes, payload: bytes = b"") -> bytes:
    """One frame, ready to be sent."""
    return _LENGTHS.pack(4 + len(header) + len(payload), len(header)) + header + payload


def message_bytes(message: dict[str, Any]) -> bytes:
    """A frame without payload, from plain JSON values."""
    return frame_bytes(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))


class FrameCutter:
    """Cuts a stream of bytes into frames, whatever the pieces it arrives in."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._wanted = 0  # bytes that must be there before cutting is worth a try

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order. Raises `ProtocolError`."""
        if self._kept:
            self._kept += data
            if len(self._kept) < self._wanted:
                return []
            data = bytes(self._kept)
            self._kept.clear()
        frames: list[Frame] = []
        at, end = 0, len(data)
        self._wanted = 8
        while end - at >= 8:
            total, header_length = _LENGTHS.unpack_from(data, at)
            if header_length + 4 > total:
                raise ProtocolError(
                    f"a frame of {total} bytes cannot hold a header of {header_length}"
                )
            stop = at + 4 + total
            if stop > end:
                self._wanted = 4 + total
                break
            body = at + 8 + header_length
            frames.append((data[at + 8 : body], data[body:stop]))
            at = stop
        if at < end:
            self._kept += data[at:]
        return frames
