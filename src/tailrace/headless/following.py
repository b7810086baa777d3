"""Follow a headless run to its end: what happens is passed on, and how it ended is told."""

import asyncio
import time
from typing import Literal, Protocol

from tailrace.formats.notebook import Notebook
from tailrace.headless.parameters import tags_of
from tailrace.protocol import events as ev
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.operations import CancelInput
from tailrace.session.headless import HeadlessRun

INTERRUPT_GRACE_S = 5.0
LOOK_S = 1.0  # how often it is looked whether a full disk holds the run up

Ending = Literal["ok", "failed", "died", "timed-out"]


class Listener(Protocol):
    """Who is told while the notebook runs."""

    def tell(self, event: ev.Event) -> None:
        """What happened, in order."""
        ...

    def say(self, message: str) -> None:
        """A sentence about the run itself."""
        ...


async def followed(
    run: HeadlessRun,
    listener: Listener,
    notebook: Notebook,
    *,
    timeout_s: float | None,
    allow_errors: bool,
) -> Ending:
    """Run every code cell of `notebook` and wait for the end. `timeout_s` is the longest time
    one cell may take: then it is interrupted, and given up some seconds later."""
    tagged = {cell.cell_id for cell in notebook.cells if "raises-exception" in tags_of(cell)}
    may_fail = {cell.cell_id for cell in notebook.cells} if allow_errors else tagged
    waiting: dict[ExecutionId, CellId] = {}
    ending: Ending = "ok"
    loop = asyncio.get_running_loop()
    began: float | None = None
    timed_out = False
    told_problem = ""
    answer = await run.run_all(may_fail=may_fail)
    if answer is None:
        return "ok"
    if answer.refusal is not None:
        listener.say(answer.refusal.message)
        return "died"
    while True:
        look_again = loop.time() + LOOK_S
        left = look_again
        if began is not None and timeout_s is not None:
            left = loop.time() + timeout_s - (time.monotonic() - began)
        try:
            async with asyncio.timeout_at(min(left, look_again)):
                record = await run.record()
        except TimeoutError:
            if run.storage_problem != told_problem:
                told_problem = run.storage_problem
                listener.say(f"waiting: {told_problem}" if told_problem else "going on")
            if loop.time() < left or began is None or timeout_s is None:
                continue
            if timed_out:
                return "timed-out"
            timed_out = True
            timeout_s, began = INTERRUPT_GRACE_S, time.monotonic()
            listener.say("the cell took too long (--timeout); interrupting it")
            await run.interrupt()
            continue
        if record is None:
            return "died"
        event = record.event
        listener.tell(event)
        match event:
            case ev.ExecutionStarted():
                began = time.monotonic()
            case ev.ExecutionQueued(execution_id=execution_id, cell_id=cell_id):
                waiting[execution_id] = cell_id
            case ev.ExecutionFinished(execution_id=execution_id, status=ended):
                began = None
                cell_id = waiting.pop(execution_id, CellId(""))
                if ended != "ok" and ending == "ok" and cell_id not in may_fail:
                    ending = "failed"
                is_dead = run.session.state.kernel.phase == "dead"
                if not waiting and not is_dead:  # else: why it died comes next
                    return "timed-out" if timed_out else ending
            case ev.InputRequested(prompt_id=prompt_id):
                await run.submit(CancelInput(prompt_id))
            case ev.KernelDied(cause=cause):
                listener.say(cause.message)
                return "died"
            case _:
                pass
