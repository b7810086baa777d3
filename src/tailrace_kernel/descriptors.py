"""File descriptors 1 and 2 as pipes into the guest: what C code and child processes write.

Each stream has one incremental UTF-8 decoder, so that no character is cut (KER-6). The
pipes are read by whoever holds the link's lock: the pump when they become readable, and a
writer before its own text, which keeps `print` and `os.write` in order. Where nothing tells
when a pipe becomes readable (Windows; `polled`), the pump looks from time to time. The guest
keeps a writing end of its own for each pipe: closing fd 1 in a cell loses nothing but that
descriptor, and `repair` opens it again after the cell.
"""

import codecs
import contextlib
import ctypes
import os
import select
import sys
from typing import Any

if sys.platform == "win32":
    import _winapi
    import msvcrt

    def waiting_in(reader: int) -> int:
        """How many bytes are in the pipe now."""
        handle = msvcrt.get_osfhandle(reader)
        try:
            return int(_winapi.PeekNamedPipe(handle, 0)[0])
        except BrokenPipeError:
            return 0

    def _high(descriptor: int) -> int:
        return descriptor

    def _enlarge(writer: int) -> None:
        """A pipe has the size that it has."""
else:
    import fcntl
    import struct
    import termios

    def waiting_in(reader: int) -> int:
        """How many bytes are in the pipe now."""
        packed = fcntl.ioctl(reader, termios.FIONREAD, b"\0\0\0\0")
        return int(struct.unpack("i", packed)[0])

    def _high(descriptor: int) -> int:
        """The same at a high number: code that closes all low ones should not hit ours."""
        try:
            moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH_NUMBER)
        except OSError:  # above the process's limit
            return descriptor
        os.close(descriptor)
        return int(moved)

    def _enlarge(writer: int) -> None:
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            # Over the user's quota of pipe memory the default size will do.
            with contextlib.suppress(OSError):
                fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


READ_BYTES = 64 * 1024
PIPE_BYTES = 1024 * 1024  # a child that prints a lot is woken less often
HIGH_NUMBER = 200
LINE_BUFFERED = 1  # _IOLBF of the C libraries of Linux and macOS
STREAMS = {1: "stdout", 2: "stderr"}


class _Pipe:
    def __init__(self, target: int) -> None:
        self.target = target
        self.stream = STREAMS[target]
        reader, writer = os.pipe()
        self.reader, self.writer = _high(reader), _high(writer)
        if sys.platform != "win32":
            os.set_blocking(self.reader, False)
        _enlarge(self.writer)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def point(self) -> None:
        os.dup2(self.writer, self.target, inheritable=True)

    def read(self, most: int) -> str:
        """`most` bytes, which are there now, decoded."""
        data = []
        while most > 0:
            try:
                chunk = os.read(self.reader, min(most, READ_BYTES))
            except BlockingIOError:
                break
            if not chunk:
                break
            data.append(chunk)
            most -= len(chunk)
        return self.decoder.decode(b"".join(data))

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


class CapturedDescriptors:
    """`polled`: nothing tells when there is something to read."""

    def __init__(self, *, polled: bool = False) -> None:
        self.polled = polled or sys.platform == "win32"
        self._pipes = [_Pipe(1), _Pipe(2)]
        for pipe in self._pipes:
            pipe.point()
        self._by_reader = {pipe.reader: pipe for pipe in self._pipes}
        self._readable = self._looked_at
        if sys.platform != "win32" and not self.polled:
            poller = select.poll()
            for pipe in self._pipes:
                poller.register(pipe.reader, select.POLLIN)
            self._readable = lambda: [reader for reader, _ in poller.poll(0)]
        self._flush_c = _c_stdout()

    def _looked_at(self) -> list[int]:
        return [reader for reader in self._by_reader if waiting_in(reader)]

    def has_waiting(self) -> bool:
        return bool(self._readable())

    def readers(self) -> list[int]:
        return [pipe.reader for pipe in self._pipes]

    def read_waiting(self) -> list[tuple[str, str]]:
        """What was in the pipes at the moment of the call; a child that writes for ever
        does not keep us here."""
        found = []
        for reader in self._readable():
            text = self._by_reader[reader].read(waiting_in(reader))
            if text:
                found.append((self._by_reader[reader].stream, text))
        return found

    def flush_c(self) -> None:
        """Have C's own `stdout` written into the pipe."""
        self._flush_c()

    def repair(self) -> None:
        """Open 1 and 2 again if the cell closed them; what it put there on purpose stays."""
        for pipe in self._pipes:
            try:
                os.fstat(pipe.target)
            except OSError:
                pipe.point()

    def close(self) -> None:
        """In a forked child: 1 and 2 stay as they are, our own ends go."""
        for pipe in self._pipes:
            pipe.close()


def _c_stdout() -> Any:
    """Make C's stdout line buffered (a pipe would be fully buffered); returns its flush."""
    try:
        libc = ctypes.CDLL(None)
        name = "__stdoutp" if sys.platform == "darwin" else "stdout"
        stdout = ctypes.c_void_p.in_dll(libc, name)
        libc.setvbuf(stdout, None, LINE_BUFFERED, ctypes.c_size_t(0))
    except (OSError, AttributeError, TypeError, ValueError):  # Windows has no such library
        return lambda: None
    return lambda: libc.fflush(stdout)
