"""Wait for executions, tell what they print meanwhile, and answer with what they showed.

Waiting is looking: whoever waits is a client of the session that takes nothing, and when its
time is over, or its connection, the executions go on (MCP-8).
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from tailrace.mcp.cells import (
    ExecutionData,
    execution_data,
    execution_words,
)
from tailrace.mcp.hygiene import Fence, legible
from tailrace.mcp.reading import NotebookPath
from tailrace.mcp.tools import Answer, Arguments, Call, Data, Image
from tailrace.protocol import operations as op
from tailrace.protocol.errors import AgentRefused
from tailrace.protocol.frames import PROTOCOL_VERSION, Hello
from tailrace.protocol.ids import ClientId, ExecutionId, OperationId
from tailrace.protocol.outputs import StreamOutput
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.session import Session
from tailrace.session.tail import Bell

TIMEOUT_S = 30.0  # below the minute after which many clients give a call up
TIMEOUT_MOST_S = 3_600.0
TELL_EVERY_S = 0.5
ALIVE_EVERY_S = 5.0  # said without news, so that clients know the call lives
TOLD_LINES = 20
TOLD_CHARS = 2_000
INTERRUPT_S = 5.0

Timeout = Annotated[
    float,
    Meta(
        ge=0,
        le=TIMEOUT_MOST_S,
        description="Seconds to wait. What is not over then runs on; go on with `wait`.",
    ),
]


class OfNotebook(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath


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


async def do(
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


# ── waiting ──────────────────────────────────────────────────────────────────


async def waited(
    call: Call,
    session: Session,
    wanted: Sequence[ExecutionId],
    timeout_s: float,
    limit_chars: int,
    *,
    repeated: bool = False,
) -> Answer:
    def settled(state: SessionState) -> bool:
        present = executions_in(state, wanted)
        asks = any(prompt.execution_id in wanted for prompt in state.prompts.values())
        return asks or all(execution.phase == "finished" for execution in present)

    await until(call, session, settled, timeout_s, wanted)
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


async def until(
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
    latest = loop.time() + timeout_s
    telling = _Telling(call, wanted)
    told_at = loop.time()
    try:
        while not settled(session.state) and not bell.is_closed and loop.time() < latest:
            pause = TELL_EVERY_S if telling.has_news(session.state) else ALIVE_EVERY_S
            try:
                async with asyncio.timeout_at(min(latest, told_at + pause)):
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
            for execution in executions_in(state, self._wanted)
        )

    async def tell(self, state: SessionState, *, only_news: bool = False) -> None:
        present = executions_in(state, self._wanted)
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


def executions_in(state: SessionState, wanted: Sequence[ExecutionId]) -> list[Execution]:
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
