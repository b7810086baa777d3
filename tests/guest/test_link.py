"""Attaching, re-attaching, refusing: KER-3 to KER-5, KER-8."""

import os
import stat

import pytest

from tailrace_kernel.wire import read_frame, send_frame
from tests.guest.driver import Guest, started


def test_the_greeting_says_who_runs_and_what_is_known(guest: Guest) -> None:  # KER-4
    done = guest.run("1+1")
    execution_id = guest.execute("input()")
    asked, _ = guest.wait_for(lambda header: header["kind"] == "input-request")
    guest.detach()
    guest.attach()

    greeting = guest.attached
    assert greeting["kernel_id"] == guest.kernel_id
    assert greeting["pid"] == guest.process.pid == guest.ready["pid"]
    assert greeting["running"] == execution_id
    assert greeting["known"] == [done.execution_id, execution_id]
    guest.answer(asked["prompt_id"], "x")
    guest.finished(execution_id)


def test_a_cell_runs_on_while_nobody_is_attached(guest: Guest) -> None:  # KER-5
    execution_id = guest.execute(
        "import time, os\nfor i in range(300):\n    print(i)\n    time.sleep(0.001)"
    )
    guest.wait_for_text(execution_id, "20\n")
    guest.detach()
    guest.attach()

    done = guest.finished(execution_id)

    assert done.out == "".join(f"{i}\n" for i in range(300))
    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))


def test_what_was_received_but_not_acknowledged_is_not_sent_twice(guest: Guest) -> None:
    guest.auto_acknowledge = False
    guest.run("for i in range(1000): print(i)")
    received = guest.last_seq

    guest.detach()
    guest.attach(received)
    guest.run("print('more')")

    numbers = [header["seq"] for header, _ in guest.frames]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_was_not_received_is_sent_again(guest: Guest) -> None:  # KER-5
    guest.auto_acknowledge = False
    first = guest.run("print('first')")
    guest.detach()
    frames = list(guest.frames)
    guest.frames.clear()
    guest.attach(0)
    guest.finished(first.execution_id)

    assert guest.frames == frames


def test_what_was_acknowledged_is_forgotten(guest: Guest) -> None:
    done = guest.run("print('first')")
    guest.run("pass")
    guest.ask("ping")
    last = guest.last_seq
    guest.detach()
    guest.frames.clear()
    guest.attach(0)
    guest.run("pass")

    assert guest.frames[0][0]["seq"] > last
    assert done.execution_id in guest.attached["known"]


@pytest.mark.parametrize("channel", ["output", "control"])
def test_a_new_connection_replaces_the_old_one(guest: Guest, channel: str) -> None:  # KER-4
    guest.run("pass")
    old, _ = guest.greet(channel, guest.last_seq)
    new, _ = guest.greet(channel, guest.last_seq)
    with old, new:
        if channel == "control":
            assert read_frame(old) == ({"kind": "replaced"}, b"")
        assert read_frame(old) is None

    guest.detach()
    guest.attach()
    assert guest.run("1+1").result == "2"


def test_an_execution_sent_twice_runs_once(guest: Guest) -> None:  # KER-8
    guest.run("n = 0")
    for _ in range(3):
        guest.execute("n += 1", "same")
    guest.finished("same")

    assert guest.run("n").result == "1"


def test_executions_run_in_the_order_they_were_handed_over(guest: Guest) -> None:
    ids = [guest.execute(f"print({number})") for number in range(50)]
    guest.finished(ids[-1])

    finished = [h["execution_id"] for h, _ in guest.frames if h["kind"] == "finished"]
    assert finished == ids


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"kind": "attach", "protocol": 99, "channel": "control"}, "protocol"),
        ({"kind": "attach", "protocol": 1, "channel": "nonsense"}, "malformed"),
        ({"kind": "execute", "source": "1"}, "malformed"),
        ({}, "malformed"),
    ],
)
def test_whoever_does_not_attach_properly_is_refused(
    shared: Guest, hello: dict[str, object], code: str
) -> None:  # KER-4
    with shared.connect() as sock:
        send_frame(sock, hello)
        answer = read_frame(sock)

        assert answer is not None
        assert (answer[0]["kind"], answer[0]["code"]) == ("refused", code)
        assert read_frame(sock) is None


def test_garbage_ends_the_connection_and_nothing_else(shared: Guest) -> None:
    with shared.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        while sock.recv(1000):
            pass

    assert shared.run("1+1").result == "2"


def test_the_folder_and_the_socket_are_the_owners_alone(guest: Guest) -> None:  # KER-3
    assert stat.S_ISSOCK(os.stat(guest.folder / "guest.sock").st_mode)
    assert guest.ready["port"] is None
    assert guest.ready["protocol"] == 1


def test_loopback_asks_for_the_secret() -> None:  # KER-3, KER-17
    with started(loopback=True) as guest:
        assert guest.run("1+1").result == "2"
        assert int((guest.folder / "guest.port").read_text()) == guest.ready["port"]
        assert not (guest.folder / "guest.sock").exists()
        for wrong in ("", "wrong", None):
            sock, answer = guest.greet("control", secret=wrong)
            sock.close()
            assert (answer["kind"], answer["code"]) == ("refused", "secret")
        done = guest.run("for i in range(100_000): print(i)")
        assert done.out == "".join(f"{i}\n" for i in range(100_000))


def test_a_request_nobody_knows_is_answered_so(shared: Guest) -> None:
    assert shared.ask("nonsense")["ok"] is False
    assert shared.ask("ping")["result"] == {}
