"""Tools that ask of a notebook's kernel how it is and what it holds, and that stop it."""

import asyncio
import secrets
import time
from typing import Annotated, Any

from msgspec import Meta, Struct

from tailrace.mcp.editing import Operation, operation_id_of
from tailrace.mcp.hygiene import UNTRUSTED, Fence, legible
from tailrace.mcp.outputs import CHARS
from tailrace.mcp.reading import NotebookPath
from tailrace.mcp.tools import Answer, Arguments, Call, Data, Tool
from tailrace.mcp.waiting import (
    INTERRUPT_S,
    TIMEOUT_S,
    OfNotebook,
    PromptData,
    do,
    until,
)
from tailrace.protocol import operations as op
from tailrace.protocol.errors import KernelUnreachable
from tailrace.protocol.ids import ClientId
from tailrace.session.session import Session
from tailrace.session.tail import until_kernel_is_known

ARRIVES_S = 5.0  # between a kernel's first word and the moment that it can be asked

# ── the kernel ───────────────────────────────────────────────────────────────


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
    await do(call, session, op.Interrupt(), operation_id_of(call, None), but="kernel.idle")
    await until(call, session, lambda state: state.running is None, INTERRUPT_S, ())
    return _kernel(session)


class RestartKernel(Arguments, frozen=True, kw_only=True):
    notebook: NotebookPath
    operation_id: Operation = None


async def restart_kernel(call: Call, given: RestartKernel) -> Answer:
    session = await call.session(given.notebook)
    operation_id = operation_id_of(call, given.operation_id)
    await do(call, session, op.RestartKernel(), operation_id)
    await until(call, session, lambda state: state.kernel.phase not in ("starting",), TIMEOUT_S, ())
    return _kernel(session)


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
    latest = time.monotonic() + ARRIVES_S
    while not session.can_be_asked and session.state.kernel.phase == "ready":
        if time.monotonic() > latest:
            break
        await asyncio.sleep(0.01)
    return await session.ask_kernel(kind, question)


def _shape_words(shape: object) -> str:
    if shape is None:
        return ""
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


TOOLS = (
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
