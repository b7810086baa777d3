"""`sys.stdout` and `sys.stderr` of the guest.

`write` is the hottest function of the guest: a closure put on the instance, so that a
`print` in a flood costs a tuple and an append. What happens with the text is decided in
`link.py`. In a forked child the same objects write to descriptors 1 and 2, line by line,
which are the parent's captured pipes: a child never touches the parent's link.
"""

import codecs
import io
import os
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, cast

from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.link import Link

LONG_WRITE = 1024  # characters from which a write passes the gate alone


class TextStream(io.TextIOBase):
    """A text stream as libraries expect one; `fileno` is the captured descriptor."""

    encoding = "UTF-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True
    write_through = True
    mode = "w"

    def __init__(self, name: str, link: Link) -> None:
        super().__init__()
        self.name = f"<{name}>"
        self._stream = name
        self._link = link
        self.write = _writer(name, link)  # type: ignore[method-assign]
        self.buffer = cast(BinaryIO, ByteStream(self))

    def flush(self) -> None:
        self._link.flush()

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self._stream == "stdout" else 2

    def close(self) -> None:
        """Stay open: whoever closes `sys.stdout` would silence everybody else too."""
        self.flush()

    def reconfigure(self, **_: Any) -> None:
        """Accept what `io.TextIOWrapper` accepts; there is nothing to configure."""

    def become_child(self) -> None:
        """In a forked child: write to the descriptor, whole lines at a time."""
        lines = _DescriptorLines(self.fileno())
        self.write = lines.write  # type: ignore[method-assign]
        self.flush = lines.flush  # type: ignore[method-assign]


class ByteStream(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes join the text in order, decoded without cutting characters."""

    def __init__(self, text: TextStream) -> None:
        super().__init__()
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.name = text.name
        self.mode = "wb"
        self.raw = self

    def write(self, data: Any) -> int:
        view = memoryview(data)
        text = self._decoder.decode(view)
        if text:
            self._text.write(text)
        return view.nbytes

    def flush(self) -> None:
        self._text.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._text.fileno()

    def close(self) -> None:
        self.flush()


def _writer(name: str, link: Link) -> Callable[[str], int]:
    pieces, gate, slow = link.pieces, link.gate, link.write
    current = CURRENT.get

    def write(text: str) -> int:
        if type(text) is not str:
            text = _as_text(text)
        length = len(text)
        if len(pieces) >= gate[0] or length > LONG_WRITE:
            if length:
                slow(current(), name, text)
        else:
            pieces.append((current(), name, text))
        return length

    return write


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"write() argument must be str, not {type(value).__name__}")
    return str.__str__(value)


class _DescriptorLines:
    """Text to a descriptor, at once up to the last newline, so that the lines of several
    processes do not run into each other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = ""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._rest += text
        cut = max(self._rest.rfind("\n"), self._rest.rfind("\r")) + 1
        if cut:
            whole, self._rest = self._rest[:cut], self._rest[cut:]
            self._put(whole)
        return len(text)

    def flush(self) -> None:
        if self._rest:
            whole, self._rest = self._rest, ""
            self._put(whole)

    def _put(self, text: str) -> None:
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data:
            data = data[os.write(self._descriptor, data) :]
