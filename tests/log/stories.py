"""What the log's tests are told with: records to append, and async stories as plain tests."""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tailrace.log.event_log import EventLog, LogRecord


def told(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """An `async def` test, run on an event loop of its own."""

    @functools.wraps(story)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(story(*arguments, **named))

    return run


def numbered(
    first: int, count: int = 1, *, size: int = 40, topic: str | None = None, at: float = 1.5
) -> list[LogRecord]:
    """`count` records from `first` on, each one line of its topic; the body is known from
    the sequence."""
    return [
        LogRecord(
            sequence=sequence,
            at=at + sequence / 8,
            kind="text-appended",
            body=body_of(sequence, size),
            topic=topic,
            position=sequence - 1,
            extent=1,
        )
        for sequence in range(first, first + count)
    ]


def body_of(sequence: int, size: int = 40) -> bytes:
    return random.Random(sequence).randbytes(size)


def sequences(records: list[LogRecord]) -> list[int]:
    return [record.sequence for record in records]


async def all_of(log: EventLog, after: int = 0) -> list[LogRecord]:
    """Every record after `after`, read in pages."""
    found: list[LogRecord] = []
    while page := await log.read(found[-1].sequence if found else after, limit=100):
        found += page
    return found


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait for `condition`, for half a minute at most."""
    async with asyncio.timeout(30):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.005)
