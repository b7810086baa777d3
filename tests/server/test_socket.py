"""One connection of the native protocol: who is let in, what ends it, what it is told."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tailrace.kernels.scripted import Hold, Say, Script
from tailrace.server import conversation as socket_module
from tests.failure.mill import TOKEN, Mill, mill
from tests.house.source import ROOT
from tests.server.sockets import Hall, Socket, hall
from tests.session.stage import settled

SCRIPT: Script = {
    "say": [Say("hello\n")],
    "hold": [Say("holding\n"), Hold()],
    "flood": [Say("x" * 50_000 + "\n")] * 3_000,
}


def in_hall(folder: Path, story: Callable[[Hall], Awaitable[None]]) -> None:
    async def play() -> None:
        async with hall(folder, SCRIPT) as made:
            made.stage.write(a="say", b="hold", c="flood")
            await story(made)

    asyncio.run(play())


def said(reason: dict[str, Any] | None) -> str:
    assert reason is not None
    assert reason["message"]
    return str(reason["code"])


# ── hello ────────────────────────────────────────────────────────────────────


def test_hello_is_answered_by_welcome_snapshot_and_status(tmp_path: Path) -> None:  # SYNC-6
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            welcome, snapshot, status = await ada.hello()

        assert welcome["kind"] == "welcome"
        assert welcome["protocol"] == 1
        assert welcome["path"] == "n.ipynb"
        assert welcome["may"] == ["read", "run", "edit", "admin"]
        assert snapshot["kind"] == "snapshot"
        assert snapshot["state"]["sequence"] == welcome["last"] or welcome["last"] == 0
        assert status["storage"] == "writable"

    in_hall(tmp_path, story)


def test_who_says_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "HELLO_S", 0.05)  # SYNC-5

    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            code, goodbye = await ada.closed()

        assert (code, said(goodbye)) == (4400, "protocol.silent")

    in_hall(tmp_path, story)


@pytest.mark.parametrize(
    ("first", "code", "reason"),
    [
        ({"kind": "ping"}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": 2, "client_id": "a"}, 4409, "protocol.version"),
        ({"kind": "hello", "protocol": 0, "client_id": "a"}, 4409, "protocol.version"),
        ({"kind": "hello", "protocol": 1, "client_id": ""}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": 1, "client_id": "a b"}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": 1, "client_id": "a" * 65}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": "1", "client_id": "a"}, 4400, "protocol.malformed"),
        ({"kind": "hello", "protocol": 1}, 4400, "protocol.malformed"),
        (
            {"kind": "hello", "protocol": 1, "client_id": "a", "x": "y" * 5000},
            1009,
            "protocol.too-big",
        ),
    ],
)
def test_a_hello_that_is_none_ends_the_socket(
    tmp_path: Path, first: dict[str, Any], code: int, reason: str
) -> None:  # SYNC-5 to SYNC-7
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            await ada.connection.send(json.dumps(first))
            ended, goodbye = await ada.closed()

        assert (ended, said(goodbye)) == (code, reason)

    in_hall(tmp_path, story)


def test_hello_comes_once(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            await ada.hello()
            await ada.say("hello", protocol=1, client_id="ada")
            code, goodbye = await ada.closed()

        assert (code, said(goodbye)) == (4400, "protocol.malformed")

    in_hall(tmp_path, story)


def test_a_page_brings_its_anti_forgery_token(tmp_path: Path) -> None:  # SYNC-2
    async def story(made: Hall) -> None:
        for token in (None, "", "another"):
            async with made.socket(who="page") as page:
                await page.say("hello", protocol=1, client_id="page", token=token)
                code, goodbye = await page.closed()
                assert (code, said(goodbye)) == (4403, "auth.anti-forgery")
        async with made.socket(who="page") as page:
            assert (await page.hello(token="anti-forgery-token"))[0]["kind"] == "welcome"

    in_hall(tmp_path, story)


def test_an_unknown_notebook_is_said(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket("nb-nobody") as ada:
            await ada.say("hello", protocol=1, client_id="ada")
            code, goodbye = await ada.closed()

        assert (code, said(goodbye)) == (4404, "file.missing")

    in_hall(tmp_path, story)


def test_a_file_that_is_no_notebook_is_said(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        notebook_id = made.stage.directory.place("n.ipynb").notebook_id
        made.stage.file().write_text("{}")
        async with made.socket(notebook_id) as ada:
            await ada.say("hello", protocol=1, client_id="ada")
            code, goodbye = await ada.closed()

        assert (code, said(goodbye)) == (4422, "file.not-a-notebook")

    in_hall(tmp_path, story)


def test_an_error_that_nobody_foresaw_is_told_and_ends_one_socket_only(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        made.stage.write("other.ipynb", a="say")
        async with made.socket() as ada:
            await ada.hello()

            def broken(_: object) -> None:
                raise ZeroDivisionError("a fault of ours")

            made.stage.directory._open_log = broken  # type: ignore[assignment]
            other = made.stage.directory.place("other.ipynb").notebook_id
            async with made.socket(other) as bob:
                await bob.say("hello", protocol=1, client_id="bob")
                code, goodbye = await bob.closed()
            assert (code, said(goodbye)) == (1011, "internal")
            await ada.say("ping", nonce=1)
            assert await ada.until("pong")

    in_hall(tmp_path, story)


def test_with_no_subprotocol_json_is_spoken(tmp_path: Path) -> None:  # SYNC-3
    async def story(made: Hall) -> None:
        async with made.socket(speak="") as ada:
            assert ada.connection.subprotocol is None
            assert (await ada.hello())[0]["kind"] == "welcome"

    in_hall(tmp_path, story)


# ── frames ───────────────────────────────────────────────────────────────────

GARBAGE: list[bytes | str] = [
    b"",
    "",
    "{",
    "null",
    "[]",
    '{"kind": "nonsense"}',
    '{"kind": "submit"}',
    '{"kind": "submit", "operation_id": "a b", "operation": {"kind": "save"}}',
    '{"kind": "submit", "operation_id": "a", "operation": {"kind": "run-cells"}}',
    '{"kind": "submit", "operation_id": "a", "operation": {"kind": "run-cells", "cell_ids": 3}}',
    '{"kind": "ping", "nonce": 1e999}',
    "[" * 100_000,
    '{"kind":' * 5_000,
    b"\xc1",
    b"\x81\xa4kind\xa4ping\xff\xff",
    b"\x81" * 20_000,
    b"\xdf\xff\xff\xff\xff",
    msgspec.msgpack.encode({"kind": "events", "records": []}),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_a_frame_that_cannot_be_read_ends_the_socket_and_nothing_else(
    tmp_path: Path, garbage: bytes | str
) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as bob, made.socket() as eve:
            await bob.hello("bob")
            await eve.hello("eve")
            await eve.connection.send(garbage)
            code, goodbye = await eve.closed()
            assert (code, said(goodbye)) == (4400, "protocol.malformed")
            await bob.say("ping", nonce=7)
            assert (await bob.until("pong"))[-1]["nonce"] == 7

    in_hall(tmp_path, story)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(frames=st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60)), max_size=8))
def test_no_garbage_is_an_error_of_the_server(
    tmp_path_factory: pytest.TempPathFactory, frames: list[bytes | str]
) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as eve:
            try:
                for frame in frames:
                    await eve.connection.send(frame)
                await eve.say("nonsense")
            except (ConnectionClosed, UnicodeEncodeError):
                return
            assert (await eve.closed())[0] == 4400

    in_hall(tmp_path_factory.mktemp("garbage"), story)


def test_a_message_larger_than_allowed_ends_the_socket(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            await ada.hello()
            with contextlib.suppress(ConnectionClosed):
                await ada.connection.send(b"x" * ((12 << 20) + 1))
            assert (await ada.closed())[0] == 1009

    in_hall(tmp_path, story)


def test_a_large_edit_comes_in_one_message(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket(speak="msgpack") as ada:
            _, snapshot, _ = await ada.hello()
            generation = snapshot["state"]["generation"]
            operation = {
                "kind": "update-document",
                "generation": generation,
                "update": bytes(11 << 20),
            }
            await ada.say("submit", operation_id="large", operation=operation)
            answer = (await ada.until("answer"))[-1]

        assert answer["refusal"]["code"] == "document.too-large"

    in_hall(tmp_path, story)


def test_who_sends_too_fast_is_let_go(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            await ada.hello()
            with contextlib.suppress(ConnectionClosed):
                for number in range(40_000):
                    await ada.say("ping", nonce=number)
            code, goodbye = await ada.closed()

        assert (code, said(goodbye)) == (4429, "protocol.too-fast")

    in_hall(tmp_path, story)


def test_ping_is_answered_by_its_number(tmp_path: Path) -> None:  # SYNC-8
    async def story(made: Hall) -> None:
        async with made.socket(speak="msgpack") as ada:
            await ada.hello()
            for nonce in (0, 1, -5, 2**53):
                await ada.say("ping", nonce=nonce)
                assert (await ada.until("pong"))[-1]["nonce"] == nonce

    in_hall(tmp_path, story)


# ── what it is for ───────────────────────────────────────────────────────────


def test_json_and_msgpack_clients_see_the_same_side_by_side(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as ada, made.socket(speak="msgpack") as bob:
            await ada.hello("ada")
            await bob.hello("bob")
            run = {"kind": "run-cells", "cell_ids": ["a"]}
            await bob.say("submit", operation_id="run-1", operation=run)
            seen, also_seen = [await each.until_event("execution-finished") for each in (ada, bob)]

        assert seen == also_seen
        assert [record["event"]["kind"] for record in seen if record["operation_id"] == "run-1"]
        numbers = [record["sequence"] for record in seen]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    in_hall(tmp_path, story)


def test_a_question_is_answered_or_refused(tmp_path: Path) -> None:  # SYNC-22
    async def story(made: Hall) -> None:
        async with made.socket() as ada:
            await ada.hello()
            await ada.say("ask", request_id="q1", request={"kind": "list-variables"})
            reply = (await ada.until("reply", request_id="q1"))[-1]
            assert reply["result"] is None
            assert reply["refusal"]["code"] == "kernel.unreachable"
            run = {"kind": "run-cells", "cell_ids": ["a"]}
            await ada.say("submit", operation_id="run-1", operation=run)
            await ada.until_event("execution-finished")
            for number in range(50):
                asked = {"kind": "complete", "code": "pri", "cursor": 3}
                await ada.say("ask", request_id=f"c{number}", request=asked)
            for _ in range(50):
                reply = (await ada.until("reply"))[-1]
                assert reply["refusal"] is None, reply
                assert isinstance(reply["result"], dict)

    in_hall(tmp_path, story)


def test_a_viewer_sees_and_may_not_run_or_edit(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket(who="viewer") as eve, made.socket() as ada:
            welcome, *_ = await eve.hello("eve")
            await ada.hello("ada")
            assert welcome["may"] == ["read"]
            for operation in (
                {"kind": "run-all"},
                {"kind": "interrupt"},
                {"kind": "save"},
                {"kind": "clear-outputs"},
                {"kind": "update-document", "generation": "x", "update": ""},
            ):
                await eve.say("submit", operation_id="e", operation=operation)
                answer = (await eve.until("answer"))[-1]
                assert answer["refusal"]["code"] == "auth.forbidden"
            run = {"kind": "run-cells", "cell_ids": ["a"]}
            await ada.say("submit", operation_id="run-1", operation=run)
            assert await eve.until_event("execution-finished")

    in_hall(tmp_path, story)


def test_a_client_that_reads_nothing_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async def story(made: Hall) -> None:
        async with made.socket() as stalled, made.socket() as ada:
            await stalled.hello("stalled")
            await ada.hello("ada")
            run = {"kind": "run-cells", "cell_ids": ["c"]}
            await ada.say("submit", operation_id="run-1", operation=run)
            await ada.until_event("execution-finished")
            (session,) = made.stage.directory.open_notebooks()
            await settled(session.close())
            code, goodbye = await ada.closed()
            assert (code, said(goodbye)) == (1001, "server.closing")

    in_hall(tmp_path, story)


# ── with the whole server ────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def site() -> Any:
    with mill() as made:
        made.write("n.ipynb", a="for i in range(3): print('line', i)", b="6 * 7")
        made.start()
        yield made


def test_the_client_of_the_specification_runs_as_printed(site: Mill) -> None:
    spec = (ROOT / "docs" / "spec" / "protocol.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", spec, re.DOTALL)
    program = program.replace("127.0.0.1:8888", f"127.0.0.1:{site.port}")
    given = f"notebook_id, token = {site.notebook_id('n.ipynb')!r}, {TOKEN!r}\n"
    running = subprocess.Popen(
        [sys.executable, "-u", "-c", given + program],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        told = [running.stdout.readline() for _ in range(5)]
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()
    assert told[:3] == ["line 0\n", "line 1\n", "line 2\n"]
    assert re.fullmatch(r"\[ok after [\d.]+ ms\]\n", told[3])
    assert re.fullmatch(r"\[ok after [\d.]+ ms\]\n", told[4])


def test_logging_out_ends_the_pages_sockets(site: Mill) -> None:  # SEC-22
    async def story() -> None:
        async with httpx.AsyncClient(base_url=site.url, timeout=60) as browser:
            assert (await browser.get("/", params={"token": TOKEN})).status_code == 303
            token = (await browser.get("/api/v1/me")).json()["token"]
            notebook_id = await asyncio.to_thread(site.notebook_id, "n.ipynb")
            headers = {
                "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
                "Origin": site.url,
            }
            address = f"{site.url.replace('http', 'ws')}/api/v1/notebooks/{notebook_id}/socket"
            async with connect(address, additional_headers=headers, proxy=None) as socket:
                hello = {"kind": "hello", "protocol": 1, "client_id": "page", "token": token}
                await socket.send(json.dumps(hello))
                assert json.loads(await settled(socket.recv()))["kind"] == "welcome"
                proof = {"X-Tailrace-Token": token, "Origin": site.url}
                left = await browser.post("/api/v1/logout", headers=proof, json={})
                assert left.status_code < 400, left.text
                assert (await Socket(socket, "json").closed())[0] == 4401

    asyncio.run(story())


def test_pages_of_output_over_http(site: Mill) -> None:  # SYNC-27 to SYNC-29
    async def story() -> None:
        client = site.client(site.notebook_id("n.ipynb"))
        await client.connect()
        await client.run("a", "b")
        notebook_id = site.notebook_id("n.ipynb")
        base = f"/api/v1/notebooks/{notebook_id}/executions/{client.state.cells['a']}"  # type: ignore[index]
        page = await asyncio.to_thread(site.get, f"{base}/lines", **{"from": 1, "count": 1})
        assert page == {
            "from": 1,
            "lines": 1,
            "total_lines": 3,
            "items": [{"kind": "text", "stream": "stdout", "line": 1, "text": "line 1\n"}],
        }
        found = await asyncio.to_thread(site.get, f"{base}/search", query="LINE 2")
        assert found == {"matches": [{"line": 2, "column": 0, "text": "line 2"}], "next": None}
        for wrong in ({"from": -1}, {"from": 10**30}, {"count": 0}, {"count": 10**6}):
            answer = await asyncio.to_thread(
                httpx.get,
                f"{site.url}{base}/lines",
                params=wrong,
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
            assert answer.status_code == 400, answer.text
        await client.close()

    asyncio.run(story())
