"""`tailrace.run`: a notebook run by a program, with the engine of the command.

    import tailrace

    result = tailrace.run("report.ipynb", parameters={"year": 2026}, output="done.ipynb")

The kernel is a process of its own and ends with the run. The notebook's file is not touched.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from tailrace.files.checkpoint import ANYTHING
from tailrace.files.notebook_files import read_notebook, write_notebook
from tailrace.folders import made, state_folders
from tailrace.formats.forms import form_of
from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Notebook
from tailrace.headless.following import Ending, followed
from tailrace.headless.parameters import with_parameters
from tailrace.headless.scratch import scratch
from tailrace.kernels.provider import HostProvider
from tailrace.protocol import events as ev
from tailrace.protocol.errors import FileMissing, RunFailed
from tailrace.protocol.ids import ExecutionId
from tailrace.session.clock import SystemClock
from tailrace.session.headless import HeadlessRun


class Output(Struct, frozen=True):
    """Something that a cell showed, the moment it did. `kind` "text": `stream` and `text`;
    "display": `data` and `metadata`, a MIME bundle; "error": `name`, `text` (its message) and
    `traceback`."""

    kind: Literal["text", "display", "error"]
    cell_id: str
    stream: str = ""
    text: str = ""
    name: str = ""
    traceback: tuple[str, ...] = ()
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class Failure(Struct, frozen=True):
    """The error that ended a cell."""

    cell_id: str
    name: str
    message: str
    traceback: tuple[str, ...]


class RunResult(Struct, frozen=True):
    """How a run ended. `notebook` is the notebook with its outputs, as nbformat 4.5 has it;
    `message` says why it ended early; `took_s` is the time in seconds."""

    status: Ending
    notebook: dict[str, Any]
    failures: tuple[Failure, ...]
    message: str
    took_s: float

    @property
    def ok(self) -> bool:
        return self.status == "ok"


def run(
    notebook: str | Path | Mapping[str, Any],
    *,
    parameters: Mapping[str, object] | None = None,
    output: str | Path | None = None,
    timeout: float | None = None,
    allow_errors: bool = False,
    python: str | None = None,
    folder: str | Path | None = None,
    on_output: Callable[[Output], None] | None = None,
) -> RunResult:
    """Run a notebook from top to bottom and return what came of it.

    `notebook` is a file's path, or the notebook itself as JSON has it (nbformat's
    `NotebookNode` is such a mapping), which then runs in `folder`, else in the current one.
    `parameters` are set after the cell tagged `parameters`, as papermill does it. `timeout`
    is the longest time in seconds that one cell may take. `python` names the interpreter or
    virtual environment. `on_output` is called with each output as it appears.

    Raises `RunFailed` when a cell failed (unless `allow_errors`), took too long, or the kernel
    died: its `result` holds the notebook as far as it came, and `output` is written all the
    same. Raises `NotANotebook`, `FileMissing`, `InterpreterUnusable` and other
    `TailraceError`s for what cannot be used. Where an event loop runs already (in a notebook,
    say), use `run_async`.
    """
    return asyncio.run(
        run_async(
            notebook,
            parameters=parameters,
            output=output,
            timeout=timeout,
            allow_errors=allow_errors,
            python=python,
            folder=folder,
            on_output=on_output,
        )
    )


async def run_async(
    notebook: str | Path | Mapping[str, Any],
    *,
    parameters: Mapping[str, object] | None = None,
    output: str | Path | None = None,
    timeout: float | None = None,  # noqa: ASYNC109
    allow_errors: bool = False,
    python: str | None = None,
    folder: str | Path | None = None,
    on_output: Callable[[Output], None] | None = None,
) -> RunResult:
    """As `run`, on the event loop that runs."""
    file, value = await asyncio.to_thread(_read, notebook, folder, output)
    value = with_parameters(value, parameters or {})
    listener = _Listener(on_output)
    began = time.monotonic()
    folders = state_folders()
    provider = HostProvider(made(folders.run))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(provider.close)
        kept = await stack.enter_async_context(scratch(folders.state / "runs"))
        headless = await stack.enter_async_context(
            HeadlessRun(
                file,
                value,
                provider,
                SystemClock(),
                kept.log,
                kept.blobs,
                interpreter=python,
            )
        )
        status = await followed(
            headless, listener, value, timeout_s=timeout, allow_errors=allow_errors
        )
        done = await headless.notebook()
        data = render(done)
    if output is not None:
        await asyncio.to_thread(
            write_notebook,
            Path(output),
            form_of(Path(output).name).render(done),
            expected=ANYTHING,
            backup_folder=None,
        )
    result = RunResult(
        status,
        json.loads(data),
        tuple(listener.failures),
        listener.message,
        time.monotonic() - began,
    )
    if not result.ok:
        raise RunFailed(_sentence(result), result)
    return result


def _read(
    notebook: str | Path | Mapping[str, Any],
    folder: str | Path | None,
    output: str | Path | None,
) -> tuple[Path, Notebook]:
    if output is not None and not Path(output).absolute().parent.is_dir():
        raise FileMissing(f"there is no folder {Path(output).absolute().parent} to write to")
    if isinstance(notebook, str | Path):
        file = Path(notebook)
        if not file.is_file():
            raise FileMissing(f"there is no file {file.absolute()}")
        return (Path(folder, file.name) if folder else file), form_of(file.name).parse(
            read_notebook(file)
        )
    place = Path(folder or Path.cwd())
    return place / "notebook.ipynb", parse(json.dumps(notebook).encode())


def _sentence(result: RunResult) -> str:
    if result.status == "failed" and result.failures:
        first = result.failures[0]
        return f"cell {first.cell_id} failed: {first.name}: {first.message}"
    if result.status == "timed-out":
        return "a cell took longer than the timeout allows"
    return result.message or "the notebook did not run to its end"


class _Listener:
    """Turns events into outputs and remembers what failed."""

    def __init__(self, on_output: Callable[[Output], None] | None) -> None:
        self._on_output = on_output
        self._cells: dict[ExecutionId, str] = {}
        self.failures: list[Failure] = []
        self.message = ""

    def say(self, message: str) -> None:
        self.message = message

    def tell(self, event: ev.Event) -> None:
        match event:
            case ev.ExecutionQueued(execution_id=execution_id, cell_id=cell_id):
                self._cells[execution_id] = cell_id
            case ev.TextAppended(execution_id=execution_id, stream=stream, text=text):
                self._show(Output("text", self._cell(execution_id), stream=stream, text=text))
            case ev.DisplayAppended(execution_id=execution_id, data=data, metadata=metadata):
                shown = Output("display", self._cell(execution_id), data=data, metadata=metadata)
                self._show(shown)
            case ev.ErrorAppended(
                execution_id=execution_id, name=name, message=message, traceback=traceback
            ):
                failed, lines = self._cell(execution_id), tuple(traceback)
                self.failures.append(Failure(failed, name, message, lines))
                self._show(Output("error", failed, name=name, text=message, traceback=lines))
            case _:
                pass

    def _cell(self, execution_id: ExecutionId) -> str:
        return self._cells.get(execution_id, "")

    def _show(self, output: Output) -> None:
        if self._on_output is not None:
            self._on_output(output)
