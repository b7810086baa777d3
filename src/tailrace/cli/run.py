"""`tailrace run`: a notebook from top to bottom, its output on the terminal as it appears.

Exit status: 0 everything ran, 1 a cell failed, 2 the notebook or an option cannot be used,
3 the kernel died or could not start, 4 a cell took longer than `--timeout`, 130 Ctrl-C,
143 SIGTERM.
"""

import ast
import asyncio
import contextlib
import keyword
import signal
import sys
import time
from itertools import count
from pathlib import Path

import click
from msgspec.structs import replace

from tailrace.cli.scratch import scratch
from tailrace.files.checkpoint import ANYTHING, read_content, write_checkpoint
from tailrace.folders import made, state_folders
from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Cell, Notebook
from tailrace.kernels.provider import HostProvider
from tailrace.protocol import events as ev
from tailrace.protocol.errors import FileMissing, TailraceError
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.operations import CancelInput
from tailrace.session.clock import SystemClock
from tailrace.session.headless import HeadlessRun

OK, FAILED, UNUSABLE, DIED, TIMED_OUT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143
INTERRUPT_GRACE_S = 5.0
LOOK_S = 1.0  # how often it is looked whether a full disk holds the run up
INJECTED = "injected-parameters"


@click.command("run")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the notebook with its outputs here.",
)
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a variable after the cell tagged “parameters”.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Longest time one cell may take.",
)
@click.option(
    "--allow-errors", is_flag=True, help="Go on after a cell that fails, and exit with 0."
)
@click.option(
    "--python",
    "interpreter",
    metavar="PATH",
    help="Python, or a virtual environment, to run it with.",
)
def run(
    notebook: Path,
    output: Path | None,
    parameters: tuple[str, ...],
    timeout_s: float | None,
    allow_errors: bool,
    interpreter: str | None,
) -> None:
    """Run NOTEBOOK from top to bottom and show its output as it appears."""
    try:
        value = parse(read_content(notebook).data)
        value = with_parameters(value, dict(map(parsed_parameter, parameters)))
        _check_output(output)
        status = asyncio.run(_run(notebook, value, output, timeout_s, allow_errors, interpreter))
    except (TailraceError, click.BadParameter, OSError) as problem:
        click.echo(f"tailrace: {problem}", err=True)
        status = UNUSABLE
    except KeyboardInterrupt:
        status = INTERRUPTED
    except asyncio.CancelledError:
        status = TERMINATED
    raise SystemExit(status)


def _check_output(output: Path | None) -> None:
    """Say before the run, not after it, that its result has no place."""
    if output is not None and not output.absolute().parent.is_dir():
        raise FileMissing(
            f"there is no folder {output.absolute().parent} to write {output.name} to"
        )


def parsed_parameter(given: str) -> tuple[str, object]:
    """`name=value`; the value is a Python literal (or true, false, null), else text."""
    name, sign, text = given.partition("=")
    if not sign or not name.isidentifier() or keyword.iskeyword(name):
        raise click.BadParameter(f"{given!r} is not NAME=VALUE")
    named = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in named:
        return name, named[text.lower()]
    try:
        value = ast.literal_eval(text)
        ast.literal_eval(repr(value))  # infinity has no literal, for one
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return name, text
    return name, value


def with_parameters(notebook: Notebook, parameters: dict[str, object]) -> Notebook:
    """The notebook with a cell that sets `parameters`: in place of one that an earlier run
    injected, else after the cell tagged `parameters`, else first, as papermill has it."""
    if not parameters:
        return notebook
    source = "# Parameters\n" + "\n".join(
        f"{name} = {value!r}" for name, value in parameters.items()
    )
    cells = list(notebook.cells)
    earlier = next((n for n, cell in enumerate(cells) if INJECTED in _tags(cell)), None)
    after = next((n + 1 for n, cell in enumerate(cells) if "parameters" in _tags(cell)), 0)
    at = after if earlier is None else earlier
    if earlier is not None:
        del cells[earlier]
    taken = {cell.cell_id for cell in cells}
    names = (f"{INJECTED}{'' if n == 1 else f'-{n}'}" for n in count(1))
    cell_id = CellId(next(name for name in names if name not in taken))
    cells.insert(at, Cell(cell_id, "code", source, {"tags": [INJECTED]}))
    return replace(notebook, cells=tuple(cells))


def _tags(cell: Cell) -> list[str]:
    tags = cell.metadata.get("tags", [])
    return tags if isinstance(tags, list) else []


async def _run(
    file: Path,
    notebook: Notebook,
    output: Path | None,
    timeout_s: float | None,
    allow_errors: bool,
    interpreter: str | None,
) -> int:
    _end_on_signals()
    folders = state_folders()
    provider = HostProvider(made(folders.run))
    try:
        async with (
            scratch(folders.state / "runs") as kept,
            HeadlessRun(
                file,
                notebook,
                provider,
                SystemClock(),
                kept.log,
                kept.blobs,
                interpreter=interpreter,
            ) as headless,
        ):
            teller = Teller(sum(cell.kind == "code" for cell in notebook.cells))
            with teller:
                status = await _follow(headless, teller, notebook, timeout_s, allow_errors)
            if output is not None:
                data = render(await headless.notebook())
                await asyncio.to_thread(
                    write_checkpoint, output, data, expected=ANYTHING, backup_folder=None
                )
            return status
    finally:
        await provider.close()


def _end_on_signals() -> None:
    """SIGTERM and a closed terminal end the run as Ctrl-C does: its kernel goes too."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), task.cancel)


async def _follow(
    headless: HeadlessRun,
    teller: "Teller",
    notebook: Notebook,
    timeout_s: float | None,
    allow_errors: bool,
) -> int:
    tagged = {cell.cell_id for cell in notebook.cells if "raises-exception" in _tags(cell)}
    may_fail = {cell.cell_id for cell in notebook.cells} if allow_errors else tagged
    waiting: dict[ExecutionId, CellId] = {}
    status = OK
    loop = asyncio.get_running_loop()
    timed_out = False
    told_problem = ""
    answer = await headless.run_all(may_fail=may_fail)
    if answer is None:
        return OK
    if answer.refusal is not None:
        teller.say(answer.refusal.message)
        return DIED
    while True:
        look_again = loop.time() + LOOK_S
        left = look_again
        if teller.began is not None and timeout_s is not None:
            left = loop.time() + timeout_s - (time.monotonic() - teller.began)
        try:
            async with asyncio.timeout_at(min(left, look_again)):
                record = await headless.record()
        except TimeoutError:
            if headless.storage_problem != told_problem:
                told_problem = headless.storage_problem
                teller.say(f"waiting: {told_problem}" if told_problem else "going on")
            if loop.time() < left or teller.began is None or timeout_s is None:
                continue
            if timed_out:
                return TIMED_OUT
            timed_out = True
            timeout_s, teller.began = INTERRUPT_GRACE_S, time.monotonic()
            teller.say("the cell took too long (--timeout); interrupting it")
            await headless.interrupt()
            continue
        if record is None:
            return DIED
        event = record.event
        teller.tell(event)
        match event:
            case ev.ExecutionQueued(execution_id=execution_id, cell_id=cell_id):
                waiting[execution_id] = cell_id
            case ev.ExecutionFinished(execution_id=execution_id, status=ended):
                cell_id = waiting.pop(execution_id, CellId(""))
                if ended != "ok" and status == OK and cell_id not in may_fail:
                    status = FAILED
                is_dead = headless.session.state.kernel.phase == "dead"
                if not waiting and not is_dead:  # else: why it died comes next
                    return TIMED_OUT if timed_out else status
            case ev.InputRequested(prompt_id=prompt_id):
                await headless.submit(CancelInput(prompt_id))
            case ev.KernelDied(cause=cause):
                teller.say(cause.message)
                return DIED
            case _:
                pass


class Teller:
    """Puts what happens on the terminal: text where it belongs, and a progress line below it
    when standard error is a terminal."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.began: float | None = None
        self._bar = sys.stderr.isatty()
        self._line = ""
        self._fresh = True  # the terminal's cursor is at the start of a line

    def __enter__(self) -> "Teller":
        return self

    def __exit__(self, *_: object) -> None:
        self._wipe()

    def tell(self, event: ev.Event) -> None:
        match event:
            case ev.ExecutionStarted():
                self.began = time.monotonic()
                self._draw()
            case ev.ExecutionFinished():
                self.done += 1
                self.began = None
                self._draw()
            case ev.TextAppended(stream=stream, text=text):
                self._write(text, sys.stderr if stream == "stderr" else sys.stdout)
            case ev.DisplayAppended(data=data):
                plain = data.get("text/plain")
                if isinstance(plain, str):
                    self._write(plain.rstrip("\n") + "\n", sys.stdout)
            case ev.ErrorAppended(traceback=traceback, name=name, message=message):
                self._write("\n".join(traceback or (f"{name}: {message}",)) + "\n", sys.stderr)
            case ev.InputRequested(prompt=prompt):
                self.say(f"the notebook asks for input ({prompt!r}), which nobody can give here")
            case _:
                pass

    def say(self, message: str) -> None:
        self._write(f"tailrace: {message}\n", sys.stderr)

    def _write(self, text: str, stream: object) -> None:
        self._wipe()
        with contextlib.suppress(BrokenPipeError):
            click.echo(text, nl=False, file=stream)  # type: ignore[arg-type]
        self._fresh = text.endswith("\n")
        if self._fresh:
            self._draw()

    def _draw(self) -> None:
        if not self._bar or not self._fresh:
            return
        self._wipe()
        width = 24
        filled = width * self.done // max(self.total, 1)
        self._line = f"[{'━' * filled}{' ' * (width - filled)}] {self.done}/{self.total} cells"
        click.echo(self._line, nl=False, err=True)

    def _wipe(self) -> None:
        if self._line:
            click.echo("\r" + " " * len(self._line) + "\r", nl=False, err=True)
            self._line = ""
