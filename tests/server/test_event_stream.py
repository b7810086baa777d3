"""A conversation by server-sent events and posts: the same as by a WebSocket.

What frames mean is told in test_socket.py; here is what is particular to this way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailrace.kernels.scripted import Hold, Say, Script
from tailrace.server import conversation
from tests.server.sockets import Hall, hall
from tests.session.stage import settled

SCRIPT: Script = {
    "say": [Say("hello\n")],
    "hold": [Say("holding\n"), Hold()],
    "flood": [Say("x" * 50_000 + "\n")] * 3_000,
}
RUN = {"kind": "run-cells", "cell_ids": ["a"]}


def in_hall(folder: Path, story: Callable[[Hall], Awaitable[None]]) -> None:
    async def play() -> None:
        async with hall(folder, SCRIPT) as made:
            made.stage.write(a="say", b="hold", c="flood")
            await story(made)

    asyncio.run(play())


def sequences(records: list[dict[str, Any]]) -> list[int]:
    return [record["sequence"] for record in records]


def test_a_stream_and_a_socket_see_the_same_side_by_side(tmp_path: Path) -> None:  # SYNC-31
    async def story(made: Hall) -> None:
        async with (
            made.socket() as ada,
            made.stream() as bob,
            made.stream(speak="msgpack") as cleo,
        ):
            for each, name in ((ada, "ada"), (bob, "bob"), (cleo, "cleo")):
                welcome, snapshot, status = await each.hello(name)
                assert welcome["may"] == ["read", "run", "edit", "admin"]
                assert (snapshot["kind"], status["storage"]) == ("snapshot", "writable")
            await cleo.say("submit", operation_id="run-1", operation=RUN)
            seen = [await each.until_event("execution-finished") for each in (ada, bob, cleo)]

        assert seen[0] == seen[1] == seen[2]
        numbers = sequences(seen[0])
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    in_hall(tmp_path, story)


def test_a_client_comes_back_by_sequence_and_from_a_socket_too(tmp_path: Path) -> None:  # SYNC-11
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            welcome, *_ = await ada.hello()
            await ada.say("submit", operation_id="run-1", operation=RUN)
            seen = await ada.until_event("execution-started")
        after = seen[-1]["sequence"]
        async with made.stream() as back:
            await back.say(
                "hello", protocol=1, client_id="ada", epoch=welcome["epoch"], after=after
            )
            assert (await back.hear())["kind"] == "welcome"
            rest = await back.until_event("execution-finished")
            # The operation whose answer was lost is sent again and done once.
            await back.say("submit", operation_id="run-1", operation=RUN)
            assert (await back.until("answer"))[-1]["refusal"] is None

        assert sequences(rest) == list(range(after + 1, after + 1 + len(rest)))

    in_hall(tmp_path, story)


def test_frames_of_one_post_and_of_the_next_keep_their_order(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.stream() as ada:
            await ada.hello()
            for start in (0, 500):
                await ada.say_all(
                    *({"kind": "ping", "nonce": nonce} for nonce in range(start, start + 500))
                )
            heard = [(await ada.until("pong"))[-1]["nonce"] for _ in range(1_000)]
            assert heard == list(range(1_000))

    in_hall(tmp_path, story)


def test_a_flood_that_nobody_reads_is_a_snapshot_later(tmp_path: Path) -> None:  # SYNC-12
    async def story(made: Hall) -> None:
        async with made.stream() as slow, made.socket() as ada:
            await slow.hello("slow")
            await ada.hello("ada")
            run = {"kind": "run-cells", "cell_ids": ["c"]}
            await ada.say("submit", operation_id="run-1", operation=run)
            last = (await ada.until_event("execution-finished"))[-1]["sequence"]
            told = 0
            while told < last:
                frame = await slow.hear()
                if frame["kind"] == "snapshot":
                    told = frame["state"]["sequence"]
                    break
                told = frame["records"][-1]["sequence"] if frame["kind"] == "events" else told
            assert frame["kind"] == "snapshot"

    in_hall(tmp_path, story)


def test_a_stream_belongs_to_who_opened_it(tmp_path: Path) -> None:  # SYNC-32
    async def story(made: Hall) -> None:
        async with made.stream(who="page") as page:
            hello = {"kind": "hello", "protocol": 1, "client_id": "page"}
            hello["token"] = "anti-forgery-token"
            body = msgspec.json.encode([hello])
            refused = await page.post(body, who="program")
            assert (refused.status_code, refused.json()["code"]) == (410, "stream.gone")
            assert (await page.post(body, kind="text/plain")).status_code == 415
            assert (await page.post(b"{}")).status_code == 400
            assert (await page.post(b'[{"kind": "hel')).status_code == 400

    in_hall(tmp_path, story)


@pytest.mark.parametrize(
    ("first", "code", "reason"),
    [
        ({"kind": "ping"}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": 2, "client_id": "a"}, 4409, "protocol.version"),
        ({"kind": "hello", "protocol": 1, "client_id": "a"}, 4403, "auth.anti-forgery"),
    ],
)
def test_a_stream_closes_with_the_code_of_a_socket(
    tmp_path: Path, first: dict[str, Any], code: int, reason: str
) -> None:  # SYNC-7
    async def story(made: Hall) -> None:
        async with made.stream(who="page") as page:
            await page.say_all(first)
            ended, goodbye = await page.closed()
            assert goodbye is not None
            assert (ended, goodbye["code"]) == (code, reason)
            assert (await page.post(b"[]")).status_code == 410

    in_hall(tmp_path, story)


def test_who_posts_too_fast_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "RATE_BURST", 100)

    async def story(made: Hall) -> None:
        async with made.stream() as ada:
            await ada.hello()
            await ada.say_all(*[{"kind": "ping"}] * 5_000)
            code, goodbye = await ada.closed()
            assert goodbye is not None
            assert (code, goodbye["code"]) == (4429, "protocol.too-fast")

    in_hall(tmp_path, story)


def test_the_end_of_a_login_ends_its_streams(tmp_path: Path) -> None:  # SEC-22
    async def story(made: Hall) -> None:
        async with made.stream(who="page") as page:
            made.who["page"].ended.set()
            assert (await page.closed())[0] == 4401

    in_hall(tmp_path, story)


def test_who_reads_nothing_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.stream() as stalled, made.socket() as ada:
            await stalled.hello("stalled")
            await ada.hello("ada")
            run = {"kind": "run-cells", "cell_ids": ["c"]}
            await ada.say("submit", operation_id="run-1", operation=run)
            await ada.until_event("execution-finished")
            (session,) = made.stage.directory.open_notebooks()
            await settled(session.close())
            assert (await ada.closed())[0] == 1001

    in_hall(tmp_path, story)


def test_a_page_that_is_closed_leaves_the_session(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.stream() as ada:
            await ada.hello()
            (session,) = made.stage.directory.open_notebooks()
            assert session.clients == 1
        async with asyncio.timeout(30):
            while session.clients:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    in_hall(tmp_path, story)
