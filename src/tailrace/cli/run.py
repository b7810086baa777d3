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
from pathlib import Path

import click

from tailrace.files.checkpoint import ANYTHING
from tailrace.files.notebook_files import read_notebook, write_notebook
from tailrace.folders import made, state_folders
from tailrace.formats.forms import form_of
from tailrace.formats.notebook import Notebook
from tailrace.headless.following import Ending, followed
from tailrace.headless.parameters import with_parameters
from tailrace.headless.scratch import scratch
from tailrace.kernels.provider import HostProvider
from tailrace.protocol import events as ev
from tailrace.protocol.errors import FileMissing, TailraceError
from tailrace.session.clock import SystemClock
from tailrace.session.headless import HeadlessRun

OK, FAILED, UNUSABLE, DIED, TIMED_OUT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143
STATUS: dict[Ending, int] = {"ok": OK, "failed": FAILED, "died": DIED, "timed-out": TIMED_OUT}


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
        value = form_of(notebook.name).parse(read_notebook(notebook))
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
                ending = await followed(
                    headless, teller, notebook, timeout_s=timeout_s, allow_errors=allow_errors
                )
            if output is not None:
                data = form_of(output.name).render(await headless.notebook())
                await asyncio.to_thread(
                    write_notebook, output, data, expected=ANYTHING, backup_folder=None
                )
            return STATUS[ending]
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


class Teller:
    """Puts what happens on the terminal: text where it belongs, and a progress line below it
    when standard error is a terminal."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
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
                self._draw()
            case ev.ExecutionFinished():
                self.done += 1
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
