"""Where a process listens: a unix socket in a private folder, or loopback with a secret.

The unix socket is the rule. Loopback serves where there is none (Windows), or where
`TAILRACE_TRANSPORT=loopback` asks for it; then every connection must show a secret that
only the user can read, because any process on the machine can reach a port.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tailrace.protocol.errors import KernelError

HAS_UNIX_SOCKETS = sys.platform != "win32"
PATH_LIMIT = 107 if sys.platform == "linux" else 103  # sun_path, less its final NUL
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Address:
    """`path` of a unix socket, or `port` on 127.0.0.1."""

    path: Path | None = None
    port: int | None = None


def wants_loopback(environ: Mapping[str, str]) -> bool:
    return not HAS_UNIX_SOCKETS or environ.get("TAILRACE_TRANSPORT") == "loopback"


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for `path` that is short enough for a socket's address.

    Linux can name the folder by an open descriptor, however deep it lies. Elsewhere a
    long path is an error that says what to change.
    """
    name = os.fspath(path)
    if len(os.fsencode(name)) <= PATH_LIMIT:
        yield name
        return
    if sys.platform != "linux":
        raise KernelError(
            f"the socket path {name} is longer than the {PATH_LIMIT} bytes this system allows; "
            "set TAILRACE_HOME to a shorter folder"
        )
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path | None) -> tuple[socket.socket, Address]:
    """Listen on `path`, or on a free loopback port (None). Replaces a stale socket."""
    if path is None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        return listener, Address(port=listener.getsockname()[1])
    if sys.platform == "win32":
        raise OSError("there are no unix sockets here")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with reachable(path) as name:
            listener.bind(name)
        path.chmod(0o600)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener, Address(path=path)


def connect(address: Address) -> socket.socket:
    """A connected, non-blocking socket to our own user's process at `address`.

    Both kinds of address are on this machine, where connecting does not wait. Raises
    `OSError` when nobody listens, `BlockingIOError` when too many are waiting already.
    """
    if address.path is None:
        link = socket.create_connection(("127.0.0.1", address.port or 0), timeout=5)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setblocking(False)
        return link
    if sys.platform == "win32":
        raise OSError("there are no unix sockets here")
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.setblocking(False)
        with reachable(address.path) as name:
            link.connect(name)
        if not is_own_user(link):
            raise KernelError(f"{address.path} is answered by another user's process")
    except BaseException:
        link.close()
        raise
    return link


def is_own_user(link: socket.socket) -> bool:
    """Whether the other end of a unix socket is a process of this user (KER-3)."""
    return sys.platform != "win32" and peer_uid(link) == os.geteuid()


def peer_uid(link: socket.socket) -> int:
    if sys.platform == "linux":
        credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("iII", credentials)[1])
    # struct xucred {u_int version; uid_t uid; short ngroups; gid_t groups[16]}, as
    # LOCAL_PEERCRED (1) of SOL_LOCAL (0) gives it on macOS and the BSDs.
    credentials = link.getsockopt(0, 1, 76)
    return int(struct.unpack_from("II", credentials)[1])
