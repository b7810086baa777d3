"""The log in a SQLite file keeps the contract, and what only a file can keep."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailrace.log import log_file, opening, syncer
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog, LogSnapshot
from tailrace.log.salvage import suspect_marker
from tailrace.protocol.errors import LogDamaged, LogError, LogFenced
from tests.failure.log_files import copy_files
from tests.log.contract import EventLogContract
from tests.log.stories import all_of, numbered, sequences, told, until

ROOT = Path(__file__).parents[2]


class TestEmbeddedLog(EventLogContract):
    async def opened(self, folder: Path, *, quota_bytes: int | None = None) -> EventLog:
        return await EmbeddedLog.open(folder / "log.db", quota_bytes=quota_bytes)


def files_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Name → size and time of change."""
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir()}


# ── opening is inert ─────────────────────────────────────────────────────────


@told
async def test_opening_and_reading_make_nothing(tmp_path: Path) -> None:  # LOG-16
    path = tmp_path / "state" / "log.db"
    log = await EmbeddedLog.open(path)
    assert await log.read(0) == []
    assert await log.size_bytes() == 0
    await log.compact(5)
    assert await log.sync() == 0
    await log.close()

    assert files_in(tmp_path) == {}


@told
async def test_reading_a_log_that_was_closed_leaves_it_as_it_was(tmp_path: Path) -> None:  # LOG-16
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 50, topic="t"), expected=0)
    await log.save_snapshot(LogSnapshot(20, b"state"))
    await log.close()
    before = files_in(tmp_path)
    assert list(before) == ["log.db"]

    log = await EmbeddedLog.open(path)
    assert log.durable == 50
    assert await all_of(log) == numbered(1, 50, topic="t")
    assert len(await log.read_topic("t", position=10)) == 41
    assert await log.snapshot() == LogSnapshot(20, b"state")
    assert files_in(tmp_path) == before
    await log.close()

    assert files_in(tmp_path) == before


@told
async def test_the_epoch_is_the_logs_own_and_stays(tmp_path: Path) -> None:  # LOG-17
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    epoch = log.epoch
    await log.append(numbered(1), expected=0)
    assert log.epoch == epoch
    copy_files(path, tmp_path / "killed" / "log.db")
    await log.close()

    for place in (path, tmp_path / "killed" / "log.db"):
        log = await EmbeddedLog.open(place)
        assert log.epoch == epoch
        await log.append(numbered(2), expected=1)
        assert log.epoch == epoch
        await log.close()
    other = await EmbeddedLog.open(tmp_path / "other.db")
    assert other.epoch != epoch
    await other.close()


@told
async def test_without_create_a_missing_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no log"):
        await EmbeddedLog.open(tmp_path / "log.db", create=False)


# ── levels ───────────────────────────────────────────────────────────────────


@told
async def test_after_a_power_loss_the_history_has_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOG-17: what was at D0 may be gone, and a client may have seen it."""
    path, killed = tmp_path / "log.db", tmp_path / "killed" / "log.db"
    log = await EmbeddedLog.open(path)
    epoch = log.epoch
    await log.append(numbered(1, 3), expected=0)
    copy_files(path, killed)
    await log.close()
    for module in (opening, log_file):
        monkeypatch.setattr(module, "boot_name", lambda: "the machine started again")

    log = await EmbeddedLog.open(path)
    assert log.epoch == epoch  # it was closed: everything was synced
    await log.close()
    log = await EmbeddedLog.open(killed)
    renewed = log.epoch
    assert renewed != epoch
    assert await all_of(log) == numbered(1, 3)
    assert log.damage is None
    await log.append(numbered(4), expected=3)
    await log.close()
    log = await EmbeddedLog.open(killed)
    assert log.epoch == renewed
    await log.close()


@told
async def test_a_failed_sync_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOG-5: the system forgets what it could not write; only writing all anew helps."""
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 3), expected=0)
    await log.sync()
    calls = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken_disk:
        broken_disk.setattr(syncer, "sync_descriptor", failing)
        await log.append(numbered(4), expected=3)
        await until(lambda: log.trouble is not None)
    with pytest.raises(LogDamaged, match="could not be synced"):
        await log.append(numbered(5), expected=4)
    with pytest.raises(LogDamaged):
        await log.sync()
    assert log.durable == 3
    assert await all_of(log) == numbered(1, 4)
    assert len(calls) == 1
    with pytest.raises(LogDamaged):
        await log.close()

    epoch = log.epoch
    assert suspect_marker(path).exists()
    log = await EmbeddedLog.open(path)
    assert log.damage is not None
    assert log.epoch != epoch
    assert await all_of(log) == numbered(1, 4)
    await log.append(numbered(5), expected=4)
    assert await log.sync() == 5
    await log.close()


@told
async def test_the_write_ahead_log_stays_short_in_a_flood(tmp_path: Path) -> None:  # LOG-18
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    longest = 0
    for sequence in range(1, 1_601):
        await log.append(numbered(sequence, size=64 << 10), expected=sequence - 1)
        longest = max(longest, (tmp_path / "log.db-wal").stat().st_size)
    await log.close()

    assert longest < log_file.LONGEST_WAL_BYTES + (16 << 20)
    assert files_in(tmp_path).keys() == {"log.db"}


@told
async def test_a_long_read_does_not_hold_up_appends(tmp_path: Path) -> None:  # LOG-6
    log = await EmbeddedLog.open(tmp_path / "log.db")
    await log.append(numbered(1, 3_000, size=10_000), expected=0)

    reading = asyncio.create_task(log.read(0, limit=3_000, limit_bytes=1 << 30))
    await asyncio.sleep(0)
    appended = 0
    while not reading.done():
        await log.append(numbered(log.last + 1), expected=log.last)
        appended += 1

    assert appended > 1
    assert sequences(await reading) == list(range(1, 3_001))
    await log.close()


# ── several writers, lost files ──────────────────────────────────────────────


@told
async def test_of_two_owners_the_one_that_lost_is_fenced(tmp_path: Path) -> None:  # LOG-2
    path = tmp_path / "log.db"
    first = await EmbeddedLog.open(path)
    await first.append(numbered(1, 3), expected=0)
    second = await EmbeddedLog.open(path)
    assert second.last == 3
    await second.append(numbered(4), expected=3)

    with pytest.raises(LogFenced) as fenced:
        await first.append(numbered(4, 2), expected=3)

    assert (fenced.value.expected, fenced.value.last) == (3, 4)
    assert await all_of(first) == await all_of(second) == numbered(1, 4)
    await first.close()
    await second.append(numbered(5), expected=4)
    await second.close()


OTHER_OWNER = """
import asyncio, sys
from pathlib import Path
from tailrace.log.embedded import EmbeddedLog
from tests.log.stories import numbered

async def main():
    log = await EmbeddedLog.open(Path(sys.argv[1]))
    for last in map(int, sys.stdin):
        try:
            await log.append(numbered(last + 1), expected=last)
            print("appended", flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)
    await log.close()

asyncio.run(main())
"""


@told
async def test_a_second_process_is_fenced_too(tmp_path: Path) -> None:  # LOG-2
    path = tmp_path / "log.db"
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER_OWNER, str(path)),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdin is not None
    assert other.stdout is not None

    async def ask(last: int) -> bytes:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(b"%d\n" % last)
        return (await other.stdout.readline()).strip()

    assert await ask(0) == b"appended"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(2), expected=1)
    assert await ask(1) == b"LogFenced"
    # Being fenced, it has learned where the log ends, and may try from there.
    assert await ask(2) == b"appended"
    with pytest.raises(LogFenced):
        await log.append(numbered(3), expected=2)
    other.stdin.close()
    assert await other.wait() == 0
    assert await all_of(log) == numbered(1, 3)
    await log.close()


@told
async def test_two_that_make_one_log_at_once_do_not_mix(tmp_path: Path) -> None:  # LOG-2
    path = tmp_path / "log.db"
    first = await EmbeddedLog.open(path)
    second = await EmbeddedLog.open(path)

    outcomes = await asyncio.gather(
        first.append(numbered(1, 2), expected=0),
        second.append(numbered(1, 2), expected=0),
        return_exceptions=True,
    )

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LogFenced) for outcome in outcomes) == 1
    winner = first if outcomes[0] is None else second
    assert await all_of(winner) == numbered(1, 2)
    await first.close()
    await second.close()
    log = await EmbeddedLog.open(path)
    assert log.epoch == winner.epoch
    await log.close()


@told
async def test_a_writer_whose_file_was_deleted_says_so(tmp_path: Path) -> None:  # LOG-4
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 3), expected=0)
    for name in ("log.db", "log.db-wal", "log.db-shm"):
        (tmp_path / name).unlink()

    with pytest.raises(LogDamaged, match="moved or deleted"):
        await log.append(numbered(4), expected=3)

    with pytest.raises(LogDamaged):
        await log.append(numbered(5), expected=4)
    with pytest.raises(LogError):
        await log.close()


@told
async def test_a_file_that_went_before_the_first_write_is_missed(tmp_path: Path) -> None:  # LOG-4
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 3), expected=0)
    await log.close()
    log = await EmbeddedLog.open(path)
    path.unlink()

    with pytest.raises(LogDamaged, match="deleted"):
        await log.append(numbered(4), expected=3)

    await log.close()
    assert os.listdir(tmp_path) == []


@told
async def test_damage_found_while_reading_is_repaired_by_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "log.db"  # LOG-13
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1, 100, size=300), expected=0)
    await log.close()
    data = bytearray(path.read_bytes())
    at = data.index(numbered(71, size=300)[0].body)
    data[at + 100] ^= 1
    path.write_bytes(data)

    log = await EmbeddedLog.open(path)
    assert log.last == 100
    assert await log.read(80) == numbered(81, 20, size=300)
    with pytest.raises(LogDamaged, match="record 71"):
        await log.read(60)
    with pytest.raises(LogDamaged):
        await log.append(numbered(101), expected=100)
    await log.close()

    log = await EmbeddedLog.open(path)
    assert log.damage is not None
    assert (log.damage.last, log.damage.later) == (70, ((72, 100),))
    assert await all_of(log) == numbered(1, 70, size=300)
    await log.close()


@told
async def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:  # LOG-19
    path = tmp_path / "notebook" / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1), expected=0)

    modes = {
        name: oct((path.parent / name).stat().st_mode)[-3:] for name in os.listdir(path.parent)
    }

    assert modes == {"log.db": "600", "log.db-wal": "600", "log.db-shm": "600"}
    assert oct(path.parent.stat().st_mode)[-3:] == "700"
    assert path.read_bytes()[68:72] == b"tail"
    await log.close()
