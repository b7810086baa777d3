"""How a guest ends, and what of its output is still there."""

import os
import signal
import time

import pytest

from tests.guest.driver import Guest, started


def text_of(frames: list[tuple[dict[str, object], bytes]]) -> str:
    return b"".join(payload for header, payload in frames if header["kind"] == "text").decode()


@pytest.mark.parametrize("source", ["exit", "quit()", "exit()"])
def test_leaving_ends_the_kernel_cleanly_after_the_cell(guest: Guest, source: str) -> None:
    done = guest.run(source)

    assert done.status == "ok"
    assert guest.wait_for_end() == 0


def test_shutdown_ends_an_idle_kernel_and_runs_exit_functions(guest: Guest) -> None:  # KER-8
    guest.run("import atexit; atexit.register(print, 'goodbye')")
    guest.send({"kind": "shutdown"})

    assert guest.wait_for_end() == 0
    assert "goodbye" in text_of(guest.frames)


def test_shutdown_ends_a_busy_kernel(guest: Guest) -> None:
    execution_id = guest.execute("print('on')\nwhile True: pass")
    guest.wait_for_text(execution_id, "on\n")
    guest.execute("open('never', 'w')")
    guest.send({"kind": "shutdown"})

    assert guest.wait_for_end() == 0
    assert guest.finished(execution_id).status == "interrupted"
    assert not (guest.folder / "never").exists()


def test_shutdown_ends_a_kernel_that_does_not_listen(guest: Guest) -> None:
    execution_id = guest.execute(
        "import time\nprint('on')\n"
        "while True:\n    try: time.sleep(100)\n    except KeyboardInterrupt: pass"
    )
    guest.wait_for_text(execution_id, "on\n")
    guest.send({"kind": "shutdown"})

    assert guest.wait_for_end() == 0


def test_what_was_printed_before_os_exit_arrives(guest: Guest) -> None:  # KER-18
    execution_id = guest.execute(
        "import os\nfor i in range(50_000): print(i)\nos.write(1, b'pipe')\nos._exit(3)"
    )

    assert guest.wait_for_end() == 3
    assert guest.text(execution_id) == "".join(f"{i}\n" for i in range(50_000)) + "pipe"


def test_what_was_flushed_before_a_crash_arrives_and_the_stack_is_kept(guest: Guest) -> None:
    execution_id = guest.execute(
        "import ctypes, sys, time\nprint('before the crash')\ntime.sleep(0.05)\n"
        "def crash(): ctypes.string_at(0)\ncrash()"
    )

    assert guest.wait_for_end() == -signal.SIGSEGV
    assert "before the crash\n" in guest.text(execution_id)
    fault = (guest.folder / "fault.txt").read_text()
    assert "Segmentation fault" in fault
    assert "crash" in fault


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGTERM", "SIGABRT"])
def test_a_signal_that_a_cell_sends_itself_loses_no_text(guest: Guest, name: str) -> None:
    """KER-18"""
    execution_id = guest.execute(
        f"import os, signal\nfor i in range(20_000): print(i)\nos.kill(os.getpid(), signal.{name})"
    )

    assert guest.wait_for_end() == -getattr(signal, name)
    assert guest.text(execution_id) == "".join(f"{i}\n" for i in range(20_000))


def test_sigterm_from_outside_delivers_first(guest: Guest) -> None:
    execution_id = guest.execute("import time\nfor i in range(1000): print(i)\ntime.sleep(1000)")
    guest.wait_for_text(execution_id, "10\n")
    os.kill(guest.process.pid, signal.SIGTERM)

    assert guest.wait_for_end() == -signal.SIGTERM
    assert guest.text(execution_id) == "".join(f"{i}\n" for i in range(1000))


def test_a_sigterm_that_python_does_not_notice_is_sent_again(guest: Guest) -> None:  # KER-55
    """As in the instant before a sleep: here it goes to a thread, which wakes nobody."""
    execution_id = guest.execute(
        "import signal, threading, time\n"
        "def strike():\n"
        "    time.sleep(0.3)\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)\n"
        "    time.sleep(1000)\n"
        "threading.Thread(target=strike, daemon=True).start()\n"
        "print('asleep')\n"
        "time.sleep(1000)"
    )

    assert guest.wait_for_end() == -signal.SIGTERM
    assert guest.text(execution_id) == "asleep\n"


def test_children_have_the_ordinary_sigterm(guest: Guest) -> None:
    done = guest.run(
        "import multiprocessing, time\n"
        "p = multiprocessing.get_context('fork').Process(target=time.sleep, args=(1000,))\n"
        "p.start(); p.terminate(); p.join(); p.exitcode"
    )

    assert done.result == "-15"


def test_what_nobody_received_is_left_in_a_file() -> None:  # KER-18
    with started() as guest:
        guest.auto_acknowledge = False
        execution_id = guest.execute(
            "import os, time\nprint('seen')\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
            "for i in range(1000): print(i)\nexit()"
        )
        guest.wait_for_text(execution_id, "seen\n")
        received = guest.last_seq
        guest.detach()
        (guest.folder / "go").touch()

        assert guest.process.wait(60) == 0
        left = guest.left_frames()
        assert next(header["seq"] for header, _ in left) <= received + 1
        after = [frame for frame in left if frame[0]["seq"] > received]
        assert text_of(after) == "".join(f"{i}\n" for i in range(1000))
        assert after[-1][0]["kind"] == "finished"


def test_the_guest_and_its_children_end_with_the_host() -> None:  # KER-10
    reader, writer = os.pipe()
    try:
        with started(liveness_fd=reader) as guest:
            done = guest.run(
                "import subprocess\n"
                "a = subprocess.Popen(['sleep', '1000'])\n"
                "b = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
                "print(a.pid, b.pid)"
            )
            children = [int(pid) for pid in done.out.split()]
            os.close(writer)
            writer = -1
            guest.wait_for_end()
            until = time.monotonic() + 30
            while any(os.path.exists(f"/proc/{pid}/stat") and _is_alive(pid) for pid in children):
                assert time.monotonic() < until
                time.sleep(0.02)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_spawned_interpreter_that_lacks_ipython_says_so(tmp_path: object) -> None:  # KER-16
    import subprocess
    import sys

    from tests.guest.driver import PACKAGE

    done = subprocess.run(
        [sys.executable, "-S", "-I", str(PACKAGE), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "IPython is not installed" in done.stderr
    done = subprocess.run([sys.executable, str(PACKAGE), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fatal_signal_that_is_handled_leaves_the_guest_as_it_was(guest: Guest) -> None:
    done = guest.run(
        "import os, signal\nsignal.signal(signal.SIGHUP, lambda *_: print('handled'))\n"
        "os.kill(os.getpid(), signal.SIGHUP)\nprint('alive')"
    )
    assert done.out == "handled\nalive\n"

    done = guest.run("for i in range(100): print('x' * 1_000_000)")
    assert len(done.out) == 100_000_100


def test_sigterm_in_the_middle_of_a_flood_delivers_it(guest: Guest) -> None:
    execution_id = guest.execute("i = 0\nwhile True:\n    print(i); i += 1")
    guest.wait_for_text(execution_id, "1000\n")
    os.kill(guest.process.pid, signal.SIGTERM)

    assert guest.wait_for_end() == -signal.SIGTERM
    lines = guest.text(execution_id).split("\n")
    last = int(lines[-2] if lines[-1] == "" else lines[-1])
    assert lines[: last + 1] == [str(number) for number in range(last + 1)]


def test_a_crash_in_a_child_is_told_in_its_own_output(guest: Guest) -> None:
    done = guest.run(
        "import os, ctypes\npid = os.fork()\nif pid == 0: ctypes.string_at(0)\n"
        "os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    )

    assert done.result == "-11"
    assert "Segmentation fault" in done.err
    assert (guest.folder / "fault.txt").read_text() == ""
