"""Any order of appends, crashes, snapshots, compactions and reads, against a plain model."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog, LogRecord, LogSnapshot
from tailrace.log.memory import MemoryLog
from tailrace.protocol.errors import LogFenced, LogGap
from tests.failure.log_files import copy_files

T = TypeVar("T")

TOPICS = st.sampled_from([None, "a", "b"])
DRAFTS = st.lists(
    st.tuples(TOPICS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 9_000)), max_size=6
)


class LogMachine(RuleBasedStateMachine):
    """`records` is the model: all that was ever appended. `kept` are the sequences below
    `first` that compactions left for reading by topic."""

    is_embedded = True

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="tailrace-log-machine-"))
        self.generation = 0
        self.records: list[LogRecord] = []
        self.first = 1
        self.kept: set[int] = set()
        self.snapshots: list[LogSnapshot] = []
        self.ends = {"a": 0, "b": 0}
        self.log: EventLog = self.opened()
        self.epoch = self.log.epoch

    def told(self, story: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(story)

    def path(self) -> Path:
        return self.folder / str(self.generation) / "log.db"

    def opened(self) -> EventLog:
        if not self.is_embedded:
            return MemoryLog()
        log = self.told(EmbeddedLog.open(self.path()))
        assert log.damage is None
        return log

    def drafted(self, drafts: list[tuple[str | None, int, int, int]]) -> list[LogRecord]:
        made = []
        for topic, step, extent, size in drafts:
            position = 0
            if topic is not None:
                position = self.ends[topic] + step
                self.ends[topic] = position + extent
            sequence = len(self.records) + len(made) + 1
            body = bytes([sequence % 251]) * size
            made.append(LogRecord(sequence, 1.5, "kind", body, topic, position, extent))
        return made

    # ── what may happen ──────────────────────────────────────────────────────

    @rule(drafts=DRAFTS)
    def append(self, drafts: list[tuple[str | None, int, int, int]]) -> None:
        made = self.drafted(drafts)
        self.told(self.log.append(made, expected=len(self.records)))
        self.records += made

    @rule(several=st.lists(DRAFTS, min_size=2, max_size=4))
    def append_at_once(self, several: list[list[tuple[str | None, int, int, int]]]) -> None:
        async def story() -> None:
            waiting = []
            for drafts in several:
                if made := self.drafted(drafts):
                    waiting.append(self.log.append(made, expected=len(self.records)))
                    self.records += made
            await asyncio.gather(*waiting)

        self.told(story())

    @rule(off=st.integers(1, 5))
    def append_elsewhere(self, off: int) -> None:
        expected = len(self.records) + off
        late = [LogRecord(expected + 1, 0.0, "kind", b"")]
        with pytest.raises(LogFenced) as fenced:
            self.told(self.log.append(late, expected=expected))
        assert fenced.value.last == len(self.records)

    @rule(back=st.integers(0, 9), size=st.integers(0, 20_000))
    def save_snapshot(self, back: int, size: int) -> None:
        snapshot = LogSnapshot(max(len(self.records) - back, self.first - 1), bytes(size))
        self.told(self.log.save_snapshot(snapshot))
        others = [kept for kept in self.snapshots if kept.sequence != snapshot.sequence]
        self.snapshots = sorted([*others, snapshot], key=lambda kept: kept.sequence)[-2:]

    @rule(back=st.integers(-2, 30), keep=st.sets(st.sampled_from(["a", "b"])))
    def compact(self, back: int, keep: set[str]) -> None:
        before = len(self.records) + 1 - back
        self.told(self.log.compact(before, keep_topics=sorted(keep)))
        first_before = self.first
        if self.snapshots:
            self.first = max(self.first, min(before, self.snapshots[0].sequence + 1))
            below = {*self.kept, *range(first_before, self.first)}
            self.kept = {n for n in below if self.records[n - 1].topic in keep}

    @rule()
    def close_and_open(self) -> None:
        if self.is_embedded:
            self.told(self.log.close())
            self.log = self.opened()

    @rule(keeps_index=st.booleans())
    def crash(self, keeps_index: bool) -> None:
        """Go on with the files as they are at this moment, as after `kill -9`."""
        if not self.is_embedded:
            return
        source = self.path()
        self.generation += 1
        copy_files(source, self.path())
        if keeps_index and source.with_name("log.db-shm").exists():
            shutil.copyfile(source.with_name("log.db-shm"), self.path().with_name("log.db-shm"))
        self.told(self.log.close())
        self.log = self.opened()

    # ── what must hold ───────────────────────────────────────────────────────

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        after = data.draw(st.integers(0, len(self.records) + 1))
        limit = data.draw(st.integers(1, 20))
        if after + 1 < self.first:
            with pytest.raises(LogGap) as gap:
                self.told(self.log.read(after, limit=limit))
            assert (gap.value.wanted, gap.value.first) == (after + 1, self.first)
            return
        found = self.told(self.log.read(after, limit=limit))
        assert found == self.records[after : after + limit]

    @rule(topic=st.sampled_from(["a", "b"]), position=st.integers(0, 60), after=st.integers(0, 80))
    def read_topic(self, topic: str, position: int, after: int) -> None:
        found = self.told(self.log.read_topic(topic, position=position, after=after, limit=10_000))
        assert found == [
            record
            for record in self.records
            if record.topic == topic
            and (record.sequence >= self.first or record.sequence in self.kept)
            and record.position + record.extent >= position
            and record.sequence > after
        ]

    @invariant()
    def the_ends_are_known(self) -> None:
        if hasattr(self, "log"):
            assert (self.log.first, self.log.last) == (self.first, len(self.records))
            assert self.log.durable <= self.log.last
            newest = self.snapshots[-1] if self.snapshots else None
            assert self.told(self.log.snapshot()) == newest

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.told(self.log.close())
            self.runner.close()
            shutil.rmtree(self.folder)


class MemoryMachine(LogMachine):
    is_embedded = False


_SETTINGS = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

TestEmbeddedMachine = LogMachine.TestCase
TestEmbeddedMachine.settings = _SETTINGS
TestMemoryMachine = MemoryMachine.TestCase
TestMemoryMachine.settings = _SETTINGS
