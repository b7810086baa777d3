"""A process that appends until it is killed. Run as a program:

    python -m tests.failure.log_writer LOG SEED KILLS

It imports what is needed once, then forks one writer after the other and kills each at a
random moment. A writer first checks that everything its predecessors had been told was
appended is there, in order, once, under the same epoch; then it appends, and writes to a
pipe how far, each time after `append` has returned. At the end the number of kills and what
was acknowledged are printed.
"""

import asyncio
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import LogSnapshot
from tests.log.stories import all_of, numbered


async def check(log: EmbeddedLog, acknowledged: int) -> None:
    assert log.damage is None, log.damage
    assert log.last >= acknowledged, f"{acknowledged} was appended, the log ends at {log.last}"
    snapshot = await log.snapshot()
    if log.first > 1:
        assert snapshot is not None
        assert log.first - 1 <= snapshot.sequence <= log.last
        assert snapshot.body == b"state at %d" % snapshot.sequence
    found = await all_of(log, log.first - 1)
    assert found == numbered(log.first, log.last - log.first + 1, topic="t")
    by_topic = await log.read_topic("t", position=log.first + 1, limit=1_000_000)
    assert by_topic == found[len(found) - len(by_topic) :]


async def write(path: Path, acknowledged: int, chance: random.Random, pipe: int) -> None:
    log = await EmbeddedLog.open(path)
    await check(log, acknowledged)
    while True:
        counts = [chance.choice((1, 1, 2, 5, 36)) for _ in range(chance.choice((1, 1, 3)))]
        appends = []
        start = log.last
        for count in counts:
            appends.append(log.append(numbered(start + 1, count, topic="t"), expected=start))
            start += count
        await asyncio.gather(*appends)
        os.write(pipe, b"%s %d\n" % (log.epoch.encode(), start))
        if chance.random() < 0.1:
            await log.save_snapshot(LogSnapshot(start, b"state at %d" % start))
        if chance.random() < 0.1:
            await log.compact(max(1, start - 300))


def kill_one(path: Path, acknowledged: int, epochs: set[bytes], chance: random.Random) -> int:
    """Fork a writer, kill it, return what it acknowledged last."""
    reading, writing = os.pipe()
    seed = chance.random()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            asyncio.run(write(path, acknowledged, random.Random(seed), writing))
        finally:
            os._exit(3)  # by itself it never ends; what went wrong is on stderr
    os.close(writing)
    # Some die while they open, most at some point after their first appends.
    heard = b""
    if chance.random() < 0.8:
        select.select([reading], [], [], 30)
    time.sleep(chance.random() * 0.025)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while chunk := os.read(reading, 65_536):
        heard += chunk
    os.close(reading)
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    for line in heard.splitlines(keepends=True):
        if line.endswith(b"\n"):
            epoch, last = line.split()
            epochs.add(epoch)
            acknowledged = int(last)
    assert len(epochs) <= 1, "a kill changed the epoch"
    return acknowledged


def main(path: Path, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    acknowledged, epochs = 0, set[bytes]()
    for _ in range(kills):
        acknowledged = kill_one(path, acknowledged, epochs, chance)
    print(kills, acknowledged)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
