"""When a store is quick enough to be written to on the event loop, and that it then is."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from tailrace.log.embedded import EmbeddedLog
from tailrace.log.pace import LONGEST_REST_S, REST_S, SLOW_S, Pace
from tailrace.log.writer import SMALL_BYTES, Writer
from tests.log.stories import all_of, numbered, sequences, told, until

SLOW = SLOW_S * 2
QUICK = SLOW_S / 10


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_one_slow_write_makes_a_store_slow_for_a_while() -> None:  # LOG-22
    clock = Clock()
    pace = Pace(clock)
    pace.note(QUICK)
    assert pace.is_quick
    pace.note(SLOW)
    assert not pace.is_quick
    clock.at += REST_S
    assert pace.is_quick


def test_a_store_that_stays_slow_is_asked_ever_less_often() -> None:  # LOG-22
    clock = Clock()
    pace = Pace(clock)
    rests = []
    for _ in range(9):
        pace.note(SLOW)
        began = clock.at
        while not pace.is_quick:
            clock.at += REST_S / 2
        rests.append(clock.at - began)
    assert rests[:4] == [REST_S, 2 * REST_S, 4 * REST_S, 8 * REST_S]
    assert rests[-1] == LONGEST_REST_S
    pace.note(QUICK)
    pace.note(SLOW)
    clock.at += REST_S
    assert pace.is_quick


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads that wrote, in order."""
    seen: list[threading.Thread] = []
    put = Writer._put

    def noted(self: Writer, connection: sqlite3.Connection, records: object) -> None:
        seen.append(threading.current_thread())
        put(self, connection, records)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "_put", noted)
    # However loaded the machine is that this runs on.
    monkeypatch.setattr("tailrace.log.pace.SLOW_S", 3600.0)
    return seen


@told
async def test_small_appends_need_no_thread_and_others_do(
    tmp_path: Path, writers: list[threading.Thread]
) -> None:  # LOG-22
    log = await EmbeddedLog.open(tmp_path / "log.db")
    here = threading.current_thread()
    await log.append(numbered(1), expected=0)  # it makes the file
    assert writers[-1] is not here
    await until(lambda: log._writing().is_idle)
    await log.append(numbered(2, 40), expected=1)
    assert writers[-1] is here
    await log.append(numbered(42, 2, size=SMALL_BYTES), expected=41)
    assert writers[-1] is not here
    assert sequences(await all_of(log)) == list(range(1, 44))
    await log.close()


@told
async def test_appends_at_once_and_by_the_thread_keep_their_order(
    tmp_path: Path, writers: list[threading.Thread]
) -> None:  # LOG-22
    log = await EmbeddedLog.open(tmp_path / "log.db")
    waiting = []
    for number in range(1, 200):
        size = SMALL_BYTES if number % 7 == 0 else 10
        append = log.append(numbered(number, size=size), expected=number - 1)
        waiting.append(asyncio.ensure_future(append))
        if number % 5 == 0:
            await asyncio.gather(*waiting)
    await asyncio.gather(*waiting)
    assert sequences(await all_of(log)) == list(range(1, 200))
    assert len(set(writers)) == 2
    await log.close()


@told
async def test_a_locked_file_is_waited_for_by_the_thread_alone(tmp_path: Path) -> None:  # LOG-22
    path = tmp_path / "log.db"
    log = await EmbeddedLog.open(path)
    await log.append(numbered(1), expected=0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    append = asyncio.ensure_future(log.append(numbered(2), expected=1))
    # The loop goes on while the thread waits.
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not append.done()
    other.execute("ROLLBACK")
    await append
    assert sequences(await all_of(log)) == [1, 2]
    other.close()
    await log.close()
