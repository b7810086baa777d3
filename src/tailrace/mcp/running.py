"""Tools that run code, wait for it, stop it, and ask the kernel.

A run belongs to the notebook, not to the call that asked for it: when the call's time is
over, or its connection, the cells run on, and the agent comes back with `wait` (MCP-8).
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from tailrace.log.codec import decode_record
from tailrace.mcp.cells import (
    ExecutionData,
    cell_named,
    execution_data,
    execution_words,
    newest_of,
)
from tailrace.mcp.editing import Operation, operation_id_of
from tailrace.mcp.hygiene import UNTRUSTED, Fence, legible
from tailrace.mcp.outputs import CHARS
from tailrace.mcp.reading import MaxChars, NotebookPath
from tailrace.mcp.tools import Answer, Arguments, Call, Data, Image, Tool
from tailrace.protocol import operations as op
from tailrace.protocol.errors import AgentRefused, KernelUnreachable, LogGap
from tailrace.protocol.events import ExecutionQueued
from tailrace.protocol.frames import PROTOCOL_VERSION, Hello
from tailrace.protocol.ids import CellId, ClientId, ExecutionId, OperationId, PromptId
from tailrace.protocol.outputs import StreamOutput
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.session import Session
from tailrace.session.tail import Bell, until_kernel_is_known

TIMEOUT_S = 30.0  # below the minute after which many clients give a call up
TIMEOUT_MOST_S = 3_600.0
TELL_EVERY_S = 0.5
ALIVE_EVERY_S = 5.0  # said without news, so that clients know the call lives
TOLD_LINES = 20
TOLD_CHARS = 2_000
INTERRUPT_S = 5.0
ARRIVES_S = 5.0  # between a kernel's first word and the moment that it can be asked

Timeout = Annotated[
    float,
    Meta(
        ge=0,
        le=TIMEOUT_MOST_S,
        description="Seconds to wait. What is not over then runs on; go on with `wait`.",
    ),
]


class PromptData(Struct, frozen=True):
    """The code called `input()` and waits for `answer_input`."""

    prompt_id: str
    execution_id: str
    prompt: str


class Run(Data, frozen=True, kw_only=True):
    """`done`: nothing of it runs or waits any more. Otherwise go on with `wait`, or answer
    the prompt that it waits for."""

    done: bool
    executions: list[ExecutionData]
    prompts: tuple[PromptData, ...] = ()
    repeated: bool = False


# ── run ──────────────────────────────────────────────────────────────────────


class RunCells(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    cell_ids: Annotated[
        list[str] | None,
        Meta(description="The cells, in this order; null for all code cells from the top."),
    ] = None
    stop_on_error: bool = True
    timeout_s: Timeout = TIMEOUT_S
    max_chars: MaxChars = CHARS
    operation_id: Operation = None


async def run_cells(call: Call, given: RunCells) -> Answer:
    session = await call.session(given.notebook)
    if given.cell_ids is None:
        cells = [cell.cell_id for cell in session.room.cells() if cell.kind == "code"]
    else:
        for cell_id in given.cell_ids:
            _, cell = cell_named(session, cell_id)
            if cell.kind != "code":
                raise AgentRefused(f"cell {cell_id} is {cell.kind}, not code", "cell.not-code")
        cells = [CellId(cell_id) for cell_id in given.cell_ids]
    if not cells:
        return Answer(Run(done=True, executions=[]), "there are no code cells to run")
    operation = op.RunCells(tuple(cells), given.stop_on_error)
    return await _run(call, session, operation, cells, given)


class RunCode(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    code: Annotated[str, Meta(max_length=1 << 20)]
    timeout_s: Timeout = TIMEOUT_S
    max_chars: MaxChars = CHARS
    operation_id: Operation = None


async def run_code(call: Call, given: RunCode) -> Answer:
    session = await call.session(given.notebook)
    return await _run(call, session, op.RunCode(given.code), [], given)


async def _run(
    call: Call,
    session: Session,
    operation: op.RunCells | op.RunCode,
    cells: Sequence[CellId],
    given: RunCells | RunCode,
) -> Answer:
    operation_id = operation_id_of(call, given.operation_id)
    repeated = operation_id in session.state.answered
    if not repeated:
        before = session.state.sequence
        await _do(call, session, operation, operation_id)
        made = await _queued_by(session, operation_id, before)
        if made:  # none where the same was asked twice at once: the other one has them
            call.memory.remember(operation_id, tuple(made.values()))
    known = [ExecutionId(each) for each in call.memory.made.get(operation_id, ())]
    state = session.state
    for cell_id in cells:  # one that waited already keeps its place in the queue
        newest = newest_of(state, cell_id)
        ours = any(each.cell_id == cell_id for each in _present(state, known))
        if newest is not None and not ours and (repeated or newest.phase != "finished"):
            known.append(newest.execution_id)
    return await _waited(call, session, known, given.timeout_s, given.max_chars, repeated=repeated)


async def _queued_by(
    session: Session, operation_id: OperationId, after: int
) -> dict[CellId, ExecutionId]:
    """The executions that an operation began, by cell, from the log."""
    made: dict[CellId, ExecutionId] = {}
    until = session.state.sequence
    while after < until:
        try:
            page = await session.log.read(after)
        except LogGap as gap:
            after = gap.first - 1
            continue
        if not page:
            break
        after = page[-1].sequence
        for stored in page:
            if stored.kind != "execution-queued":
                continue
            record = decode_record(stored)
            if record.operation_id == operation_id and isinstance(record.event, ExecutionQueued):
                made[record.event.cell_id] = record.event.execution_id
    return made


class Wait(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    execution_ids: Annotated[
        list[str] | None, Meta(description="Null: all that run or wait in this notebook.")
    ] = None
    timeout_s: Timeout = TIMEOUT_S
    max_chars: MaxChars = CHARS


async def wait(call: Call, given: Wait) -> Answer:
    session = await call.session(given.notebook)
    if given.execution_ids is None:
        state = session.state
        running = [] if state.running is None else [state.running]
        wanted = [*running, *state.queue]
    else:
        wanted = [ExecutionId(each) for each in given.execution_ids]
    return await _waited(call, session, wanted, given.timeout_s, given.max_chars)


# ── waiting ──────────────────────────────────────────────────────────────────


async def _waited(
    call: Call,
    session: Session,
    wanted: Sequence[ExecutionId],
    timeout_s: float,
    limit_chars: int,
    *,
    repeated: bool = False,
) -> Answer:
    def settled(state: SessionState) -> bool:
        present = _present(state, wanted)
        asks = any(prompt.execution_id in wanted for prompt in state.prompts.values())
        return asks or all(execution.phase == "finished" for execution in present)

    await _until(call, session, settled, timeout_s, wanted)
    state = session.state
    images: list[Image] = []
    share = limit_chars // max(len(wanted), 1)
    executions = []
    for execution_id in wanted:
        execution = state.executions.get(execution_id)
        if execution is None:  # a newer run of its cell took its place
            executions.append(ExecutionData(execution_id=execution_id, cell_id="", phase="unknown"))
        else:
            executions.append(
                await execution_data(session, execution, limit_chars=share, images=images)
            )
    prompts = tuple(
        PromptData(prompt.prompt_id, prompt.execution_id, legible(prompt.prompt))
        for prompt in state.prompts.values()
        if prompt.execution_id in wanted
    )
    done = all(each.phase in ("finished", "unknown") for each in executions)
    data = Run(done=done, executions=executions, prompts=prompts, repeated=repeated)
    return Answer(data, _run_words(data, session), tuple(images))


async def _until(
    call: Call,
    session: Session,
    settled: Callable[[SessionState], bool],
    timeout_s: float,
    wanted: Sequence[ExecutionId],
) -> None:
    """Wait until `settled`, or the time is over, or the session; say what is printed."""
    loop = asyncio.get_running_loop()
    client_id = ClientId(f"agent-{secrets.token_hex(4)}")
    bell = Bell(client_id)
    session.join(bell, Hello(PROTOCOL_VERSION, client_id))
    until = loop.time() + timeout_s
    telling = _Telling(call, wanted)
    told_at = loop.time()
    try:
        while not settled(session.state) and not bell.is_closed and loop.time() < until:
            pause = TELL_EVERY_S if telling.has_news(session.state) else ALIVE_EVERY_S
            try:
                async with asyncio.timeout_at(min(until, told_at + pause)):
                    await bell.rung()
            except TimeoutError:
                pass
            if loop.time() >= told_at + pause:
                told_at = loop.time()
                await telling.tell(session.state)
        await telling.tell(session.state, only_news=True)
    finally:
        session.leave(bell)


class _Telling:
    """What of the executions' text was said already: its lines and characters."""

    def __init__(self, call: Call, wanted: Sequence[ExecutionId]) -> None:
        self._call = call
        self._wanted = wanted
        self._said: dict[ExecutionId, tuple[int, int]] = {}

    def has_news(self, state: SessionState) -> bool:
        return any(
            _written(execution) != self._said.get(execution.execution_id, (0, 0))
            for execution in _present(state, self._wanted)
        )

    async def tell(self, state: SessionState, *, only_news: bool = False) -> None:
        present = _present(state, self._wanted)
        finished = sum(execution.phase == "finished" for execution in present)
        news: list[str] = []
        for execution in present:
            written = _written(execution)
            said = self._said.get(execution.execution_id, (0, 0))
            if written == said:
                continue
            self._said[execution.execution_id] = written
            fresh = min(max(written[0] - said[0], 1), TOLD_LINES)
            shown = legible("\n".join(_text(execution).splitlines()[-fresh:]))
            news.append(f"{execution.cell_id}, {written[0]} lines:\n{shown[-TOLD_CHARS:]}")
        if news or not only_news:
            head = f"{finished} of {len(self._wanted)} finished"
            await self._call.tell("\n".join([head, *news]))


def _written(execution: Execution) -> tuple[int, int]:
    streams = [item for item in execution.outputs.items if isinstance(item, StreamOutput)]
    return (
        sum(item.lines for item in streams),
        sum(len(item.head) + item.omitted_chars + len(item.tail) for item in streams),
    )


def _text(execution: Execution) -> str:
    return "".join(
        item.head + item.tail for item in execution.outputs.items if isinstance(item, StreamOutput)
    )


def _present(state: SessionState, wanted: Sequence[ExecutionId]) -> list[Execution]:
    return [state.executions[each] for each in wanted if each in state.executions]


def _run_words(data: Run, session: Session) -> str:
    fence = Fence()
    parts = [execution_words(execution, fence) for execution in data.executions]
    for execution in data.executions:
        if execution.phase == "unknown":
            parts.append(
                f"{execution.execution_id} is not the newest run of its cell any more;"
                " read_output has what it wrote"
            )
    for prompt in data.prompts:
        asked = fence.around("prompt", prompt.prompt)
        parts.append(f"It waits for input(): answer_input(prompt_id={prompt.prompt_id!r})\n{asked}")
    kernel = session.state.kernel
    if kernel.phase == "dead" and kernel.cause is not None:
        parts.append(f"The kernel is dead: {legible(kernel.cause.message)}")
    if data.repeated:
        parts.insert(0, "This had been asked under the same operation id; it was not run again.")
    if not data.done and not data.prompts:
        parts.append("Not over yet; it runs on. Go on with `wait`, or `interrupt` it.")
    return "\n\n".join(parts) or "Nothing runs or waits."


# ── the kernel ───────────────────────────────────────────────────────────────


class OfNotebook(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath


class KernelData(Data, frozen=True, kw_only=True):
    """`cause` says why a dead kernel died. `running` is an execution's id."""

    phase: str
    interpreter: str | None
    python: str | None
    version: str | None
    running: str | None
    queued: list[str]
    prompts: list[PromptData]
    cause: str | None


async def kernel_state(call: Call, given: OfNotebook) -> Answer:
    return _kernel(await call.session(given.notebook))


def _kernel(session: Session) -> Answer:
    state, kernel = session.state, session.state.kernel
    data = KernelData(
        phase=kernel.phase,
        interpreter=kernel.interpreter,
        python=kernel.python,
        version=kernel.version,
        running=state.running,
        queued=list(state.queue),
        prompts=[
            PromptData(prompt.prompt_id, prompt.execution_id, legible(prompt.prompt))
            for prompt in state.prompts.values()
        ],
        cause=None if kernel.cause is None else legible(kernel.cause.message),
    )
    words = [f"kernel {data.phase}"]
    words += [f"Python {data.version}"] if data.version else []
    words += [f"runs {data.running}"] if data.running else []
    words += [f"{len(data.queued)} queued"] if data.queued else []
    words += ["waits for input()"] if data.prompts else []
    words += [f"died: {data.cause}"] if data.cause else []
    return Answer(data, ", ".join(words))


async def interrupt(call: Call, given: OfNotebook) -> Answer:
    session = await call.session(given.notebook)
    await _do(call, session, op.Interrupt(), operation_id_of(call, None), but="kernel.idle")
    await _until(call, session, lambda state: state.running is None, INTERRUPT_S, ())
    return _kernel(session)


class RestartKernel(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    operation_id: Operation = None


async def restart_kernel(call: Call, given: RestartKernel) -> Answer:
    session = await call.session(given.notebook)
    operation_id = operation_id_of(call, given.operation_id)
    await _do(call, session, op.RestartKernel(), operation_id)
    await _until(
        call, session, lambda state: state.kernel.phase not in ("starting",), TIMEOUT_S, ()
    )
    return _kernel(session)


class AnswerInput(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    prompt_id: str
    value: str
    timeout_s: Timeout = TIMEOUT_S


async def answer_input(call: Call, given: AnswerInput) -> Answer:
    session = await call.session(given.notebook)
    prompt = session.state.prompts.get(PromptId(given.prompt_id))
    if prompt is None:
        raise AgentRefused("nothing waits for this prompt (any more)", "prompt.missing")
    operation = op.AnswerInput(prompt.prompt_id, given.value)
    await _do(call, session, operation, operation_id_of(call, None))
    await _until(
        call, session, lambda state: prompt.prompt_id not in state.prompts, INTERRUPT_S, ()
    )
    return await _waited(call, session, [prompt.execution_id], given.timeout_s, CHARS)


class Variable(Struct, frozen=True):
    name: str
    kind: str
    module: str | None
    shape: str
    size_bytes: int | None
    preview: str


class Variables(Data, frozen=True, kw_only=True):
    variables: list[Variable]
    complete: bool


async def list_variables(call: Call, given: OfNotebook) -> Answer:
    session = await call.session(given.notebook)
    found = await _asked(session, "variables", {})
    variables = [
        Variable(
            row["name"],
            row["kind"],
            row.get("module"),
            _shape_words(row.get("shape")),
            row.get("size_bytes"),
            legible(row.get("preview") or ""),
        )
        for row in found.get("variables", ())
    ]
    data = Variables(variables=variables, complete=bool(found.get("complete", True)))
    rows = "\n".join(f"{v.name}: {v.kind} {v.shape} {v.preview}" for v in variables)
    return Answer(data, Fence().around("variables", rows) if rows else "There are no variables.")


class InspectVariable(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    name: Annotated[str, Meta(max_length=500, description="A name, also with dots: `df.shape`.")]


class Inspected(Data, frozen=True, kw_only=True):
    found: bool
    text: str


async def inspect_variable(call: Call, given: InspectVariable) -> Answer:
    session = await call.session(given.notebook)
    arguments = {"code": given.name, "cursor": len(given.name), "detail": 0}
    found = await _asked(session, "inspect", arguments)
    plain = found.get("data", {}).get("text/plain", "") if found.get("found") else ""
    text = legible(plain)[:CHARS]
    data = Inspected(found=bool(found.get("found")), text=text)
    return Answer(data, Fence().around("inspection", text) if text else "Nothing is known of it.")


async def _asked(session: Session, kind: str, question: dict[str, Any]) -> dict[str, Any]:
    """The kernel's answer, once it is there. Raises `KernelError`."""
    if session.state.kernel.phase == "starting":
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await until_kernel_is_known(session, ClientId(f"agent-{secrets.token_hex(4)}"))
        except TimeoutError:
            raise KernelUnreachable("the kernel does not start; ask again later") from None
    until = time.monotonic() + ARRIVES_S
    while not session.can_be_asked and session.state.kernel.phase == "ready":
        if time.monotonic() > until:
            break
        await asyncio.sleep(0.01)
    return await session.ask_kernel(kind, question)


def _shape_words(shape: object) -> str:
    if shape is None:
        return ""
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


async def _do(
    call: Call,
    session: Session,
    operation: op.Operation,
    operation_id: OperationId,
    *,
    but: str = "",
) -> None:
    """Submit it; a refusal called `but` is as good as done."""
    answer = await session.submit(operation_id, operation, call.actor, may=call.may)
    if answer.refusal is not None and answer.refusal.code != but:
        raise AgentRefused(answer.refusal.message, answer.refusal.code)


_WAITS = (
    " Waits up to timeout_s and tells of progress; what is not over then runs on, also when"
    " the call is cut off: go on with `wait`."
)

TOOLS = (
    Tool(
        "run_cells",
        "Run cells",
        "Run cells as they are now, in the notebook's kernel (started if there is none), visible"
        " to everybody who has it open; returns their outputs." + _WAITS + f" {UNTRUSTED}",
        "run",
        RunCells,
        Run,
        run_cells,
        destroys=True,
        repeats=False,
    ),
    Tool(
        "run_code",
        "Run code without a cell",
        "Run code in the notebook's kernel without putting it into the notebook: to look at"
        " something. It is in the notebook's log all the same." + _WAITS + f" {UNTRUSTED}",
        "run",
        RunCode,
        Run,
        run_code,
        destroys=True,
        repeats=False,
    ),
    Tool(
        "wait",
        "Wait for executions",
        f"Wait for executions to end and read their outputs so far. {UNTRUSTED}",
        "read",
        Wait,
        Run,
        wait,
    ),
    Tool(
        "answer_input",
        "Answer input()",
        "Give the running code the line that its `input()` waits for.",
        "run",
        AnswerInput,
        Run,
        answer_input,
        repeats=False,
    ),
    Tool(
        "interrupt",
        "Interrupt the kernel",
        "Raise KeyboardInterrupt in what runs, and empty the queue, whoever asked for it.",
        "run",
        OfNotebook,
        KernelData,
        interrupt,
        destroys=True,
    ),
    Tool(
        "restart_kernel",
        "Restart the kernel",
        "Stop the kernel, with all its variables, and start a new one. Runs nothing.",
        "run",
        RestartKernel,
        KernelData,
        restart_kernel,
        destroys=True,
    ),
    Tool(
        "kernel_state",
        "State of the kernel",
        "Whether the notebook has a kernel, what it runs, what waits, why it died.",
        "read",
        OfNotebook,
        KernelData,
        kernel_state,
    ),
    Tool(
        "list_variables",
        "List variables",
        f"The kernel's variables: names, types, shapes, short previews. {UNTRUSTED}",
        "read",
        OfNotebook,
        Variables,
        list_variables,
    ),
    Tool(
        "inspect_variable",
        "Inspect a variable",
        f"Type, signature and documentation of a name in the kernel. {UNTRUSTED}",
        "read",
        InspectVariable,
        Inspected,
        inspect_variable,
    ),
)
