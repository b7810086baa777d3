"""Servers forked from a process that has imported them already, for tests that start hundreds.

Most of a start is imports; here they are done once. Each server is a process of its own, in
a session of its own, and is killed as one. Only where there are pidfds (Linux).

    python -m tests.failure.nursery    one JSON line in for each server, its pid out
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn


class Forked:
    """A server of the nursery, with what `subprocess.Popen` offers of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it lives; how it ended is known to the nursery alone."""
        return 0 if select.select([self._fd], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        if not select.select([self._fd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("server", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._fd, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)


class Nursery:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.failure.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def start(self, arguments: list[str], environment: dict[str, str], log: Path) -> Forked:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, environment, str(log)]) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@contextlib.contextmanager
def nursery() -> Iterator[Nursery | None]:
    """None where a process can be waited for by its parent alone: each is started then."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


def serve(arguments: list[str], environment: dict[str, str], log: str) -> NoReturn:
    """In the child: become a server as if started from a shell."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, fd in ((0, nothing), (1, said), (2, said)):
        os.dup2(fd, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["tailrace", *arguments]
    from tailrace.cli.main import main

    main()
    os._exit(0)


def main() -> None:
    import tailrace.cli.open
    import tailrace.server.run
    import tailrace.server.whole  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            serve(*json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    main()
