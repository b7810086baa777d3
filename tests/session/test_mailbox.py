"""The mailbox keeps order, joins text, keeps pace and says when it is full."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tailrace.protocol.ids import ExecutionId, KernelId, OperationId
from tailrace.protocol.operations import Save
from tailrace.protocol.reports import Finished, Report, Text
from tailrace.session.mailbox import (
    BURST,
    FULL_BYTES,
    LONG_PACE_S,
    LONG_TURNS,
    KernelSink,
    Mailbox,
    Reported,
    Submitted,
)

KERNEL = KernelId("k")


def wrote(text: str, seq: int = 1, execution: str = "x", stream: str = "stdout") -> Text:
    return Text(seq, ExecutionId(execution), stream, text)  # type: ignore[arg-type]


def finished(seq: int) -> Finished:
    return Finished(seq, ExecutionId("x"), "ok", 1, 0.1)


def played(story: Callable[[Mailbox, KernelSink], Awaitable[None]]) -> None:
    async def play() -> None:
        mailbox = Mailbox()
        await story(mailbox, KernelSink(mailbox, KERNEL))

    asyncio.run(play())


def reports(items: list[object]) -> list[Report]:
    return [item.report for item in items if isinstance(item, Reported)]


def test_adjacent_text_of_one_stream_is_one_item_with_the_last_number() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        sink.put_reports([wrote("a", 1), wrote("b", 2)], 2)
        sink.put_reports([wrote("c", 3)], 1)

        assert reports(await mailbox.take()) == [wrote("abc", 3)]

    played(story)


def test_text_of_two_streams_or_cells_stays_apart_and_in_order() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        said = [wrote("a", 1), wrote("b", 2, stream="stderr"), wrote("c", 3), wrote("d", 4, "y")]
        sink.put_reports(said, 4)

        assert reports(await mailbox.take()) == said

    played(story)


def test_the_end_of_a_cell_comes_after_all_it_wrote() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        sink.put_reports([wrote("a", 1), finished(2)], 2)
        sink.put_reports([wrote("late", 3)], 4)

        assert reports(await mailbox.take()) == [wrote("a", 1), finished(2), wrote("late", 3)]

    played(story)


def test_a_sink_says_stop_when_too_much_waits_and_go_when_it_was_taken() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        assert sink.put_reports([wrote("x" * 10)], 10)
        assert not sink.put_reports([wrote("y", 2)], FULL_BYTES)
        assert mailbox.is_full
        await mailbox.take()
        assert not mailbox.is_full

    played(story)


def test_what_could_not_be_recorded_comes_first_again() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        sink.put_reports([wrote("a", 1), finished(2)], 2)
        first = await mailbox.take()
        sink.put_reports([wrote("b", 3)], 1)
        mailbox.put_back(first)

        assert reports(await mailbox.take()) == [wrote("a", 1), finished(2), wrote("b", 3)]

    played(story)


def test_an_operation_wakes_a_mailbox_that_keeps_pace() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        for number in range(10):  # use up the burst
            sink.put_reports([wrote(str(number), number + 1)], 1)
            await mailbox.take()
        sink.put_reports([wrote("patient", 11)], 7)
        taking = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        asked = Submitted(OperationId("o"), Save(), "client:c", None)
        mailbox.put(asked)

        items = await taking
        assert reports(items) == [wrote("patient", 11)]
        assert items[-1] is asked

    played(story)


def test_a_flood_that_lasts_is_taken_in_ever_fewer_turns() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        turns = 0
        start = time.monotonic()
        while (passed := time.monotonic() - start) < 0.5:
            sink.put_reports([wrote("line")], 4)
            await mailbox.take()
            turns += 1
        most = BURST + LONG_TURNS + passed / LONG_PACE_S + 2
        assert turns <= most

        await asyncio.sleep(2 * LONG_PACE_S)
        for _ in range(BURST):  # after a pause all is as at first: these wait for nobody
            sink.put_reports([wrote("line")], 4)
            taking = asyncio.ensure_future(mailbox.take())
            await asyncio.sleep(0)
            assert taking.done()

    played(story)


def test_somebody_who_waits_for_something_urgent_is_not_woken_by_output() -> None:
    async def story(mailbox: Mailbox, sink: KernelSink) -> None:
        waiting = asyncio.ensure_future(mailbox.urgent())
        await asyncio.sleep(0)
        sink.put_reports([wrote("a")], 1)
        await asyncio.sleep(0)
        assert not waiting.done()
        mailbox.put(Submitted(OperationId("o"), Save(), "client:c", None))
        await waiting

    played(story)
