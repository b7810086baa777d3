"""Much output: nothing lost, memory bounded, few frames."""

import resource
from pathlib import Path

from tests.guest.driver import Guest, started


def rss_bytes(guest: Guest) -> int:
    pages = Path(f"/proc/{guest.process.pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def test_a_million_lines_arrive_whole_in_few_frames(guest: Guest) -> None:
    done = guest.run("for i in range(1_000_000): print(i)")

    assert done.out == "".join(f"{i}\n" for i in range(1_000_000))
    assert len(guest.frames) < 2000


def test_one_string_of_50_megabytes_arrives_in_pieces_of_a_megabyte(guest: Guest) -> None:
    done = guest.run("print('é' * 25_000_000)")

    assert done.out == "é" * 25_000_000 + "\n"
    texts = [payload for header, payload in guest.frames if header["kind"] == "text"]
    assert max(len(payload) for payload in texts) <= 1024 * 1024


def test_a_gigabyte_against_a_slow_reader_keeps_memory_bounded(guest: Guest) -> None:
    """The reader reads in bursts with pauses, and acknowledges what it has read."""
    guest.run("pass")
    before = rss_bytes(guest)
    guest.keep_text = False
    guest.read_pause_s = 0.001
    execution_id = guest.execute("line = 'x' * 999\nfor i in range(1_000_000): print(line)\n")
    most = 0

    def ended() -> str | None:
        last = guest.frames[-1][0]
        return last["execution_id"] if last["kind"] == "finished" else None

    def finished() -> bool:
        nonlocal most
        most = max(most, rss_bytes(guest))
        return ended() == execution_id

    guest.patience_s = 300
    guest._wait(finished, "the end of the flood")

    assert guest.text_bytes == 1_000_000_000
    assert guest.finished(execution_id).status == "ok"
    assert most - before < 200 * 1024 * 1024


def test_nobody_reading_blocks_the_writer_and_loses_nothing() -> None:  # KER-5
    with started(attach=False) as guest:
        control, _ = guest.greet("control")
        guest.control = control
        guest.execute(
            "for i in range(120):\n    print('x' * 1_000_000)\n    open('at', 'w').write(str(i))"
        )
        guest._wait(lambda: (guest.folder / "at").exists(), "the first write")
        at = -1
        while (now := int((guest.folder / "at").read_text() or -1)) != at or at < 50:
            at = now
            with guest.changed:
                guest.changed.wait(0.5)
        assert at < 70  # it waits at 64 MiB

        guest.attach_output(0)
        done = guest.finished("e1")

        assert done.out == ("x" * 1_000_000 + "\n") * 120
        assert [header["seq"] for header, _ in guest.frames] == list(
            range(1, len(guest.frames) + 1)
        )


def test_a_flushed_progress_bar_becomes_few_frames_and_ends_right(guest: Guest) -> None:
    done = guest.run(
        "import sys\nfor i in range(20_000):\n"
        "    sys.stdout.write(f'\\r{i:6d} ' + '#' * 60)\n    sys.stdout.flush()"
    )

    assert done.out.endswith("\r 19999 " + "#" * 60)
    assert done.out.startswith("\r")
    assert len(guest.frames) < 400


def test_a_child_that_floods_is_whole(guest: Guest) -> None:
    done = guest.run("import subprocess; _ = subprocess.run(['seq', '1', '1000000'])")

    assert done.out == "".join(f"{i}\n" for i in range(1, 1_000_001))


def test_threads_that_flood_together_are_each_in_order(guest: Guest) -> None:
    done = guest.run(
        "import threading\n"
        "def work(n):\n    for i in range(5000): sys.stdout.write(f'{n} {i}\\n')\n"
        "import sys\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; _ = [t.join() for t in threads]"
    )

    lines = done.out.splitlines()
    assert len(lines) == 20_000
    for number in range(4):
        assert [line for line in lines if line.startswith(f"{number} ")] == [
            f"{number} {i}" for i in range(5000)
        ]


def test_a_hundred_thousand_displays_arrive(guest: Guest) -> None:
    done = guest.run("for i in range(100_000): display(i)")

    shown = done.of("display")
    assert [display["data"]["text/plain"] for display in shown] == [str(i) for i in range(100_000)]
    assert done.status == "ok"
