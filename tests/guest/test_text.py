"""Text: one ordered path for print, descriptors, C code and children."""

import pytest

from tests.guest.driver import INTERPRETER, Guest


def test_a_print_arrives_with_its_stream_and_execution(shared: Guest) -> None:  # KER-6
    done = shared.run("import sys; print('out'); print('err', file=sys.stderr)")

    assert (done.out, done.err) == ("out\n", "err\n")
    assert done.status == "ok"


def test_numbers_are_without_gaps_from_one(guest: Guest) -> None:  # KER-5
    guest.run("for i in range(3000): print(i)\ndisplay(1)")

    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))


def test_print_and_descriptor_writes_keep_their_order(shared: Guest) -> None:
    done = shared.run(
        "import os\nfor i in range(300):\n    print(i, 'a')\n    os.write(1, f'{i} b\\n'.encode())"
    )

    assert done.out == "".join(f"{i} a\n{i} b\n" for i in range(300))


def test_a_child_process_prints_in_its_place(shared: Guest) -> None:
    done = shared.run(
        "import subprocess\nprint('before')\nsubprocess.run(['echo', 'child'])\nprint('after')"
    )

    assert done.out == "before\nchild\nafter\n"


def test_what_c_code_prints_is_captured(shared: Guest) -> None:
    done = shared.run(
        "import ctypes\nlibc = ctypes.CDLL(None)\nprint('python')\n"
        "libc.printf(b'c line\\n')\nlibc.puts(b'puts'); libc.printf(b'no newline')"
    )

    assert "c line\nputs\nno newline" in done.out
    assert done.out.startswith("python\n")


def test_shell_lines_and_bash_cells_are_shown(shared: Guest) -> None:
    done = shared.run("!echo from shell; echo problem >&2")
    assert "from shell" in done.text
    assert "problem" in done.text

    done = shared.run("%%bash\necho one\nfor i in 1 2 3; do echo $i; done\necho wrong >&2")
    assert done.out == "one\n1\n2\n3\n"
    assert done.err == "wrong\n"


def test_captured_output_is_not_shown(shared: Guest) -> None:
    done = shared.run("%%capture seen\nprint('hidden')\ndisplay(1)")
    assert (done.text, done.of("display")) == ("", [])

    done = shared.run("print(repr(seen.stdout), len(seen.outputs))")
    assert done.out == "'hidden\\n' 1\n"


def test_redirected_output_is_not_shown(shared: Guest) -> None:
    done = shared.run(
        "import contextlib, io\nto = io.StringIO()\n"
        "with contextlib.redirect_stdout(to):\n    print('kept')\nprint(to.getvalue() * 2)"
    )

    assert done.out == "kept\nkept\n\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_are_heard_and_forked_ones_in_whole_lines(
    guest: Guest, method: str
) -> None:
    """Spawned workers import the function, so it stands in a module."""
    (guest.folder / "work_module.py").write_text(
        "def work(i):\n    print(f'line {i}')\n    return i\n"
    )
    done = guest.run(
        "import multiprocessing, work_module\n"
        f"with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        "    print(sorted(pool.map(work_module.work, range(8))))"
    )

    assert done.status == "ok", done.of("error")
    assert all(f"line {number}" in done.out for number in range(8))
    assert str(list(range(8))) in done.out
    if method == "fork":
        assert sorted(done.out.splitlines())[1:] == [f"line {number}" for number in range(8)]


def test_a_forked_child_prints_and_leaves_the_link_alone(guest: Guest) -> None:
    done = guest.run(
        "import os, time\nprint('parent')\npid = os.fork()\n"
        "if pid == 0:\n"
        "    print('child'); display('shown by the child')\n"
        "    try:\n        input('?')\n    except EOFError as error:\n        print(error)\n"
        "    import threading\n"
        "    t = threading.Thread(target=print, args=('child thread',)); t.start(); t.join()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\nprint('parent again')"
    )

    assert done.status == "ok"
    assert done.out.startswith("parent\nchild\n'shown by the child'\n")
    assert "child thread\n" in done.out
    assert "not in a child process" in done.out
    assert done.out.endswith("parent again\n")
    assert [header["seq"] for header, _ in guest.frames] == list(range(1, len(guest.frames) + 1))
    assert guest.run("1+1").result == "2"


def test_a_surviving_child_keeps_printing_and_holds_no_connection(guest: Guest) -> None:
    done = guest.run(
        "import os, time, sys\n"
        "if os.fork() == 0:\n"
        "    sys.stdout.flush()\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    print('from the survivor')\n"
        "    time.sleep(60)\n"
        "    os._exit(0)"
    )
    (guest.folder / "go").touch()
    guest.wait_for_text(done.execution_id, "from the survivor")

    guest.run("exit")
    assert guest.wait_for_end() == 0  # the connection closed: the child did not hold it open


def test_closing_descriptor_one_loses_only_what_goes_there(guest: Guest) -> None:
    done = guest.run("import os\nprint('before')\nos.close(1)\nprint('after')")
    assert done.out == "before\nafter\n"

    done = guest.run("import os\nos.write(1, b'open again\\n')")
    assert done.out == "open again\n"


def test_a_replaced_stdout_gets_the_text_and_a_broken_one_is_put_right(guest: Guest) -> None:
    done = guest.run("import sys, io\nold = sys.stdout\nsys.stdout = io.StringIO()\nprint('lost')")
    assert done.out == ""
    done = guest.run("text = sys.stdout.getvalue(); sys.stdout = old; print(text)")
    assert done.out == "lost\n\n"

    guest.run("sys.stdout = io.StringIO(); sys.stdout.close()")
    assert guest.run("print('still here')").out == "still here\n"
    guest.run("sys.stdout = None")
    assert guest.run("print('still here')").out == "still here\n"
    guest.run("sys.stdout.close()")
    assert guest.run("print('still here')").out == "still here\n"


def test_a_log_handler_that_holds_stderr_keeps_working(shared: Guest) -> None:
    shared.run("import logging; logging.basicConfig(level='INFO', force=True)")

    done = shared.run("logging.info('logged')")

    assert done.err == "INFO:root:logged\n"


def test_lone_surrogates_are_visible_in_text_and_displays(shared: Guest) -> None:  # KER-2
    done = shared.run("print('a\\udc80b'); display('\\ud800'); '\\udfff'")
    assert done.out == "a\\udc80b\n"
    assert done.status == "ok"

    done = shared.run("raise ValueError('\\udc80')")
    assert done.of("error")[0]["message"] == "\\udc80"


def test_bytes_written_in_halves_make_whole_characters(shared: Guest) -> None:  # KER-6
    done = shared.run(
        "import os, sys, time\nhalf = '€'.encode()\n"
        "os.write(1, half[:1]); time.sleep(0.05); os.write(1, half[1:])\n"
        "sys.stdout.buffer.write(half[:2]); sys.stdout.buffer.write(half[2:])"
    )

    assert done.out == "€€"


def test_bytes_that_are_no_text_are_shown_as_such(shared: Guest) -> None:
    done = shared.run("import os; os.write(1, b'a\\xffb\\n')")

    assert done.out == "a\N{REPLACEMENT CHARACTER}b\n"


def test_finished_comes_after_everything_the_cell_wrote(shared: Guest) -> None:  # KER-7
    source = "import os\nfor i in range(2000): print(i)\nos.write(2, b'last of all')"
    for _ in range(5):
        done = shared.run(source)
        assert done.kinds[-1] == "finished"
        assert done.err == "last of all"
        assert done.out == "".join(f"{i}\n" for i in range(2000))


def test_a_finaliser_that_prints_in_the_middle_of_things_is_heard(shared: Guest) -> None:
    done = shared.run(
        "import gc\n"
        "class Loud:\n"
        "    def __init__(self): self.me = self\n"
        "    def __del__(self): print('gone')\n"
        "for i in range(2000):\n    Loud(); print(i)\n"
        "gc.collect()"
    )

    assert done.status == "ok"
    # Collection runs in any thread, so the newlines may stand anywhere.
    assert done.out.count("gone") == 2000
    assert done.out.count("\n") == 4000
    numbers = done.out.replace("gone", "").replace("\n", "")
    assert numbers == "".join(str(i) for i in range(2000))


def test_write_takes_text_only(shared: Guest) -> None:
    done = shared.run("import sys; sys.stdout.write(b'bytes')")
    assert done.of("error")[0]["name"] == "TypeError"

    done = shared.run(
        "class Odd(str):\n    def __len__(self): return 0\n"
        "sys.stdout.writelines(['a', Odd('b')]); sys.stdout.fileno(), sys.stdout.isatty()"
    )
    assert done.out == "ab"
    assert done.result == "(1, False)"


def test_the_streams_offer_what_libraries_ask_for(shared: Guest) -> None:
    done = shared.run(
        "import sys, subprocess\nsys.stdout.reconfigure(line_buffering=True)\n"
        "subprocess.run(['echo', 'to our own stream'], stdout=sys.stderr)\n"
        "(sys.stdout.encoding, sys.stdout.errors, sys.stdout.writable(), sys.stdout.closed)"
    )

    assert done.result == "('UTF-8', 'backslashreplace', True, False)"
    assert done.err == "to our own stream\n"


def test_the_cells_do_not_see_our_arguments(shared: Guest) -> None:
    assert shared.run("import sys; (sys.argv, sys.path[0])").result == "([''], '')"
    assert shared.run("import sys; sys.executable").result == repr(INTERPRETER)
