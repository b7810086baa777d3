"""Torn, flipped, cut and foreign files: never a wrong record, never silently empty."""

import os
import random
import sqlite3
from pathlib import Path

import pytest

from tailrace.log.database import wal_of
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.log.salvage import Salvage, suspect_marker
from tailrace.protocol.errors import LogForeign, LogVersion
from tests.failure.log_files import alone, copy_files, crashed, found_in, varied
from tests.log.stories import all_of, body_of, numbered, sequences, told

SEED = 20261121

pytestmark = pytest.mark.timeout(300)  # some seconds each on a free machine
FRAME_BYTES = 24 + 4096


# ── tails ────────────────────────────────────────────────────────────────────


def cuts(end: int) -> list[int]:
    """Where to cut a write-ahead log: every byte of each header, each 97th of the pages."""
    headers = [
        offset for frame in range(32, end, FRAME_BYTES) for offset in range(frame - 1, frame + 26)
    ]
    return sorted({*range(34), *headers, *range(0, end, 97), end - 1, end})


@pytest.mark.parametrize("tail", ["cut", "zeros", "noise"])
@told
async def test_a_torn_tail_leaves_the_exact_prefix(tmp_path: Path, tail: str) -> None:  # LOG-12
    before = varied(1, 20)
    appends = [varied(21, 1), varied(22, 3), varied(25, 1)]
    path, ends = await crashed(tmp_path, before, appends)
    wal = wal_of(path).read_bytes()
    noise = random.Random(SEED).randbytes(len(wal))
    _, _, epoch = await found_in(path)

    for offset in cuts(ends[-1]) if tail == "cut" else cuts(ends[-1])[::5]:
        place = tmp_path / "cut" / "log.db"
        alone(place.parent)
        copy_files(path, place)
        behind = {"cut": b"", "zeros": bytes(len(wal) - offset), "noise": noise[offset:]}[tail]
        wal_of(place).write_bytes(wal[:offset] + behind)
        whole = sum(len(a) for a, end in zip(appends, ends, strict=True) if end <= offset)

        records, damage, found_epoch = await found_in(place)

        assert records == varied(1, 20 + whole), f"cut at {offset}"
        assert (damage, found_epoch) == (None, epoch), f"cut at {offset}"


# ── flipped bits ─────────────────────────────────────────────────────────────


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@told
async def test_a_flipped_bit_in_the_database_loses_little_and_says_so(tmp_path: Path) -> None:
    """LOG-13, LOG-14."""
    total = 200
    path, _ = await crashed(tmp_path, varied(1, total), [])
    data = path.read_bytes()
    chance = random.Random(SEED)
    header_bits = [chance.randrange(8 * 100) for _ in range(20)]
    outcomes = {"whole": 0, "damaged": 0}

    for bit in [*header_bits, *(chance.randrange(8 * len(data)) for _ in range(100))]:
        place = tmp_path / "flip" / "log.db"
        alone(place.parent)
        place.write_bytes(flipped(data, bit))

        records, damage, _ = await found_in(place)

        # Never a wrong one, no gap, and none missing without a word.
        assert records == varied(1, len(records)), f"bit {bit}"
        if damage is None:
            assert len(records) == total, f"bit {bit}"
            outcomes["whole"] += 1
            continue
        outcomes["damaged"] += 1
        assert damage.quarantined.read_bytes() == flipped(data, bit)
        behind = sum(end - start + 1 for start, end in damage.later)
        # One page holds some dozens of small records; those behind the break are there.
        assert damage.last == len(records)
        assert len(records) + behind >= total - 60, f"bit {bit}: {damage.message}"
    assert outcomes["damaged"] > 20


@told
async def test_a_flipped_bit_in_the_write_ahead_log_is_found_out(tmp_path: Path) -> None:
    """LOG-13: SQLite alone would drop everything behind the flipped bit, and say nothing."""
    appends = [varied(start, 2) for start in range(21, 61, 2)]
    path, ends = await crashed(tmp_path, varied(1, 20), appends)
    wal = wal_of(path).read_bytes()
    chance = random.Random(SEED)
    before_the_last = ends[-2]
    recovered = 0

    for bit in [chance.randrange(8 * len(wal)) for _ in range(80)] + list(range(0, 8 * 32, 9)):
        place = tmp_path / "flip" / "log.db"
        alone(place.parent)
        copy_files(path, place)
        wal_of(place).write_bytes(flipped(wal, bit))

        records, damage, _ = await found_in(place)

        assert records == varied(1, len(records)), f"bit {bit}"
        if damage is None:
            # Within the last commit it is a torn tail; elsewhere nothing may be missing.
            kept = 60 if bit // 8 < before_the_last else 58
            assert len(records) >= kept, f"bit {bit}"
        else:
            behind = sum(end - start + 1 for start, end in damage.later)
            assert len(records) + behind >= 45, f"bit {bit}: {damage.message}"
            recovered += len(records) == 60
    assert recovered > 40  # most pages were written again by a later commit


@told
async def test_damage_behind_a_snapshot_costs_history_and_not_the_state(tmp_path: Path) -> None:
    """LOG-14: the kept run may begin right behind a snapshot."""
    path, _ = await crashed(tmp_path, varied(1, 300), [], snapshots=(250, 280))
    data = path.read_bytes()
    at = data.index(body_of(31, 20 + 31 % 300))  # somewhere in record 31
    path.write_bytes(flipped(data, 8 * (at + 5)))

    log = await EmbeddedLog.open(path)
    with pytest.raises(Exception, match="checksum"):
        await all_of(log)
    await log.close()
    log = await EmbeddedLog.open(path)

    assert log.damage is not None
    assert (log.first, log.last, log.damage.snapshot) == (32, 300, 280)
    assert await log.snapshot() == LogSnapshot(280, body_of(280, 9_000))
    assert await all_of(log, 31) == varied(32, 269)
    older = [n for n in range(1, 31) if n % 3 and n % 2 == 0]
    assert sequences(await log.read_topic("first"))[: len(older)] == older
    await log.append(varied(301, 1), expected=300)
    await log.close()
    assert (await found_in(path))[0] == varied(32, 270)


@told
async def test_a_damaged_newest_snapshot_falls_back_to_the_one_before(tmp_path: Path) -> None:
    path, _ = await crashed(tmp_path, varied(1, 30), [], snapshots=(10, 20))  # LOG-8
    data = path.read_bytes()
    at = data.rindex(body_of(20, 9_000)[200:260])
    path.write_bytes(flipped(data, 8 * at))

    log = await EmbeddedLog.open(path)

    assert await log.snapshot() == LogSnapshot(10, body_of(10, 9_000))
    await log.compact(30)
    assert log.first == 11
    await log.close()


# ── whole files ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all\n" * 9, bytes(8192), os.urandom(20_000)]
)
@told
async def test_a_file_that_is_no_log_is_set_aside_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.db"  # LOG-14
    path.write_bytes(content)

    log = await EmbeddedLog.open(path)

    assert log.damage is not None
    assert (log.damage.first, log.damage.last, log.damage.snapshot) == (1, 0, None)
    assert log.damage.quarantined.read_bytes() == content
    assert str(log.damage.quarantined) in log.damage.message
    await log.append(numbered(1), expected=0)
    await log.close()


@told
async def test_a_database_cut_anywhere_keeps_what_is_on_its_pages(tmp_path: Path) -> None:
    path, _ = await crashed(tmp_path, varied(1, 200), [])  # LOG-14
    data = path.read_bytes()
    chance = random.Random(SEED)

    for length in [
        0,
        1,
        99,
        100,
        4095,
        4096,
        4097,
        *(chance.randrange(len(data)) for _ in range(60)),
    ]:
        place = tmp_path / "cut" / "log.db"
        alone(place.parent)
        place.write_bytes(data[:length])

        records, damage, _ = await found_in(place)

        assert records == varied(1, len(records))
        assert damage is not None, f"cut to {length}"
        assert damage.quarantined.stat().st_size == length


@told
async def test_a_write_ahead_log_without_its_database_gives_what_it_holds(tmp_path: Path) -> None:
    path, _ = await crashed(tmp_path, varied(1, 3), [varied(4, 2)])  # LOG-14
    path.unlink()

    records, damage, _ = await found_in(path)

    assert damage is not None
    assert wal_of(damage.quarantined).exists()
    assert records == varied(1, 5)  # the page it was written to came with it whole


@told
async def test_another_programs_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"  # LOG-15
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE holidays (place TEXT)")
    connection.execute("INSERT INTO holidays VALUES ('Rügen')")
    connection.commit()
    connection.close()
    before = path.read_bytes()

    with pytest.raises(LogForeign, match="another program"):
        await EmbeddedLog.open(path)

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["log.db"]


@told
async def test_a_newer_versions_log_is_refused_and_untouched(tmp_path: Path) -> None:  # LOG-15
    from msgspec.structs import replace

    from tailrace.log import database

    path, _ = await crashed(tmp_path, varied(1, 3), [])
    connection = database.connected(path, "rw")
    facts = database.facts_in(connection)
    assert facts is not None
    database.write_facts(connection, replace(facts, version=2))
    connection.close()
    before = path.read_bytes()

    with pytest.raises(LogVersion, match="newer than"):
        await EmbeddedLog.open(path)

    assert path.read_bytes() == before


# ── repairing ────────────────────────────────────────────────────────────────


@told
async def test_a_repair_has_a_new_epoch_and_is_told_once(tmp_path: Path) -> None:  # LOG-14
    path, _ = await crashed(tmp_path, varied(1, 50), [])
    epoch = (await found_in(path))[2]
    path.write_bytes(flipped(path.read_bytes(), 8 * 30))

    records, damage, repaired = await found_in(path)
    assert records == varied(1, 50)
    assert damage is not None
    assert repaired != epoch
    assert await found_in(path) == (varied(1, 50), None, repaired)

    path.write_bytes(flipped(path.read_bytes(), 8 * 30))
    _, again, _ = await found_in(path)
    assert again is not None
    assert again.quarantined.name == "log.db.damaged-2"
    assert damage.quarantined.exists()


@pytest.mark.parametrize("after", ["the marker", "the links", "the new file"])
@told
async def test_an_interrupted_repair_is_begun_again(tmp_path: Path, after: str) -> None:  # LOG-14
    path, _ = await crashed(tmp_path, varied(1, 40), [varied(41, 5), varied(46, 5)])
    path.write_bytes(flipped(path.read_bytes(), 8 * 30))
    salvage = Salvage(path, "a test")
    if after == "the marker":
        suspect_marker(path).write_bytes(b"log.db.damaged-1")
    else:
        salvage.quarantine()
    if after == "the new file":
        salvage.install()
        suspect_marker(path).write_bytes(b"log.db.damaged-1")

    records, damage, _ = await found_in(path)

    assert records == varied(1, 50)
    assert damage is not None
    assert damage.quarantined.name == "log.db.damaged-1"
    assert not suspect_marker(path).exists()
    assert (await found_in(path))[1] is None


@told
async def test_large_values_come_through_a_repair(tmp_path: Path) -> None:  # LOG-14
    sizes = [0, 1, 480, 489, 490, 3_900, 4_061, 4_062, 8_180, 100_000, 3_000_000]
    records = [
        LogRecord(n, float(n), "text-appended", body_of(n, size), "long topic " * n, n, 0)
        for n, size in enumerate(sizes, start=1)
    ]
    path, _ = await crashed(tmp_path, records[:6], [records[6:9], records[9:]])
    suspect_marker(path).touch()

    log = await EmbeddedLog.open(path)

    assert log.damage is not None
    assert await log.read(0, limit_bytes=1 << 30) == records
    await log.close()
