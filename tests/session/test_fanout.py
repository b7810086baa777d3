"""Lanes hold what their client has not read, within a budget; nobody waits for a slow one."""

import asyncio

import msgspec

from tailrace.protocol.events import TextAppended
from tailrace.protocol.frames import Answer, Events, ServerFrame
from tailrace.protocol.ids import ClientId, ExecutionId, OperationId
from tailrace.protocol.records import Record
from tailrace.session.fanout import FRAME_BYTES, Encoded, Fanout, Lane, in_frames


def record(sequence: int, text: str = "x") -> Record:
    return Record(sequence, 0.0, "kernel:k", TextAppended(ExecutionId("x"), "stdout", text))


def encoded(*records: Record) -> Encoded:
    return Encoded(records, [msgspec.msgpack.encode(each) for each in records])


def sequences(data: list[bytes]) -> list[int]:
    frames = [msgspec.msgpack.decode(each, type=ServerFrame) for each in data]
    return [r.sequence for frame in frames if isinstance(frame, Events) for r in frame.records]


def lane(limit_bytes: int = 1 << 20) -> Lane:
    return Lane(ClientId("c"), "msgpack", limit_bytes=limit_bytes)


def test_records_encoded_for_the_log_are_the_records_of_the_frame() -> None:
    first, second = record(1), record(2, "naïve ☃")
    frame = encoded(first, second)

    assert msgspec.msgpack.decode(frame.frame("msgpack"), type=ServerFrame) == Events(
        (first, second)
    )
    assert msgspec.json.decode(frame.frame("json"), type=ServerFrame) == Events((first, second))
    assert frame.frame("msgpack") is frame.frame("msgpack")


def test_a_turn_is_cut_into_frames_between_records_only() -> None:
    records = [record(n, "x" * 40_000) for n in range(1, 8)] + [record(8, "y" * 3 * FRAME_BYTES)]
    bodies = [msgspec.msgpack.encode(each) for each in records]
    frames = in_frames(records, bodies)

    assert [r.sequence for f in frames for r in f.records] == list(range(1, 9))
    assert all(f.size_bytes <= FRAME_BYTES or len(f.records) == 1 for f in frames)
    assert in_frames([], []) == []


def test_a_lane_gives_what_waits_in_order() -> None:
    async def story() -> None:
        mine, fanout = lane(), Fanout()
        fanout.add(mine)
        fanout.publish([encoded(record(1)), encoded(record(2))])
        assert sequences(await mine.take()) == [1, 2]

    asyncio.run(story())


def test_a_full_lane_is_cut_keeps_answers_and_goes_on_from_a_new_start() -> None:
    async def story() -> None:
        slow, quick, fanout = lane(limit_bytes=1_000), lane(), Fanout()
        fanout.add(slow)
        fanout.add(quick)
        slow.put(Answer(OperationId("o"), 1))
        for number in range(1, 21):
            fanout.publish([encoded(record(number, "x" * 100))])
        assert slow.is_cut
        assert slow.waiting_bytes < 1_000
        assert sequences(await quick.take()) == list(range(1, 21))
        answers = [msgspec.msgpack.decode(each, type=ServerFrame) for each in await slow.take()]
        assert answers == [Answer(OperationId("o"), 1)]
        assert await slow.take() == []  # read empty: time to rejoin
        slow.begin([b"snapshot"])
        fanout.publish([encoded(record(21))])
        assert len(await slow.take()) == 2

    asyncio.run(story())


def test_a_single_frame_larger_than_the_budget_still_goes_out() -> None:
    async def story() -> None:
        mine = lane(limit_bytes=100)
        mine.put_events(b"x" * 5_000)
        assert not mine.is_cut
        assert await mine.take() == [b"x" * 5_000]

    asyncio.run(story())


def test_a_closed_lane_ends_its_reader() -> None:
    async def story() -> None:
        mine = lane()
        reading = asyncio.ensure_future(mine.take())
        await asyncio.sleep(0)
        mine.close()
        assert await reading == []
        assert mine.is_closed

    asyncio.run(story())
