"""A process that writes a checkpoint and may be killed, starved or demoted on the way.

Run as `python -m tests.failure.checkpoint_child '<json>'`; answers with JSON on stdout.
It forks for each attempt: the fork is what is killed, the parent looks at what is left.
"""

import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from tailrace.files import backups, beneath, checkpoint, fates
from tailrace.files.checkpoint import ANYTHING, digest_of, write_checkpoint
from tailrace.protocol.errors import TailraceError

WATCHED = {module.__file__ for module in (backups, beneath, checkpoint, fates)}


def kill_at_line(number: int) -> None:
    """Die by SIGKILL before the `number`th line of the modules that write."""
    left = number

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def attempt(path: Path, new: bytes, backup_folder: Path, *, line: int = 0) -> int:
    """Fork, write there; the fork's wait status."""
    child = os.fork()
    if child:
        return child
    code = 0
    try:
        if line:
            kill_at_line(line)
        write_checkpoint(path, new, expected=ANYTHING, backup_folder=backup_folder)
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def restore(path: Path, old: bytes) -> None:
    with path.open("r+b") as file:
        file.truncate()
        file.write(old)


def every_line(path: Path, old: bytes, new: bytes, backup_folder: Path) -> dict[str, Any]:
    """Kill the writer before each line it would run, and see what stands there after."""
    seen: dict[str, int] = {}
    line = 0
    while True:
        line += 1
        _, status = os.waitpid(attempt(path, new, backup_folder, line=line), 0)
        raw = path.read_bytes()
        repaired = backups.repair(backup_folder, path)
        after = path.read_bytes()
        key = f"{_name(raw, old, new)}>{repaired}>{_name(after, old, new)}"
        seen[key] = seen.get(key, 0) + 1
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        restore(path, old)
    return {"lines": line, "seen": seen, "left": sorted(os.listdir(path.parent))}


def any_moment(
    path: Path, old: bytes, new: bytes, backup_folder: Path, count: int
) -> dict[str, Any]:
    began = time.monotonic()
    os.waitpid(attempt(path, new, backup_folder), 0)
    whole_s = time.monotonic() - began
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    seen: dict[str, int] = {}
    for _ in range(count):
        restore(path, old)
        child = attempt(path, new, backup_folder)
        time.sleep(dice.random() * whole_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raw = path.read_bytes()
        repaired = backups.repair(backup_folder, path)
        key = f"{_name(raw, old, new)}>{repaired}>{_name(path.read_bytes(), old, new)}"
        seen[key] = seen.get(key, 0) + 1
    return {"seed": seed, "seen": seen, "left": sorted(os.listdir(path.parent))}


def once(path: Path, new: bytes, backup_folder: Path) -> dict[str, Any]:
    before = path.read_bytes() if path.exists() else None
    try:
        written = write_checkpoint(path, new, expected=ANYTHING, backup_folder=backup_folder)
    except TailraceError as error:
        result: dict[str, Any] = {"error": error.code, "message": str(error)}
    else:
        result = {"in_place": written.in_place, "digest": written.digest}
    after = path.read_bytes() if path.exists() else None
    result["file"] = "old" if after == before else "new" if after == new else "torn"
    result["left"] = sorted(os.listdir(path.parent))
    result["backups"] = sorted(os.listdir(backup_folder)) if backup_folder.is_dir() else []
    return result


def _name(found: bytes, old: bytes, new: bytes) -> str:
    return {digest_of(old): "old", digest_of(new): "new"}.get(digest_of(found), "torn")


def main() -> None:
    task = json.loads(sys.argv[1])
    path, backup_folder = Path(task["path"]), Path(task["backups"])
    old, new = task["old"].encode() * task["times"], task["new"].encode() * task["times"]
    if "fill_to_bytes" in task:  # leave this much on the file system of `path`
        path.write_bytes(old)
        with (path.parent / "ballast").open("wb") as ballast:
            free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
            ballast.write(bytes(max(0, free - task["fill_to_bytes"])))
    if "file_limit_bytes" in task:
        resource.setrlimit(resource.RLIMIT_FSIZE, (task["file_limit_bytes"],) * 2)
    if task.get("nobody") and os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    match task["do"]:
        case "every-line":
            result = every_line(path, old, new, backup_folder)
        case "any-moment":
            result = any_moment(path, old, new, backup_folder, task["count"])
        case _:
            result = once(path, new, backup_folder)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
