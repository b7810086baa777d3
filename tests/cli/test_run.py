"""`tailrace run`, as a script or a person calls it: real processes, real notebooks."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from tailrace.cli.run import parsed_parameter
from tailrace.formats.notebook import Cell, Notebook
from tailrace.headless.parameters import with_parameters
from tailrace.protocol.ids import CellId
from tests.cli.conftest import made_home
from tests.cli.terminal import PATIENCE_S, Page, environment, serve, tailrace, write_notebook
from tests.session.stage import code_cell, write_cells


def tagged(cell_id: str, source: str, *tags: str) -> dict[str, Any]:
    return code_cell(cell_id, source, metadata={"tags": list(tags)})


def outputs(file: Path) -> list[list[dict[str, Any]]]:
    found = nbformat.read(file, as_version=4)
    nbformat.validate(found)
    return [list(cell.get("outputs", [])) for cell in found.cells]


def kernels(home: Path) -> list[dict[str, Any]]:
    listed = tailrace(home, "kernels", "--json")
    found: list[dict[str, Any]] = json.loads(listed.stdout)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all runs here: the host of one serves the next, as it does for a person."""
    with made_home(tmp_path_factory.mktemp("run") / "home") as folder:
        yield folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "n.ipynb"


# ── how it ends ──────────────────────────────────────────────────────────────


def test_everything_ran_is_0_and_what_was_printed_is_on_the_right_stream(
    home: Path, file: Path
) -> None:
    write_notebook(
        file,
        "import sys\nprint('out')\nprint('err', file=sys.stderr)",
        "x = 6 * 7\nx",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>bold</b>'))",
    )
    before = file.read_bytes()
    ran = tailrace(home, "run", file)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("out\n42\n")
    assert ran.stderr == "err\n"
    assert file.read_bytes() == before
    assert kernels(home) == []


def test_a_cell_that_fails_is_1_and_what_follows_is_not_run(home: Path, file: Path) -> None:
    write_notebook(file, "print('one')\n1/0", "print('two')")
    ran = tailrace(home, "run", file)

    assert ran.returncode == 1
    assert ran.stdout == "one\n"
    assert "ZeroDivisionError" in ran.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "no notebook"),
        (b"<<<<<<< HEAD", "merge"),
        (None, "does not exist"),
    ],
)
def test_a_notebook_that_cannot_be_read_is_2(
    home: Path, file: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    ran = tailrace(home, "run", file)

    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "x"], "'x' is not NAME=VALUE"),
        (["-p", "class=1"], "'class=1' is not NAME=VALUE"),
        (["-o", "no/such/folder/out.ipynb"], "no/such/folder"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_an_option_that_cannot_be_used_is_2_before_anything_runs(
    home: Path, file: Path, options: list[str], said: str
) -> None:
    write_notebook(file, "open('ran', 'w').close()")
    ran = tailrace(home, "run", file, *options, cwd=file.parent)

    assert ran.returncode == 2
    assert said in ran.stderr
    assert not (file.parent / "ran").exists()


def test_a_kernel_that_dies_is_3_and_says_why(home: Path, file: Path, tmp_path: Path) -> None:
    write_notebook(file, "print('last words', flush=True)\nimport os; os._exit(7)", "print(2)")
    out = tmp_path / "out.ipynb"
    ran = tailrace(home, "run", file, "-o", out)

    assert ran.returncode == 3
    assert ran.stdout == "last words\n"
    assert "7" in ran.stderr
    assert outputs(out)[0][0]["text"] == "last words\n"


def test_a_cell_that_takes_too_long_is_4(home: Path, file: Path, tmp_path: Path) -> None:
    write_notebook(
        file, "print('quick')", "import time\nprint('slow')\ntime.sleep(600)", "print(3)"
    )
    out = tmp_path / "out.ipynb"
    ran = tailrace(home, "run", file, "--timeout", "1.5", "-o", out)

    assert ran.returncode == 4
    assert ran.stdout == "quick\nslow\n"
    assert "took too long" in ran.stderr
    assert outputs(out)[1][0]["text"] == "slow\n"
    assert outputs(out)[1][-1]["ename"] == "KeyboardInterrupt"


def test_the_timeout_is_for_each_cell(home: Path, file: Path) -> None:
    write_notebook(file, *["import time; time.sleep(0.8); print('done')"] * 4)
    ran = tailrace(home, "run", file, "--timeout", "2.5")

    assert (ran.returncode, ran.stdout) == (0, "done\n" * 4)


def test_a_cell_that_ignores_the_interrupt_ends_with_its_kernel(home: Path, file: Path) -> None:
    write_notebook(
        file,
        "import time, sys\nwhile True:\n    try:\n        time.sleep(600)\n"
        "    except KeyboardInterrupt:\n        print('no')",
    )
    ran = tailrace(home, "run", file, "--timeout", "1")

    assert ran.returncode == 4
    assert kernels(home) == []


def test_an_empty_notebook_is_0(home: Path, file: Path, tmp_path: Path) -> None:
    write_cells(file)
    out = tmp_path / "out.ipynb"

    assert tailrace(home, "run", file, "-o", out).returncode == 0
    assert outputs(out) == []


# ── errors that are allowed ──────────────────────────────────────────────────


def test_with_allow_errors_everything_runs_and_it_is_0(
    home: Path, file: Path, tmp_path: Path
) -> None:
    write_notebook(file, "1/0", "print('two')")
    out = tmp_path / "out.ipynb"
    ran = tailrace(home, "run", file, "--allow-errors", "-o", out)

    assert (ran.returncode, ran.stdout) == (0, "two\n")
    assert outputs(out)[0][0]["ename"] == "ZeroDivisionError"


def test_a_cell_tagged_raises_exception_may_fail_and_no_other(home: Path, file: Path) -> None:
    may = tagged("may", "print('may')\n1/0", "raises-exception")
    write_cells(file, code_cell("a", "print('a')"), may, code_cell("b", "print('b')"))
    ran = tailrace(home, "run", file)
    assert (ran.returncode, ran.stdout) == (0, "a\nmay\nb\n")

    write_cells(file, may, code_cell("a", "print('a'); 1/0"), code_cell("b", "open('ran', 'w')"))
    ran = tailrace(home, "run", file, cwd=file.parent)
    assert (ran.returncode, ran.stdout) == (1, "may\na\n")
    assert not (file.parent / "ran").exists()


# ── what comes out ───────────────────────────────────────────────────────────


def test_the_output_file_is_whole_and_the_input_is_untouched(
    home: Path, file: Path, tmp_path: Path
) -> None:
    write_cells(
        file,
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# Title"]},
        code_cell("a", "for i in range(60_000): print('line', i)"),
        code_cell("b", "from IPython.display import display\nfor i in range(400): display(i)"),
        code_cell(
            "c",
            "import base64; from IPython.display import Image\n"
            "Image(data=base64.b64decode('iVBORw0KGgo=') + bytes(200_000), format='png')",
        ),
        metadata={"strange": {"kept": [1]}},
    )
    before = file.read_bytes()
    out = tmp_path / "out.ipynb"
    ran = tailrace(home, "run", file, "-o", out)

    assert ran.returncode == 0, ran.stderr
    assert file.read_bytes() == before
    _, lines, displays, image = outputs(out)
    assert "".join(o["text"] for o in lines) == "".join(f"line {i}\n" for i in range(60_000))
    assert [o["data"]["text/plain"] for o in displays] == [str(i) for i in range(400)]
    assert len(image[0]["data"]["image/png"]) > 200_000
    written = json.loads(out.read_text())
    assert written["metadata"]["strange"] == {"kept": [1]}
    assert ran.stdout.count("line ") == 60_000


def test_the_output_may_be_the_notebook_itself(home: Path, file: Path) -> None:
    write_notebook(file, "print(1)")

    assert tailrace(home, "run", file, "-o", file).returncode == 0
    assert outputs(file)[0][0]["text"] == "1\n"


def test_text_is_there_before_the_cell_ends(home: Path, file: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    write_notebook(
        file,
        f"import pathlib, time\nprint('first')\nwhile not pathlib.Path({str(go)!r}).exists():"
        "\n    time.sleep(0.01)\nprint('last')",
    )
    with started(home, file) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"first\n"
        go.touch()
        assert running.stdout.read() == b"last\n"
        assert running.wait(PATIENCE_S) == 0


def test_a_flood_is_told_to_the_last_line(home: Path, file: Path) -> None:
    write_notebook(file, "for i in range(1_000_000): print('line of the flood', i)")
    with started(home, file) as running:
        assert running.stdout is not None
        time.sleep(2)  # nobody reads for a while: the pipe is full, the terminal stands still
        count = 0
        last = b""
        for line in running.stdout:
            count += 1
            last = line
        assert running.wait(PATIENCE_S) == 0
    assert (count, last) == (1_000_000, b"line of the flood 999999\n")


def test_whoever_reads_no_further_does_not_hold_it_up(home: Path, file: Path) -> None:
    write_notebook(file, "for i in range(100_000): print('line', i)", "open('ran', 'w').close()")
    with started(home, file) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()  # `| head -1`
        running.stdout = None
        assert running.wait(PATIENCE_S) == 0
    assert (file.parent / "ran").exists()


@contextlib.contextmanager
def started(home: Path, file: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "tailrace.cli", "run", str(file), *options],
        cwd=file.parent,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


def test_input_is_refused_clearly(home: Path, file: Path) -> None:
    write_notebook(file, "name = input('Your name? ')", "print('never')")
    ran = tailrace(home, "run", file)

    assert ran.returncode == 1
    assert "asks for input" in ran.stderr
    assert "Your name? " in ran.stderr
    assert "never" not in ran.stdout


def test_the_progress_line_is_for_terminals_only(home: Path, file: Path) -> None:
    write_notebook(file, "print('hello')", "print('again')")
    plain = tailrace(home, "run", file)
    shown = on_a_terminal(home, file)

    assert plain.stderr == ""
    assert "2/2 cells" in shown
    assert "hello" in shown
    assert not re.search(r"hello[^\r\n]*cells", shown)


def on_a_terminal(home: Path, file: Path) -> str:
    master, slave = pty.openpty()
    try:
        running = subprocess.Popen(
            [sys.executable, "-m", "tailrace.cli", "run", str(file)],
            env=environment(home),
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        seen = b""
        while select.select([master], [], [], PATIENCE_S)[0]:
            try:
                data = os.read(master, 65_536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            seen += data
        assert running.wait(PATIENCE_S) == 0
    finally:
        os.close(master)
    return seen.decode()


# ── how it is ended ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_ended_from_outside_it_leaves_no_kernel(
    home: Path, file: Path, sent: signal.Signals, status: int
) -> None:
    write_notebook(file, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)")
    with started(home, file) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        running.send_signal(sent)
        assert running.wait(PATIENCE_S) == status
    assert not _lives(pid)
    assert kernels(home) == []


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_no_host_stays_for_long(home: Path, file: Path) -> None:
    write_notebook(file, "import os\nprint(os.getppid())")
    ran = tailrace(home, "run", file)
    host = int(ran.stdout)
    until = time.monotonic() + PATIENCE_S
    while _lives(host):
        assert time.monotonic() < until, "the host stays"
        time.sleep(0.1)


def test_a_run_leaves_the_kernel_of_the_open_notebook_alone(
    home: Path, file: Path, tmp_path: Path
) -> None:
    write_notebook(file, "x = 0", "x += 1\nprint('x is', x)")
    served = serve(home, "--no-browser", "--port", "0", file.parent)
    try:
        page = Page(served, file.name)
        page.submit(kind="run-all")
        page.events_until("execution-finished")
        page.events_until("execution-finished", status="ok")
        ran = tailrace(home, "run", file)
        assert (ran.returncode, ran.stdout) == (0, "x is 1\n")
        page.submit(kind="run-cells", cell_ids=["cell-1"])
        told = page.events_until("execution-finished")
        assert "".join(str(event.get("text", "")) for event in told) == "x is 2\n"
        page.close()
    finally:
        served.end(signal.SIGINT)
        served.clean_up()


# ── another interpreter ──────────────────────────────────────────────────────


def test_an_environment_without_ipython_is_named_with_what_it_lacks(
    home: Path, file: Path, tmp_path: Path
) -> None:
    write_notebook(file, "print(1)")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    ran = tailrace(home, "run", file, "--python", venv)

    assert ran.returncode == 3
    assert str(venv) in ran.stderr
    assert "ipython" in ran.stderr.lower()
    assert "Traceback" not in ran.stderr


def test_an_interpreter_that_is_none_is_said(home: Path, file: Path) -> None:
    write_notebook(file, "print(1)")
    ran = tailrace(home, "run", file, "--python", "/no/such/python")

    assert ran.returncode == 3
    assert "/no/such/python" in ran.stderr


# ── parameters ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("x=1", 1),
        ("x=-1.5", -1.5),
        ("x=True", True),
        ("x=false", False),
        ("x=None", None),
        ("x=null", None),
        ("x=text", "text"),
        ("x='1'", "1"),
        ("x=[1, 'a', {'b': None}]", [1, "a", {"b": None}]),
        ("x=a=b", "a=b"),
        ("x=", ""),
        ("x=2024-01-01", "2024-01-01"),
        ("x=1e999", "1e999"),
        ("x=inf", "inf"),
        ("x=__import__('os')", "__import__('os')"),
        ("x=[1e999]", "[1e999]"),
    ],
)
def test_a_value_is_a_literal_or_text(given: str, value: object) -> None:
    name, found = parsed_parameter(given)

    assert (name, found) == ("x", value)
    assert type(found) is type(value)


def cell(cell_id: str, *tags: str) -> Cell:
    return Cell(CellId(cell_id), "code", cell_id, {"tags": list(tags)} if tags else {})


def order(*cells: Cell) -> list[str]:
    return [each.cell_id for each in with_parameters(Notebook(cells=cells), {"x": 1}).cells]


def test_parameters_go_where_papermill_puts_them() -> None:
    injected = cell("old", "injected-parameters")

    assert order(cell("a"), cell("p", "parameters"), cell("b")) == [
        "a",
        "p",
        "injected-parameters",
        "b",
    ]
    assert order(cell("a"), cell("b")) == ["injected-parameters", "a", "b"]
    assert order(cell("a"), injected, cell("p", "parameters")) == ["a", "injected-parameters", "p"]
    assert order(cell("injected-parameters"), cell("b")) == [
        "injected-parameters-2",
        "injected-parameters",
        "b",
    ]
    assert with_parameters(Notebook(cells=(cell("a"),)), {}).cells == (cell("a"),)


def test_parameters_are_set_and_set_again(home: Path, file: Path, tmp_path: Path) -> None:
    write_cells(
        file,
        tagged("p", "x = 1\nname = 'nobody'", "parameters"),
        code_cell("a", "print(x, name, more)"),
    )
    once, twice = tmp_path / "once.ipynb", tmp_path / "twice.ipynb"
    ran = tailrace(
        home, "run", file, "-p", "x=2", "-p", "name=Ada L.", "-p", "more=[1]", "-o", once
    )
    assert ran.stdout == "2 Ada L. [1]\n", ran.stderr
    ran = tailrace(home, "run", once, "-p", "x=3", "-p", "name=Bob", "-p", "more=None", "-o", twice)
    assert ran.stdout == "3 Bob None\n", ran.stderr

    sources = ["".join(each["source"]) for each in json.loads(twice.read_text())["cells"]]
    assert sources == [
        "x = 1\nname = 'nobody'",
        "# Parameters\nx = 3\nname = 'Bob'\nmore = None",
        "print(x, name, more)",
    ]
    outputs(twice)
