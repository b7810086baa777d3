"""The kernel host's own socket: peers, their requests and the answers to them.

Plain non-blocking sockets on a selector. A peer first says `hello` with the protocol it
speaks and, over loopback, the folder's secret; nothing else is answered before (KER-17).
"""

import hmac
import json
import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tailrace.kernels import addresses
from tailrace.kernels.framing import FrameCutter, message_bytes
from tailrace.protocol.errors import ProtocolError

_UNREAD_LIMIT = 1 << 20  # bytes for a peer that does not read; past it the peer is dropped


@dataclass(eq=False, slots=True)
class Peer:
    link: socket.socket
    cutter: FrameCutter = field(default_factory=FrameCutter)
    unsent: bytearray = field(default_factory=bytearray)
    greeted: bool = False
    closed: bool = False


class HostSocket:
    def __init__(self, listener: socket.socket, *, secret: str | None) -> None:
        self._listener = listener
        self._secret = secret
        self._selector = selectors.DefaultSelector()
        self._peers: set[Peer] = set()
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)

    @property
    def has_peers(self) -> bool:
        return bool(self._peers)

    def watch(self, waker: socket.socket) -> None:
        """Have `requests` return when `waker` has something to read."""
        self._selector.register(waker, selectors.EVENT_READ)

    def requests(self, timeout_s: float | None) -> Iterator[tuple[Peer, dict[str, Any]]]:
        """Wait for at most `timeout_s`, then give what was asked."""
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self.accept()
                continue
            peer = key.data
            if not isinstance(peer, Peer):
                key.fileobj.recv(4096)  # type: ignore[union-attr]
                continue
            if events & selectors.EVENT_WRITE:
                self._flush(peer)
            if events & selectors.EVENT_READ:
                yield from self._read(peer)

    def accept(self) -> bool:
        """Take in whoever waits at the door; whether there was anybody of our own user."""
        try:
            link, _ = self._listener.accept()
        except OSError:
            return False
        if link.family != socket.AF_INET and not addresses.is_own_user(link):
            link.close()
            return False
        if link.family == socket.AF_INET:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setblocking(False)
        peer = Peer(link)
        self._peers.add(peer)
        self._selector.register(link, selectors.EVENT_READ, peer)
        return True

    def _read(self, peer: Peer) -> Iterator[tuple[Peer, dict[str, Any]]]:
        try:
            data = peer.link.recv(1 << 16)
            frames = peer.cutter.feed(data) if data else None
        except BlockingIOError:
            return
        except (OSError, ProtocolError):
            frames = None
        if frames is None:
            self.drop(peer)
            return
        for header, _ in frames:
            try:
                message = json.loads(header)
            except ValueError:
                message = None
            if not isinstance(message, dict):
                self.drop(peer)
                return
            if not peer.closed:
                yield peer, message

    def knows_secret(self, offered: object) -> bool:
        if self._secret is None:
            return True
        return isinstance(offered, str) and hmac.compare_digest(
            offered.encode(), self._secret.encode()
        )

    def send(self, peer: Peer, message: dict[str, Any]) -> None:
        if peer.closed:
            return
        peer.unsent += message_bytes(message)
        self._flush(peer)

    def tell_all(self, message: dict[str, Any]) -> None:
        for peer in list(self._peers):
            if peer.greeted:
                self.send(peer, message)

    def _flush(self, peer: Peer) -> None:
        try:
            sent = peer.link.send(peer.unsent)
            del peer.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.drop(peer)
            return
        if len(peer.unsent) > _UNREAD_LIMIT:
            self.drop(peer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
        self._selector.modify(peer.link, events, peer)

    def drop(self, peer: Peer) -> None:
        if not peer.closed:
            peer.closed = True
            self._peers.discard(peer)
            self._selector.unregister(peer.link)
            peer.link.close()

    def close(self) -> None:
        """Close everything; in a forked child, only this process's copies of it.

        Nothing is unregistered: a forked child shares the selector with its parent.
        """
        self._selector.close()
        self._listener.close()
        for peer in self._peers:
            peer.closed = True
            peer.link.close()
        self._peers.clear()
