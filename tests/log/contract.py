"""What every log promises, whoever keeps it. A subclass says how one is opened."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from tailrace.log.event_log import EventLog, LogRecord, LogSnapshot
from tailrace.protocol.errors import LogError, LogFenced, LogFull, LogGap
from tests.log.stories import all_of, numbered, sequences, told, until


class EventLogContract:
    """Inherit, define `opened`, and call the class `Test…`."""

    async def opened(self, folder: Path, *, quota_bytes: int | None = None) -> EventLog:
        raise NotImplementedError

    # ── appending ────────────────────────────────────────────────────────────

    @told
    async def test_an_empty_log_ends_at_nothing(self, tmp_path: Path) -> None:  # LOG-1
        log = await self.opened(tmp_path)

        assert (log.first, log.last, log.durable) == (1, 0, 0)
        assert await log.read(0) == []
        assert await log.read_topic("anything") == []
        assert await log.snapshot() is None
        assert await log.sync() == 0
        await log.close()

    @told
    async def test_what_was_appended_is_read_back_whole(self, tmp_path: Path) -> None:  # LOG-1
        log = await self.opened(tmp_path)
        records = [
            LogRecord(1, 0.0, "document-created", b""),
            LogRecord(2, -1.25, "text-appended", b"\x00\xff" * 9, "execution", 7, 3),
            LogRecord(3, 1.7e9, "text-appended", bytes(100_000), "ausführung \U0001f422", 10, 0),
        ]

        await log.append(records[:1], expected=0)
        await log.append(records[1:], expected=1)

        assert await log.read(0) == records
        assert await log.read(1) == records[1:]
        assert await log.read(3) == []
        assert log.last == 3
        await log.close()

    @told
    async def test_an_append_that_expects_another_end_is_fenced(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-2
        await log.append(numbered(1, 3), expected=0)

        for expected in (0, 2, 4):
            with pytest.raises(LogFenced) as fenced:
                await log.append(numbered(expected + 1, 1), expected=expected)
            assert (fenced.value.expected, fenced.value.last) == (expected, 3)
        with pytest.raises(LogFenced):
            await log.append([], expected=2)
        await log.append([], expected=3)

        assert await all_of(log) == numbered(1, 3)
        await log.append(numbered(4), expected=3)
        await log.close()

    @told
    async def test_records_that_do_not_follow_are_the_callers_mistake(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-1

        for wrong in (
            numbered(2),
            [*numbered(1), *numbered(3)],
            [LogRecord(1, float("nan"), "kind", b"")],
            [LogRecord(1, 0.0, "kind", b"", "topic", -1, 0)],
        ):
            with pytest.raises(ValueError, match="record"):
                await log.append(wrong, expected=0)

        assert log.last == 0
        await log.close()

    @told
    async def test_appends_made_at_once_keep_their_order(self, tmp_path: Path) -> None:  # LOG-3
        log = await self.opened(tmp_path)

        await asyncio.gather(
            *(log.append(numbered(start, 3), expected=start - 1) for start in range(1, 301, 3))
        )

        assert await all_of(log) == numbered(1, 300)
        await log.close()

    @told
    async def test_of_rivals_for_one_place_exactly_one_wins(self, tmp_path: Path) -> None:  # LOG-2
        log = await self.opened(tmp_path)

        outcomes = await asyncio.gather(
            *(log.append(numbered(1, count), expected=0) for count in range(1, 9)),
            return_exceptions=True,
        )

        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, LogFenced) for outcome in outcomes) == 7
        assert await all_of(log) == numbered(1, 1 + outcomes.index(None))
        await log.close()

    @told
    async def test_a_cancelled_append_leaves_the_log_whole(self, tmp_path: Path) -> None:  # LOG-3
        log = await self.opened(tmp_path)
        waiting = asyncio.create_task(log.append(numbered(1, 5), expected=0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        # Whether it came too late is not promised; that it is all or nothing is.
        with suppress(LogFenced):
            await log.append(numbered(1), expected=0)
        if log.last == 5:
            await log.append(numbered(6), expected=5)

        assert await all_of(log) in (numbered(1), numbered(1, 6))
        await log.close()

    # ── levels ───────────────────────────────────────────────────────────────

    @told
    async def test_durable_follows_and_says_so(self, tmp_path: Path) -> None:  # LOG-5
        log = await self.opened(tmp_path)
        heard: list[int] = []
        log.on_durable(heard.append)

        await log.append(numbered(1, 4), expected=0)
        await until(lambda: heard[-1:] == [4])
        assert log.durable == 4

        await log.append(numbered(5), expected=4)
        assert await log.sync() == 5
        assert log.durable == 5
        await until(lambda: heard[-1:] == [5])
        assert heard == sorted(heard)

        log.on_durable(None)
        await log.append(numbered(6), expected=5)
        await log.sync()
        await log.close()
        assert heard[-1] == 5

    # ── reading ──────────────────────────────────────────────────────────────

    @told
    async def test_pages_are_bounded_and_never_empty_before_the_end(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-6
        await log.append(numbered(1, 50, size=1_000), expected=0)

        assert sequences(await log.read(0, limit=7)) == list(range(1, 8))
        assert sequences(await log.read(10, limit_bytes=3_000)) == [11, 12, 13]
        assert sequences(await log.read(10, limit_bytes=10)) == [11]
        assert sequences(await log.read(48, limit=7)) == [49, 50]
        await log.close()

    @told
    async def test_a_topic_is_read_from_the_line_asked_for(self, tmp_path: Path) -> None:  # LOG-7
        log = await self.opened(tmp_path)

        def spanning(sequence: int, topic: str | None, position: int, extent: int) -> LogRecord:
            return LogRecord(sequence, 1.0, "text-appended", b"x" * 100, topic, position, extent)

        await log.append(
            [
                spanning(1, "a", 0, 0),
                spanning(2, "b", 0, 40),
                spanning(3, "a", 0, 3),  # ends within line 3
                spanning(4, None, 0, 0),
                spanning(5, "a", 3, 0),
                spanning(6, "a", 3, 10),
                spanning(7, "b", 40, 1),
                spanning(8, "a", 13, 1),
            ],
            expected=0,
        )

        assert sequences(await log.read_topic("a")) == [1, 3, 5, 6, 8]
        assert sequences(await log.read_topic("a", position=3)) == [3, 5, 6, 8]
        assert sequences(await log.read_topic("a", position=4)) == [6, 8]
        assert sequences(await log.read_topic("a", position=14)) == [8]
        assert sequences(await log.read_topic("a", position=15)) == []
        assert sequences(await log.read_topic("b", position=1, limit=1)) == [2]
        assert sequences(await log.read_topic("a", limit_bytes=250)) == [1, 3]
        assert sequences(await log.read_topic("a", limit_bytes=1)) == [1]
        assert sequences(await log.read_topic("c")) == []
        await log.close()

    @told
    async def test_many_records_at_one_line_are_paged_by_sequence(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-7
        bar = [LogRecord(n, 1.0, "text-appended", b"\r%d" % n, "bar", 5, 0) for n in range(1, 501)]
        await log.append(bar, expected=0)
        await log.append([LogRecord(501, 1.0, "text-appended", b"\n", "bar", 5, 1)], expected=500)

        found: list[int] = []
        while page := await log.read_topic(
            "bar", position=5, after=found[-1] if found else 0, limit=37
        ):
            found += sequences(page)

        assert found == list(range(1, 502))
        assert sequences(await log.read_topic("bar", position=6, after=3)) == [501]
        assert sequences(await log.read_topic("bar", after=499)) == [500, 501]
        await log.close()

    @told
    async def test_a_page_cut_by_size_within_a_line_passes_nothing_over(
        self, tmp_path: Path
    ) -> None:
        log = await self.opened(tmp_path)  # LOG-7
        long = [LogRecord(n, 1.0, "text-appended", b"x" * 97, "x", 0, 1) for n in range(1, 101)]
        await log.append(long, expected=0)
        end = [LogRecord(n, 1.0, "text-appended", b"\n", "x", 1, 1) for n in range(101, 105)]
        await log.append(end, expected=100)

        found: list[int] = []
        while page := await log.read_topic("x", after=found[-1] if found else 0, limit_bytes=500):
            found += sequences(page)

        assert found == list(range(1, 105))
        await log.close()

    # ── snapshots and compaction ─────────────────────────────────────────────

    @told
    async def test_the_newest_snapshot_counts(self, tmp_path: Path) -> None:  # LOG-8
        log = await self.opened(tmp_path)
        await log.append(numbered(1, 9), expected=0)

        for sequence in (3, 7, 9):
            await log.save_snapshot(LogSnapshot(sequence, b"state at %d" % sequence))
        await log.save_snapshot(LogSnapshot(7, b"late"))

        assert await log.snapshot() == LogSnapshot(9, b"state at 9")
        with pytest.raises(ValueError, match="snapshot"):
            await log.save_snapshot(LogSnapshot(10, b"of the future"))
        assert log.last == 9
        await log.close()

    @told
    async def test_nothing_is_dropped_without_a_snapshot(self, tmp_path: Path) -> None:  # LOG-9
        log = await self.opened(tmp_path)
        await log.append(numbered(1, 9), expected=0)

        await log.compact(8)

        assert log.first == 1
        assert await all_of(log) == numbered(1, 9)
        await log.close()

    @told
    async def test_compaction_stops_at_the_snapshot(self, tmp_path: Path) -> None:  # LOG-9
        log = await self.opened(tmp_path)
        await log.append(numbered(1, 9), expected=0)
        await log.save_snapshot(LogSnapshot(6, b"six"))

        await log.compact(5)
        assert log.first == 5
        await log.compact(100)
        assert log.first == 7
        await log.compact(2)
        assert log.first == 7

        assert await log.read(6) == numbered(7, 3)
        with pytest.raises(LogGap) as gap:
            await log.read(3)
        assert (gap.value.wanted, gap.value.first) == (4, 7)
        assert log.last == 9
        await log.append(numbered(10), expected=9)
        await log.close()

    @told
    async def test_of_two_snapshots_the_older_one_stays_usable(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-9
        await log.append(numbered(1, 9), expected=0)
        await log.save_snapshot(LogSnapshot(4, b"four"))
        await log.save_snapshot(LogSnapshot(9, b"nine"))

        await log.compact(10)

        assert log.first == 5
        assert await log.read(4) == numbered(5, 5)
        await log.close()

    @told
    async def test_a_log_compacted_to_nothing_goes_on_counting(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)  # LOG-9
        await log.append(numbered(1, 9), expected=0)
        await log.save_snapshot(LogSnapshot(9, b"all"))

        await log.compact(10)

        assert (log.first, log.last) == (10, 9)
        assert await log.read(9) == []
        await log.append(numbered(10), expected=9)
        assert await log.read(9) == numbered(10)
        await log.close()

    @told
    async def test_kept_topics_outlive_compaction(self, tmp_path: Path) -> None:  # LOG-9
        log = await self.opened(tmp_path)
        kept, gone = numbered(1, 20, topic="kept"), numbered(21, 20, topic="gone")
        await log.append([*kept, *gone, *numbered(41, 5)], expected=0)
        await log.save_snapshot(LogSnapshot(45, b"state"))

        await log.compact(46, keep_topics=["kept", "never seen"])

        assert await log.read_topic("kept") == kept
        assert await log.read_topic("kept", position=15) == kept[14:]
        assert await log.read_topic("gone") == []
        with pytest.raises(LogGap):
            await log.read(0)
        await log.append(numbered(46, 1, topic="kept"), expected=45)
        assert sequences(await log.read_topic("kept", position=20)) == [20, 46]

        await log.compact(46, keep_topics=[])
        assert sequences(await log.read_topic("kept")) == [46]
        await log.close()

    @told
    async def test_compaction_makes_the_log_smaller(self, tmp_path: Path) -> None:  # LOG-9
        log = await self.opened(tmp_path)
        await log.append(numbered(1, 400, size=10_000), expected=0)
        before = await log.size_bytes()
        assert before >= 4_000_000
        await log.save_snapshot(LogSnapshot(400, b"state"))

        await log.compact(401)

        assert await log.size_bytes() < before / 10
        await log.close()

    @told
    async def test_appends_go_on_during_a_compaction(self, tmp_path: Path) -> None:  # LOG-9
        log = await self.opened(tmp_path)
        await log.append(numbered(1, 2_000, size=2_000), expected=0)
        await log.save_snapshot(LogSnapshot(2_000, b"state"))

        compaction = asyncio.create_task(log.compact(2_001))
        for sequence in range(2_001, 2_101):
            await log.append(numbered(sequence), expected=sequence - 1)
        await compaction

        assert await all_of(log, 2_000) == numbered(2_001, 100)
        await log.close()

    # ── space ────────────────────────────────────────────────────────────────

    @told
    async def test_over_quota_nothing_is_written_and_compaction_helps(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path, quota_bytes=1 << 20)  # LOG-10
        with pytest.raises(LogFull):
            await self._filled(log)
        last = log.last
        assert 100 < last < 1_000
        with pytest.raises(LogFull):
            await log.append(numbered(last + 1, 10, size=2_000), expected=last)
        assert await all_of(log) == numbered(1, last, size=2_000)

        await log.save_snapshot(LogSnapshot(last, bytes(500_000)))
        await log.compact(last + 1)
        await log.append(numbered(last + 1, 10, size=2_000), expected=last)

        assert await all_of(log, last) == numbered(last + 1, 10, size=2_000)
        await log.close()

    async def _filled(self, log: EventLog) -> None:
        for last in range(0, 10_000, 10):
            await log.append(numbered(last + 1, 10, size=2_000), expected=last)

    @told
    async def test_a_closed_log_says_so(self, tmp_path: Path) -> None:
        log = await self.opened(tmp_path)
        await log.append(numbered(1), expected=0)
        await log.close()
        await log.close()

        with pytest.raises(LogError, match="closed"):
            await log.append(numbered(2), expected=1)
        with pytest.raises(LogError, match="closed"):
            await log.read(0)
