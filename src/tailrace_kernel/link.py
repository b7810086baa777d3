"""The one ordered way out: everything the guest reports goes through a `Link`.

Owns the rules of KER-5 to KER-7: text of all streams and all other reports leave in the
order in which they were made; frames are numbered and kept until acknowledged; when 64 MiB
are kept, whoever writes waits, and nothing is dropped. Decides when to send:

- After a pause the first writes are sent at once, from the writing thread itself.
- In a flood, writes are gathered for `GATHER_S` or `GATHER_BYTES`; `flush()` sends what
  is gathered, but at most every `FLUSH_S`.

While the link is idle its gate is closed and each write comes here (`write`). In a flood
the gate opens: writers append to `pieces` and are done (`streams.py`), which costs a third
of a microsecond. One lock guards the rest. The pump (`pump.py`) is the thread that
sends what is gathered, reads the captured descriptors and continues blocked sends.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tailrace_kernel.gather import Gather, Piece
from tailrace_kernel.interrupts import Interrupts, critical, interruptible
from tailrace_kernel.spool import Spool
from tailrace_kernel.wire import encode_json

IDLE_S = 0.002  # a pause this long makes the next write one to send at once
DIRECT_SENDS = 4  # two prints, of two writes each
FLUSH_S = 0.002  # 20,000 flushes in a fifth of a second become at most a hundred frames
GATHER_S = 0.005  # below one frame of a screen; above the cost of a thread switch
GATHER_BYTES = 64 * 1024
ORDERED_WRITES = 64  # writes per gathering that are put in order with the descriptors' text
OPEN_GATE = 1024  # pieces that writers may leave without taking the lock
MIXED_S = 0.1  # after text came from a descriptor, order matters more than speed for so long


class Captured(Protocol):
    """The captured descriptors, read under the link's lock."""

    def read_waiting(self) -> list[tuple[str, str]]:
        """Stream and text of what is in the pipes now; empty when nothing is."""
        ...


class Link:
    def __init__(
        self, captured: Captured, interrupts: Interrupts, wake: Callable[[], None]
    ) -> None:
        self.pieces: list[Piece] = []
        self.gate = [0]
        self.deadline: float | None = None  # when the pump has to send what is gathered
        self.blocked = False  # the socket took no more; the pump waits until it does
        self._captured = captured
        self._interrupts = interrupts
        self._wake = wake
        self._lock = threading.Lock()
        self._inside: set[int] = set()  # threads that hold the lock or wait for it
        self._gather = Gather()
        self._spool = Spool()
        self._updates: dict[str, bytes] = {}
        self._late: list[tuple[bytes, bytes]] = []
        self._socket: socket.socket | None = None
        self._active = 0.0
        self._sent_at = 0.0
        self._direct_left = 0
        self._window_writes = 0
        self._mixed_until = 0.0

    # ── for writers ──────────────────────────────────────────────────────────

    @critical
    def write(self, execution_id: str | None, stream: str, text: str) -> None:
        """One write while the gate is closed, or a large one."""
        if threading.get_ident() in self._inside:
            # A finaliser or signal handler prints while this very thread is in here.
            self.pieces.append((execution_id, stream, text))
            return
        self._acquire()
        try:
            self._read_descriptors()
            self.pieces.append((execution_id, stream, text))
            self._window_writes += 1
            done = self._pass_on_text()
        finally:
            self._release()
        while not done:
            self._wait_for_room()
            self._acquire()
            try:
                done = self._pass_on_text()
            finally:
                self._release()

    @critical
    def flush(self) -> None:
        """Send what is gathered now, or in a flood soon: it leaves by itself after `GATHER_S`."""
        if threading.get_ident() in self._inside or not (self.pieces or self._gather):
            return
        self._acquire()
        try:
            if time.monotonic() - self._sent_at > FLUSH_S:
                self._emit_text(force=False)
                self._send()
        finally:
            self._release()

    @critical
    def put(self, header: Mapping[str, Any], payload: bytes = b"", *, force: bool = False) -> None:
        """One report, after all text that was written before it.

        `force` adds it even when the spool is full: for the few that end a wait.
        """
        self.put_encoded(encode_json(header), payload, force=force)

    @critical
    def put_encoded(self, head: bytes, payload: bytes = b"", *, force: bool = False) -> None:
        if threading.get_ident() in self._inside:
            self._late.append((head, payload))  # a finaliser's, as in `write`
            return
        while True:
            self._acquire()
            try:
                self._read_descriptors()
                if self._emit_text(force=force) and (force or not self._spool.is_full):
                    self._spool.add(head, payload)
                    self._leave(urgent=force)
                    return
            finally:
                self._release()
            self._wait_for_room()

    @critical
    def put_made(self, make: Callable[[], bytes | None]) -> None:
        """As `put`, with a header made at its turn (None: there is nothing to say)."""
        if threading.get_ident() in self._inside:
            head = make()
            self._late.extend([(head, b"")] if head is not None else [])
            return
        while True:
            self._acquire()
            try:
                self._read_descriptors()
                if self._emit_text(force=False) and not self._spool.is_full:
                    head = make()
                    if head is not None:
                        self._spool.add(head, b"")
                        self._leave(urgent=False)
                    return
            finally:
                self._release()
            self._wait_for_room()

    def settle_text(self) -> None:
        """Have all text that was written so far on its way, in frames."""
        if threading.get_ident() not in self._inside:
            self.put_made(lambda: None)

    @critical
    def put_update(self, display_id: str, header: Mapping[str, Any]) -> None:
        """A display's new state. One that is overtaken before it could leave is dropped."""
        head = encode_json(header)
        if threading.get_ident() in self._inside:
            self._updates[display_id] = head
            return
        self._acquire()
        try:
            self._updates.pop(display_id, None)
            self._updates[display_id] = head
            self._leave(urgent=False)
        finally:
            self._release()

    def settle_update(self, display_id: str) -> None:
        """Let the update that waits for this display go before what comes next."""
        if display_id in self._updates and threading.get_ident() not in self._inside:
            self.settle_updates()

    @critical
    def settle_updates(self) -> None:
        while True:
            self._acquire()
            try:
                if self._emit_updates():
                    return
            finally:
                self._release()
            self._wait_for_room()

    # ── for the main thread, around an execution ─────────────────────────────

    @critical
    def begin(self, execution_id: str) -> None:
        """An execution starts: text that was in the pipes before belongs to the last one."""
        self._acquire()
        try:
            self._read_descriptors()
            self._absorb()
            self._gather.begin(execution_id)
        finally:
            self._release()

    @critical
    def redirect(self, place: str | None) -> str | None:
        """What the descriptors bring belongs to `place` from now on; returns where it went."""
        self._acquire()
        try:
            self._read_descriptors()
            self._absorb()
            before, self._gather.default = self._gather.default, place
            return before
        finally:
            self._release()

    @critical
    def finish(self, header: Mapping[str, Any]) -> None:
        """The barrier and `finished`: nothing that was written before can come after it."""
        head = encode_json(header)
        self._acquire()
        try:
            self._read_descriptors()
            self._emit_text(force=True)
            self._emit_updates(force=True)
            self._spool.add(head, b"")
            self._leave(urgent=True)
        finally:
            self._release()

    # ── for the pump ─────────────────────────────────────────────────────────

    def on_pump(self, *, readable: bool, writable: bool) -> None:
        """One turn of the pump: read the pipes, continue sending, end the gathering."""
        self._acquire()
        try:
            if readable:
                self._read_descriptors()
                if self.pieces:
                    self._pass_on_text()
            if writable:
                self.blocked = False
                self._send()
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self._end_window()
        finally:
            self._release()

    @property
    def may_read(self) -> bool:
        """False stops reading the pipes, so that children wait as our own writers do."""
        return not self._spool.is_full

    # ── for the control thread ───────────────────────────────────────────────

    def attach(self, sock: socket.socket, received: int, greeting: Callable[[int], bytes]) -> None:
        """Send from now on to `sock`, beginning after `received`; the old one is let go."""
        self._acquire()
        try:
            self._let_go()
            sock.sendall(greeting(self._spool.last))
            sock.setblocking(False)
            self._spool.rewind(received)
            self._socket = sock
            self.blocked = False
            self._send()
        finally:
            self._release()
        self._wake()

    def detach(self, sock: socket.socket) -> None:
        self._acquire()
        try:
            if self._socket is sock:
                self._let_go()
        finally:
            self._release()

    def acknowledge(self, seq: int) -> None:
        self._acquire()
        try:
            was_full = self._spool.is_full
            self._spool.acknowledge(seq)
            if was_full and not self._spool.is_full:
                self._wake()
        finally:
            self._release()

    @property
    def last(self) -> int:
        """The number of the newest frame."""
        return self._spool.last

    def descriptor(self) -> int | None:
        """The connection's descriptor while the pump has to wait until it takes more."""
        sock = self._socket
        if sock is None or not self.blocked:
            return None
        descriptor = sock.fileno()
        return descriptor if descriptor >= 0 else None

    # ── at the end of the process ────────────────────────────────────────────

    def deliver(self, *, patience_s: float = 1.0) -> list[bytes]:
        """Send what can be sent, and give back the frames nobody has acknowledged.

        Waits for a connected reader while it takes anything, at most `patience_s`.
        """
        if not self._lock.acquire(timeout=patience_s):
            return []
        try:
            self._read_descriptors()
            self._emit_text(force=True)
            for head in self._updates.values():
                self._spool.add(head, b"")
            self._updates.clear()
            self._send_waiting(patience_s)
            return list(self._spool.frames())
        finally:
            self._lock.release()

    def forget(self) -> None:
        """In a forked child: this link is the parent's."""
        self._lock = threading.Lock()
        self._inside = set()
        self._socket = None

    # ── inside, with the lock held ───────────────────────────────────────────

    def _acquire(self) -> None:
        # Noted before the lock is held: a finaliser may run, and print, at any point here.
        self._inside.add(threading.get_ident())
        try:
            self._lock.acquire()
        except BaseException:
            self._inside.discard(threading.get_ident())
            raise

    def _release(self) -> None:
        while self._late:
            self._spool.add(*self._late.pop(0))
            self._arm()
        self._lock.release()
        self._inside.discard(threading.get_ident())
        if (self.pieces or self._late) and self.deadline is None:
            # Written while the lock was held: by a finaliser, or by a writer at the open gate.
            self._arm()
        if self._interrupts.pending:
            self._interrupts.raise_pending()

    def _read_descriptors(self) -> None:
        waiting = self._captured.read_waiting()
        if waiting:
            self._mixed_until = time.monotonic() + MIXED_S
            self.gate[0] = 0
            self.pieces.extend((None, stream, text) for stream, text in waiting)

    def _absorb(self) -> None:
        if self.pieces:
            self._gather.absorb(self.pieces)

    def _pass_on_text(self) -> bool:
        """After a write: send, or gather. False: the spool is full, wait and try again."""
        self._absorb()
        now = time.monotonic()
        if now - self._active > IDLE_S and self.deadline is None:
            self._direct_left = DIRECT_SENDS
        self._active = now
        if self._direct_left > 0 and not self.blocked and self._spool.unsent_bytes == 0:
            self._direct_left -= 1
            if self._spool.is_full:
                return False
            self._emit_text(force=False)
            self._send()
            return True
        if self._gather.size >= GATHER_BYTES:
            if not self._emit_text(force=False):
                return False
            self._send()
        self._arm()
        if self._window_writes > ORDERED_WRITES and now > self._mixed_until:
            self.gate[0] = OPEN_GATE
        return True

    def _leave(self, *, urgent: bool) -> None:
        """After a report other than text: send it, or let it leave with the others."""
        now = time.monotonic()
        if now - self._active > IDLE_S and self.deadline is None:
            self._direct_left = DIRECT_SENDS
        self._active = now
        if urgent or self._spool.unsent_bytes >= GATHER_BYTES:
            self._send()
        elif self._direct_left > 0 and not self.blocked:
            self._direct_left -= 1
            if self._emit_updates():
                self._send()
        if self._spool.unsent_bytes or self._updates:
            self._arm()

    def _emit_text(self, *, force: bool) -> bool:
        """All gathered text into frames; false when the spool became full before the end."""
        self._absorb()
        while force or not self._spool.is_full:
            payload = self._gather.next_payload()
            if payload is None:
                return True
            self._spool.add(*payload)
        return not self._gather

    def _emit_updates(self, *, force: bool = False) -> bool:
        if self._updates and not self._emit_text(force=force):
            return False
        while self._updates:
            if self._spool.is_full and not force:
                return False
            display_id = next(iter(self._updates))
            self._spool.add(self._updates.pop(display_id), b"")
        return True

    def _arm(self) -> None:
        """Have the pump end this gathering in time."""
        if self.deadline is None:
            self.deadline = time.monotonic() + GATHER_S
            self._wake()

    def _end_window(self) -> None:
        now = time.monotonic()
        was_open = self.gate[0] > 0
        self.gate[0] = 0
        self._absorb()
        if self._gather or self._updates or self._spool.unsent_bytes:
            self._active = now
            self._direct_left = 0
        self._emit_text(force=False)
        if not self.blocked and self._spool.unsent_bytes < GATHER_BYTES:
            self._emit_updates()
        self._send()
        self._window_writes = 0
        if self._gather or self._updates:
            self.deadline = now + 10 * GATHER_S  # the spool is full or the reader is slow
        elif was_open:
            # A writer may have looked at the open gate and not have left its piece yet.
            self.deadline = now + GATHER_S
        else:
            self.deadline = None

    def _send(self) -> None:
        sock = self._socket
        if sock is None or self.blocked:
            return
        spool = self._spool
        self._sent_at = time.monotonic()
        while spool.unsent_bytes:
            buffers = spool.unsent()
            try:
                if len(buffers) == 1 or not hasattr(sock, "sendmsg"):
                    count = sock.send(buffers[0])
                else:
                    count = sock.sendmsg(buffers)
            except BlockingIOError:
                self.blocked = True
                self._wake()
                return
            except OSError:
                self._let_go()  # the other side went; it will attach again
                return
            spool.sent(count)

    def _send_waiting(self, patience_s: float) -> None:
        sock = self._socket
        if sock is None:
            return
        until = time.monotonic() + patience_s
        self.blocked = False
        self._send()
        while self.blocked and time.monotonic() < until:
            time.sleep(0.005)
            self.blocked = False
            before = self._spool.unsent_bytes
            self._send()
            if self._spool.unsent_bytes < before:
                until = time.monotonic() + patience_s

    def _let_go(self) -> None:
        """Forget the connection. The control thread closes it, for it watches it: a number
        closed here could be a new connection's before the watch ends."""
        sock, self._socket = self._socket, None
        self.blocked = False
        if sock is not None:
            with contextlib.suppress(OSError):  # it was gone already
                sock.shutdown(socket.SHUT_RDWR)

    @interruptible
    def _wait_for_room(self) -> None:
        """Until something was acknowledged. Polls: a lock held across a signal is worse."""
        pause_s = 0.002
        while self._spool.is_full:
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.05)
