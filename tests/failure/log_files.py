"""Logs as a crash leaves them: files to cut, flip and overwrite."""

import shutil
from pathlib import Path

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.salvage import Damage
from tailrace.protocol.errors import LogDamaged
from tests.log.stories import all_of, body_of

TOPICS = ("first", "second")


def varied(first: int, count: int) -> list[LogRecord]:
    """Records with and without topics, small and over several pages."""
    return [
        LogRecord(
            sequence,
            1.0 + sequence / 4,
            "text-appended" if sequence % 3 else "document-updated",
            body_of(sequence, 12_000 if sequence % 11 == 0 else 20 + sequence % 300),
            TOPICS[sequence % 2] if sequence % 3 else None,
            sequence,
            1,
        )
        for sequence in range(first, first + count)
    ]


async def crashed(
    folder: Path,
    before: list[LogRecord],
    appends: list[list[LogRecord]],
    *,
    snapshots: tuple[int, ...] = (),
) -> tuple[Path, list[int]]:
    """A log whose server was killed: `before` is in the database, each of `appends` a commit
    in the write-ahead log. Also where that log's file ended after each commit."""
    living = folder / "living" / "log.db"
    log = await EmbeddedLog.open(living)
    await log.append(before, expected=0)
    for sequence in snapshots:
        await log.save_snapshot(LogSnapshot(sequence, body_of(sequence, 9_000)))
    await log.close()
    log = await EmbeddedLog.open(living)
    ends: list[int] = []
    for records in appends:
        await log.append(records, expected=log.last)
        ends.append((living.parent / "log.db-wal").stat().st_size)
    path = folder / "log.db"
    copy_files(living, path)
    await log.close()
    shutil.rmtree(living.parent)
    return path, ends


def copy_files(source: Path, target: Path) -> None:
    """The database and its write-ahead log, as they are now; nothing else."""
    for ending in ("", "-wal"):
        if Path(f"{source}{ending}").exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(f"{source}{ending}", f"{target}{ending}")


def alone(folder: Path) -> None:
    """Make `folder` anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


async def found_in(path: Path) -> tuple[list[LogRecord], Damage | None, str]:
    """What a session would come to read: it opens the log, and once more when the first
    reading finds damage. Every way of reading has to agree."""
    damage: Damage | None = None
    for _ in range(3):
        log = await EmbeddedLog.open(path)
        damage = log.damage or damage
        try:
            records = await all_of(log, log.first - 1)
            for topic in TOPICS:
                by_topic = await log.read_topic(topic, limit=10_000, limit_bytes=1 << 30)
                kept = [record for record in by_topic if record.sequence >= log.first]
                assert kept == [record for record in records if record.topic == topic]
                assert all(record == varied(record.sequence, 1)[0] for record in by_topic)
            assert len(records) == log.last - log.first + 1
            await log.snapshot()
            return records, damage, log.epoch
        except LogDamaged:
            continue
        finally:
            await log.close()
    raise AssertionError("opening a damaged log again did not repair it")
