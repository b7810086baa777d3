"""Memory of process trees, from /proc. Sizes in bytes."""

from pathlib import Path


def descendants(root: int) -> list[int]:
    """`root` and everything below it, as far as it is alive."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        if Path(f"/proc/{pid}").exists():
            found.append(pid)
            waiting += children.get(pid, [])
    return found


def pss_of(pids: list[int]) -> int:
    """Proportional set size: shared pages count by share."""
    return sum(_field(pid, "smaps_rollup", "Pss:") for pid in pids)


def rss_of(pid: int) -> int:
    return _field(pid, "status", "VmRSS:")


def peak_of(pid: int) -> int:
    return _field(pid, "status", "VmHWM:")


def _field(pid: int, file: str, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
