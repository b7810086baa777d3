"""Tools that run code and wait for it.

A run belongs to the notebook, not to the call that asked for it: when the call's time is
over, or its connection, the cells run on, and the agent comes back with `wait` (MCP-8).
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from tailrace.log.codec import decode_record
from tailrace.mcp.cells import (
    cell_named,
    newest_of,
)
from tailrace.mcp.editing import Operation, operation_id_of
from tailrace.mcp.hygiene import UNTRUSTED
from tailrace.mcp.outputs import CHARS
from tailrace.mcp.reading import MaxChars, NotebookPath
from tailrace.mcp.tools import Answer, Arguments, Call, Tool
from tailrace.mcp.waiting import (
    INTERRUPT_S,
    TIMEOUT_S,
    Run,
    Timeout,
    do,
    executions_in,
    until,
    waited,
)
from tailrace.protocol import operations as op
from tailrace.protocol.errors import AgentRefused, LogGap
from tailrace.protocol.events import ExecutionQueued
from tailrace.protocol.ids import CellId, ExecutionId, OperationId, PromptId
from tailrace.session.session import Session

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
        await do(call, session, operation, operation_id)
        made = await _queued_by(session, operation_id, before)
        if made:  # none where the same was asked twice at once: the other one has them
            call.memory.remember(operation_id, tuple(made.values()))
    known = [ExecutionId(each) for each in call.memory.made.get(operation_id, ())]
    state = session.state
    for cell_id in cells:  # one that waited already keeps its place in the queue
        newest = newest_of(state, cell_id)
        ours = any(each.cell_id == cell_id for each in executions_in(state, known))
        if newest is not None and not ours and (repeated or newest.phase != "finished"):
            known.append(newest.execution_id)
    return await waited(call, session, known, given.timeout_s, given.max_chars, repeated=repeated)


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
    return await waited(call, session, wanted, given.timeout_s, given.max_chars)


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
    await do(call, session, operation, operation_id_of(call, None))
    await until(call, session, lambda state: prompt.prompt_id not in state.prompts, INTERRUPT_S, ())
    return await waited(call, session, [prompt.execution_id], given.timeout_s, CHARS)


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
)
