"""Which servers of this user run now: a small file each, believed only when it answers.

A server that was killed leaves its file behind, and its port may since belong to somebody
else. So a file counts only when the server at its port says the same `instance` on
`/healthz`; the others are removed.
"""

import contextlib
import http.client
import json
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from tailrace.folders import made

ANSWER_WITHIN_S = 2.0


class RunningServer(Struct, frozen=True):
    """`address` is where it can be reached from this machine, with the base URL and a final
    slash. It holds no secret."""

    instance: str
    pid: int
    host: str
    port: int
    base_url: str
    root: str
    version: str
    started_at: float

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.base_url}"


class RunningServers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, server: RunningServer) -> None:
        file = made(self._folder) / f"{server.instance}.json"
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(server))
        fresh.replace(file)

    def remove(self, instance: str) -> None:
        (self._folder / f"{instance}.json").unlink(missing_ok=True)

    def remembered(self) -> list[RunningServer]:
        """Every server that left a file, alive or not, the oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                if name.endswith(".json"):
                    with contextlib.suppress(OSError, msgspec.MsgspecError):
                        content = (self._folder / name).read_bytes()
                        found.append(msgspec.json.decode(content, type=RunningServer))
        return sorted(found, key=lambda server: server.started_at)

    def alive(self) -> list[RunningServer]:
        """Those that answer. The files of the others are removed."""
        living = []
        for server in self.remembered():
            if answers(server):
                living.append(server)
            elif not _process_lives(server.pid):
                self.remove(server.instance)
        return living


def answers(server: RunningServer) -> bool:
    """Whether the server at this address is this very one."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", f"{server.base_url}healthz")
        found = json.loads(connection.getresponse().read(4096))
        return isinstance(found, dict) and found.get("instance") == server.instance
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _process_lives(pid: int) -> bool:
    if os.name != "posix":
        return False  # there a signal 0 would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
