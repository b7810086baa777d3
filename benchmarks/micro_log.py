"""What the embedded log costs: latency of one append, throughput of many. Prints JSON.

    python benchmarks/micro_log.py [--folder FOLDER] [--seconds S]

The floor beside it is the same transaction by bare SQLite on the calling thread, without a
thread hop, a topic index or a checksum.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog, LogRecord
from tailrace.log.memory import MemoryLog

SMALL = os.urandom(200)
LARGE = os.urandom(64 << 10)


def record(sequence: int, body: bytes) -> LogRecord:
    return LogRecord(sequence, 1.5, "text-appended", body, "execution", sequence, 1)


def summary(durations: list[float]) -> dict[str, float]:
    ordered = sorted(durations)

    def at(share: float) -> float:
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 4)

    return {"p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "count": len(ordered)}


def until(seconds: float) -> Iterator[None]:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield


async def latency(log: EventLog, seconds: float, *, pause_s: float) -> dict[str, float]:
    """One small record at a time; `pause_s` between, when the loop is idle."""
    durations = []
    for _ in until(seconds):
        records = [record(log.last + 1, SMALL)]
        begun = time.perf_counter()
        await log.append(records, expected=log.last)
        durations.append(time.perf_counter() - begun)
        if pause_s:
            await asyncio.sleep(pause_s)
    return summary(durations)


async def durability(log: EventLog, seconds: float) -> dict[str, float]:
    """From `append` to the word that it is at D1, one at a time."""
    durations = []
    heard = asyncio.Event()
    log.on_durable(lambda _: heard.set())
    for _ in until(seconds):
        begun = time.perf_counter()
        await log.append([record(log.last + 1, SMALL)], expected=log.last)
        while log.durable < log.last:
            heard.clear()
            await heard.wait()
        durations.append(time.perf_counter() - begun)
    log.on_durable(None)
    return summary(durations)


async def throughput(log: EventLog, seconds: float, body: bytes, *, batch: int) -> dict[str, float]:
    begun, first = time.perf_counter(), log.last
    for _ in until(seconds):
        records = [record(log.last + 1 + n, body) for n in range(batch)]
        await log.append(records, expected=log.last)
    took = time.perf_counter() - begun
    count = log.last - first
    return {
        "records_per_s": round(count / took),
        "mb_per_s": round(count * len(body) / took / 1e6, 1),
    }


async def reading(log: EventLog) -> dict[str, float]:
    """Everything once, in the pages that a session would ask for."""
    begun, after, size = time.perf_counter(), log.first - 1, 0
    while page := await log.read(after):
        after = page[-1].sequence
        size += sum(len(found.body) for found in page)
    took = time.perf_counter() - begun
    count = after - log.first + 1
    return {"records_per_s": round(count / took), "mb_per_s": round(size / took / 1e6, 1)}


def floor(folder: Path, seconds: float) -> dict[str, float]:
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE records (sequence INTEGER PRIMARY KEY, body BLOB)")
    durations = []
    for _ in until(seconds):
        begun = time.perf_counter()
        connection.execute("INSERT INTO records (body) VALUES (?)", (SMALL,))
        durations.append(time.perf_counter() - begun)
    connection.close()
    return summary(durations)


async def measured(folder: Path, seconds: float) -> dict[str, object]:
    results: dict[str, object] = {"bare_sqlite_commit": floor(folder, seconds)}
    makers: dict[str, Callable[[str], Path | None]] = {
        "embedded": lambda name: folder / f"{name}.db",
        "memory": lambda name: None,
    }
    for kind, place in makers.items():

        async def opened(name: str, path_of: Callable[[str], Path | None] = place) -> EventLog:
            path = path_of(name)
            return MemoryLog() if path is None else await EmbeddedLog.open(path)

        log = await opened("latency")
        results[f"{kind}_append_idle"] = await latency(log, seconds, pause_s=0.001)
        results[f"{kind}_append_busy"] = await latency(log, seconds, pause_s=0)
        if kind == "embedded":
            results["embedded_append_to_d1"] = await durability(log, seconds)
        await log.close()
        for name, body, batch in (
            ("200_b_by_1", SMALL, 1),
            ("200_b_by_100", SMALL, 100),
            ("64_kb_by_1", LARGE, 1),
            ("64_kb_by_8", LARGE, 8),
        ):
            log = await opened(name)
            results[f"{kind}_write_{name}"] = await throughput(log, seconds, body, batch=batch)
            results[f"{kind}_read_{name}"] = await reading(log)
            if kind == "embedded":
                size = await log.size_bytes()
                await log.close()
                begun = time.perf_counter()
                log = await opened(name)
                took = time.perf_counter() - begun
                results[f"embedded_open_{name}"] = {
                    "ms": round(took * 1000, 2),
                    "mb": round(size / 1e6, 1),
                }
            await log.close()
            (folder / f"{name}.db").unlink(missing_ok=True)
    return results


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, help="where to write (default: a temporary one)")
    arguments.add_argument("--seconds", type=float, default=1.0, help="for each measurement")
    chosen = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tailrace-micro-log-", dir=chosen.folder))
    try:
        results = asyncio.run(measured(folder, chosen.seconds))
    finally:
        shutil.rmtree(folder)
    about = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
    }
    print(json.dumps({"benchmark": "micro_log", **about, "results": results}, indent=2))


if __name__ == "__main__":
    main()
