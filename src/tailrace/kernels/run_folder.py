"""The run folder: where the kernel host and its kernels leave what others must find.

    RUN/                   0700
    ├── host.lock          held by the one living host (KER-16)
    ├── host.sock          its socket, or
    ├── host.json          pid, protocol, version, and the port where sockets have none
    ├── secret             for the loopback transport, 0600
    ├── host.log           what the host has to say
    └── k/<kernel_id>/     0700
        ├── guest.sock
        ├── guest.port     or the port that the guest chose (plain.py)
        ├── kernel.json    what was started, when, and how to reach it
        ├── secret         for the loopback transport, 0600
        ├── stderr.log     what the guest said before its streams were captured
        └── death.json     why it ended, kept until the kernel is forgotten

Read by the server and written by the host, so it needs nothing but the standard library.
"""

import errno
import json
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.protocol.errors import KernelError, KernelStartFailed
from tailrace.protocol.ids import ID_PATTERN

_NO_ROOM = frozenset(
    {errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}
)


def not_started(error: OSError, folder: Path) -> KernelStartFailed:
    """What a kernel's start that failed for `error` is told as."""
    if error.errno in _NO_ROOM:
        return KernelStartFailed(
            f"a kernel needs a little space in {folder}, and there is none "
            f"({error.strerror}); make space there, then run the cell again"
        )
    return KernelStartFailed(f"a kernel could not be started: {error}")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; readers see the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: dict[str, Any]) -> None:
    write_private(path, json.dumps(value, ensure_ascii=True).encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`; None when there is none that can be read."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class KernelFolder:
    path: Path

    @property
    def kernel_id(self) -> str:
        return self.path.name

    @property
    def socket(self) -> Path:
        return self.path / "guest.sock"

    @property
    def description(self) -> Path:
        return self.path / "kernel.json"

    @property
    def secret(self) -> Path:
        return self.path / "secret"

    @property
    def stderr_log(self) -> Path:
        return self.path / "stderr.log"

    @property
    def death(self) -> Path:
        return self.path / "death.json"

    def chosen_port(self) -> int | None:
        """The port that the guest chose itself; None while it has not (KER-27)."""
        try:
            return int((self.path / "guest.port").read_text("ascii"))
        except (OSError, ValueError):
            return None

    def create(self) -> None:
        self.path.mkdir(mode=0o700)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def last_words(self, limit_chars: int = 2000) -> str:
        """The end of what the guest wrote before its streams were captured."""
        return _end_of(self.stderr_log, limit_chars)

    def last_fault(self) -> str:
        """The Python stacks that `faulthandler` wrote as the guest crashed (KER-18)."""
        return _end_of(self.path / "fault.txt", 1 << 16)


def _end_of(path: Path, limit_chars: int) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4 * limit_chars))
            return file.read().decode("utf-8", "replace").strip()[-limit_chars:]
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class RunFolder:
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "host.lock"

    @property
    def socket(self) -> Path:
        return self.path / "host.sock"

    @property
    def description(self) -> Path:
        return self.path / "host.json"

    @property
    def secret(self) -> Path:
        return self.path / "secret"

    @property
    def log(self) -> Path:
        return self.path / "host.log"

    def kernel(self, kernel_id: str) -> KernelFolder:
        if not ID_PATTERN.match(kernel_id):
            raise KernelError(f"{kernel_id!r} is not a kernel id")
        return KernelFolder(self.path / "k" / kernel_id)

    def kernels(self) -> list[KernelFolder]:
        """Every kernel that left a trace here, the living and the dead."""
        try:
            names = sorted(os.listdir(self.path / "k"))
        except OSError:
            return []
        return [KernelFolder(self.path / "k" / name) for name in names if ID_PATTERN.match(name)]

    def prepare(self) -> None:
        """Create the folder, private to this user. Raises `KernelError` when it is not ours."""
        for folder in (self.path, self.path / "k"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
            if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
                raise KernelError(
                    f"{folder} belongs to another user (uid {found.st_uid}); "
                    "set TAILRACE_HOME to a folder of your own"
                )
            if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
                folder.chmod(0o700)

    def check_room(self) -> None:
        """Raise `OSError` when nothing can be written here: what a host that does not come
        up for it could tell nobody."""
        probe = self.path / f".room.{secrets.token_hex(4)}"
        write_private(probe, bytes(4096))
        probe.unlink()

    def own_secret(self) -> str:
        """The folder's secret, made on first use."""
        try:
            return self.secret.read_text("ascii")
        except FileNotFoundError:
            write_private(self.secret, secrets.token_urlsafe(32).encode())
            return self.secret.read_text("ascii")
