"""SIGINT stops the cell, and nothing else."""

import re
import time

import pytest

from tests.guest.driver import Guest


@pytest.mark.parametrize(
    "source",
    [
        "print('on')\nwhile True: pass",
        "import time\nprint('on')\ntime.sleep(1000)",
        "import asyncio\nprint('on')\nawait asyncio.sleep(1000)",
        "print('on')\nwhile True: print('flood')",
        "print('on')\nwhile True: display('flood')",
        "import subprocess\nprint('on')\nsubprocess.run(['sleep', '1000'])",
        "import threading\nprint('on')\nthreading.Event().wait()",
        "print('on')\ninput()",
        "import asyncio\nprint('on')\n"
        "async def f():\n    while True:\n        await asyncio.sleep(0)\n"
        "await f()",
    ],
    ids=["busy", "sleep", "await", "prints", "displays", "child", "lock", "input", "async"],
)
def test_a_cell_is_interrupted_and_the_kernel_lives(shared: Guest, source: str) -> None:
    execution_id = shared.execute(source)
    shared.wait_for_text(execution_id, "on\n")
    shared.interrupt()
    done = shared.finished(execution_id)

    assert done.status == "interrupted"
    assert done.of("error")[-1]["name"] == "KeyboardInterrupt"
    assert shared.run("1+1").result == "2"


def test_a_writer_that_waits_for_room_is_interrupted(guest: Guest) -> None:
    guest.auto_acknowledge = False
    execution_id = guest.execute("while True: print('x' * 10**6)")
    guest._wait(lambda: guest.last_seq > 60, "a full spool")
    guest.auto_acknowledge = True
    guest.interrupt()
    guest.send({"kind": "acknowledge", "seq": guest.last_seq})
    done = guest.finished(execution_id)

    assert done.status == "interrupted"
    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))
    assert guest.run("1+1").result == "2"


def test_an_interrupt_gets_through_while_nobody_acknowledges(guest: Guest) -> None:
    guest.auto_acknowledge = False
    execution_id = guest.execute(
        "try:\n    while True: print('x' * 10**6)\nexcept KeyboardInterrupt: open('hit', 'w')"
    )
    guest._wait(lambda: guest.last_seq > 60, "a full spool")
    guest.interrupt()
    guest._wait(lambda: (guest.folder / "hit").exists(), "the interrupt")
    guest.send({"kind": "acknowledge", "seq": guest.last_seq})
    guest.auto_acknowledge = True

    assert guest.finished(execution_id).status == "ok"


def test_an_idle_guest_is_not_hurt(guest: Guest) -> None:
    guest.run("x = 1")
    for _ in range(20):
        guest.interrupt()
        time.sleep(0.002)

    assert guest.run("x + 1").result == "2"


def test_interrupts_at_random_moments_never_break_the_numbering(guest: Guest) -> None:
    for number in range(12):
        execution_id = guest.execute(
            "import sys\ni = 0\n"
            "while True:\n"
            "    i += 1; print(i); sys.stdout.flush()\n"
            "    if i % 50 == 0: display(i)"
        )
        guest.wait_for_text(execution_id, "1\n")
        time.sleep(0.003 * number)
        guest.interrupt()
        assert guest.finished(execution_id).status == "interrupted"

    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))
    assert guest.run("1+1").result == "2"


def test_a_cell_that_catches_the_interrupt_is_ok(guest: Guest) -> None:
    execution_id = guest.execute(
        "import time\ntry:\n    print('on'); time.sleep(1000)\n"
        "except KeyboardInterrupt:\n    print('caught')"
    )
    guest.wait_for_text(execution_id, "on\n")
    guest.interrupt()
    done = guest.finished(execution_id)

    assert (done.status, done.out) == ("ok", "on\ncaught\n")


def test_a_handler_left_by_a_cell_is_gone_in_the_next(guest: Guest) -> None:
    guest.run("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    execution_id = guest.execute("print('on')\nwhile True: pass")
    guest.wait_for_text(execution_id, "on\n")
    guest.interrupt()

    assert guest.finished(execution_id).status == "interrupted"


def test_a_background_task_that_is_hit_ends_and_the_cell_too(guest: Guest) -> None:
    execution_id = guest.execute(
        "import asyncio, time\n"
        "async def busy():\n    while True: pass\n"
        "print('on'); task = asyncio.create_task(busy()); await asyncio.sleep(1000)"
    )
    guest.wait_for_text(execution_id, "on\n")
    time.sleep(0.1)
    guest.interrupt()

    assert guest.finished(execution_id).status == "interrupted"
    assert guest.run("1+1").result == "2"


def test_an_interrupt_is_one_line_that_says_where(shared: Guest) -> None:
    execution_id = shared.execute("def spin():\n    print('on')\n    while True: pass\nspin()")
    shared.wait_for_text(execution_id, "on\n")
    shared.interrupt()
    done = shared.finished(execution_id)

    [line] = done.of("error")[0]["traceback"]
    count = done.header["execution_count"]
    assert re.fullmatch(rf"KeyboardInterrupt: Cell In\[{count}\], line [23], in spin", line)
    assert "spin" in shared.run("import sys, traceback; traceback.print_tb(sys.last_traceback)").err


def test_a_keyboard_interrupt_that_a_cell_raises_is_an_error_with_its_traceback(
    shared: Guest,
) -> None:
    done = shared.run("raise KeyboardInterrupt('mine')")

    assert done.status == "interrupted"
    assert "mine" in "".join(done.of("error")[0]["traceback"])


def test_a_handler_that_raises_in_the_middle_of_a_flood_breaks_nothing(guest: Guest) -> None:
    done = guest.run(
        "import signal\n"
        "class Late(Exception): pass\n"
        "def late(number, frame): raise Late\n"
        "before = signal.signal(signal.SIGALRM, late)\n"
        "assert signal.getsignal(signal.SIGALRM) is late and before == signal.SIG_DFL\n"
        "times = 0\n"
        "for turn in range(300):\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.0005 + turn % 10 / 10000)\n"
        "        while True: print('x', flush=True)\n"
        "    except Late:\n"
        "        times += 1\n"
        "times"
    )

    assert done.result == "300"
    assert set(done.out) == {"x", "\n"}
    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))


def test_a_finaliser_may_update_a_display(guest: Guest) -> None:
    done = guest.run(
        "import gc\nhandle = display('start', display_id='d')\n"
        "class Loud:\n"
        "    def __init__(self): self.me = self\n"
        "    def __del__(self):\n"
        "        handle.update('gone'); display('gone', display_id='d')\n"
        "for i in range(2000):\n    Loud(); print(i); handle.update(i)\n"
        "_ = gc.collect()"
    )

    assert done.status == "ok"
    assert done.out == "".join(f"{i}\n" for i in range(2000))
    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))


def test_an_interrupt_that_comes_before_its_cell_does_is_not_lost(shared: Guest) -> None:  # KER-54
    for _ in range(20):
        shared.interrupt()  # nothing runs: this one alone does nothing
        execution_id = shared.execute("import time\ntime.sleep(100)")
        shared.send({"kind": "interrupted", "execution_id": execution_id})

        assert shared.finished(execution_id).status == "interrupted"
    assert shared.run("1+1").result == "2"


@pytest.mark.parametrize("event", ["pre_execute", "pre_run_cell"])
def test_an_interrupt_just_before_the_code_ends_the_cell(shared: Guest, event: str) -> None:
    """KER-54: what IPython calls before a cell may be where it hits."""
    shared.run(
        "import os, signal\nevents = get_ipython().events\n"
        "def once(*_):\n"
        f"    events.unregister({event!r}, once)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        f"events.register({event!r}, once)"
    )
    done = shared.run("has_run = True")

    assert done.status == "interrupted"
    assert done.out == ""
    assert shared.run("'has_run' in globals()").result == "False"


def test_what_a_callback_raises_before_a_cell_is_shown_and_the_cell_runs(shared: Guest) -> None:
    shared.run(
        "events = get_ipython().events\n"
        "def bad():\n"
        "    events.unregister('pre_execute', bad)\n"
        "    raise ValueError('of a callback')\n"
        "events.register('pre_execute', bad)"
    )
    done = shared.run("6 * 7")

    assert "Error in callback" in done.out
    assert [error["message"] for error in done.of("error")] == ["of a callback"]
    assert (done.status, done.result) == ("ok", "42")


def test_what_runs_is_interrupted_once_though_the_server_says_so_twice(shared: Guest) -> None:
    """KER-54"""
    execution_id = shared.execute(
        "import time\nhits = 0\nfor part in range(2):\n"
        "    try:\n        if part == 0: print('on')\n        time.sleep(0.5)\n"
        "    except KeyboardInterrupt: hits += 1\n"
        "hits"
    )
    shared.wait_for_text(execution_id, "on\n")
    shared.interrupt(execution_id)

    assert shared.finished(execution_id).result == "1"


def test_an_interrupt_of_what_has_ended_does_not_reach_what_follows(shared: Guest) -> None:
    """KER-54"""
    ended = shared.execute("1")
    shared.finished(ended)
    execution_id = shared.execute("import time\nprint('on')\ntime.sleep(0.3)\n'whole'")
    shared.wait_for_text(execution_id, "on\n")
    shared.send({"kind": "interrupted", "execution_id": ended})

    assert shared.finished(execution_id).result == "'whole'"
