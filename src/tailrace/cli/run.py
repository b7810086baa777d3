"""`tailrace run`: a notebook from top to bottom, its output on the terminal as it appears.

Exit status: 0 everything ran, 1 a cell failed, 2 the notebook or an option cannot be used,
3 the kernel died or could not start, 4 a cell took longer than `--timeout`, 130 Ctrl-C.
"""

import ast
import asyncio
import contextlib
import sys
import time
from pathlib import Path

import click
from msgspec.structs import replace

from tailrace.files.checkpoint import ANYTHING, write_checkpoint
from tailrace.folders import made, state_folders
from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Cell, Notebook
from tailrace.kernels.provider import HostProvider
from tailrace.protocol import events as ev
from tailrace.protocol.errors import TailraceError
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.operations import CancelInput
from tailrace.session.clock import SystemClock
from tailrace.session.headless import HeadlessRun

OK, FAILED, UNUSABLE, DIED, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
INTERRUPT_GRACE_S = 5.0


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
        value = parse(notebook.read_bytes())
        value = with_parameters(value, dict(map(parsed_parameter, parameters)))
        status = asyncio.run(_run(notebook, value, output, timeout_s, allow_errors, interpreter))
    except (TailraceError, click.BadParameter) as problem:
        click.echo(f"tailrace: {problem}", err=True)
        status = UNUSABLE
    except KeyboardInterrupt:
        status = INTERRUPTED
    raise SystemExit(status)


def parsed_parameter(given: str) -> tuple[str, object]:
    """`name=value`; the value is a Python literal (or true, false, null), else text."""
    name, sign, text = given.partition("=")
    if not sign or not name.isidentifier():
        raise click.BadParameter(f"{given!r} is not NAME=VALUE")
    named = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in named:
        return name, named[text.lower()]
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return name, text


def with_parameters(notebook: Notebook, parameters: dict[str, object]) -> Notebook:
    """The notebook with a cell that sets `parameters`, after the cell tagged `parameters`,
    else first. A cell that an earlier run injected is replaced, as papermill does."""
    if not parameters:
        return notebook
    source = "# Parameters\n" + "\n".join(
        f"{name} = {value!r}" for name, value in parameters.items()
    )
    injected = Cell(
        CellId("injected-parameters"), "code", source, {"tags": ["injected-parameters"]}
    )
    cells = [cell for cell in notebook.cells if "injected-parameters" not in _tags(cell)]
    at = next((n + 1 for n, cell in enumerate(cells) if "parameters" in _tags(cell)), 0)
    return replace(notebook, cells=(*cells[:at], injected, *cells[at:]))


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
    provider = HostProvider(made(state_folders().run))
    try:
        async with HeadlessRun(
            file, notebook, provider, SystemClock(), interpreter=interpreter
        ) as headless:
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


async def _follow(
    headless: HeadlessRun,
    teller: "Teller",
    notebook: Notebook,
    timeout_s: float | None,
    allow_errors: bool,
) -> int:
    may_fail = {cell.cell_id for cell in notebook.cells if "raises-exception" in _tags(cell)}
    waiting: dict[ExecutionId, CellId] = {}
    status = OK
    loop = asyncio.get_running_loop()
    deadline: asyncio.Timeout | None = None
    timed_out = False
    await headless.run_cells(stop_on_error=not allow_errors and not may_fail)
    if not teller.total:
        return OK
    records = headless.records()
    while True:
        try:
            async with asyncio.timeout(None) as deadline:
                if teller.began is not None and timeout_s is not None:
                    deadline.reschedule(loop.time() + timeout_s - (time.monotonic() - teller.began))
                record = await anext(records)
        except TimeoutError:
            if timed_out:
                return TIMED_OUT
            timed_out = True
            timeout_s, teller.began = INTERRUPT_GRACE_S, time.monotonic()
            teller.say("the cell took too long (--timeout); interrupting it")
            await headless.interrupt()
            continue
        except StopAsyncIteration:
            return DIED
        event = record.event
        teller.tell(event)
        match event:
            case ev.ExecutionQueued(execution_id=execution_id, cell_id=cell_id):
                waiting[execution_id] = cell_id
            case ev.ExecutionFinished(execution_id=execution_id, status=ended):
                cell_id = waiting.pop(execution_id, CellId(""))
                if ended == "died":
                    status = DIED
                elif (
                    ended != "ok" and status == OK and not allow_errors and cell_id not in may_fail
                ):
                    status = TIMED_OUT if timed_out else FAILED
                    if waiting:
                        await headless.interrupt()
                if not waiting:
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
