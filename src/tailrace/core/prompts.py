"""`input()` and `getpass()`: a waiting prompt is a thing anyone may answer, once.
Rules EXE-20 to EXE-24.

An answer goes to the kernel and becomes a fact only when the kernel took it: of two
people who answer at once one wins, and the kernel says which.
"""

from msgspec.structs import replace

from tailrace.core.effects import SendInput
from tailrace.core.inputs import Decision
from tailrace.core.turn import Turn, refused
from tailrace.protocol.events import InputAnswered, InputRequested, TextAppended
from tailrace.protocol.ids import PromptId
from tailrace.protocol.reports import InputDone, InputRequest
from tailrace.protocol.state import Prompt, SessionState

BULLETS = "········"
"""Stands for a password in the transcript; its length tells nothing."""


def request(turn: Turn, report: InputRequest) -> None:
    turn.happened(
        InputRequested(
            execution_id=report.execution_id,
            prompt_id=report.prompt_id,
            prompt=report.prompt,
            password=report.password,
        )
    )


def done(turn: Turn, report: InputDone) -> None:
    prompt = turn.state.prompts.get(report.prompt_id)
    if prompt is None:
        return
    value = None if report.cancelled or prompt.password else report.value
    shown = "" if report.cancelled else BULLETS if prompt.password else value or ""
    turn.happened(
        TextAppended(
            execution_id=prompt.execution_id, stream="stdout", text=f"{prompt.prompt}{shown}\n"
        )
    )
    turn.happened(
        InputAnswered(prompt_id=report.prompt_id, value=value, cancelled=report.cancelled)
    )


def answer(state: SessionState, prompt_id: PromptId, value: str | None) -> Decision:
    """No event: the value may be a password, and the kernel may not take it."""
    if prompt_id not in state.prompts:
        return refused(
            "prompt.unknown",
            "This question is no longer open: it was answered elsewhere, or its cell ended.",
        )
    return Decision(effects=(SendInput(prompt_id=prompt_id, value=value),))


def requested(state: SessionState, event: InputRequested) -> SessionState:
    prompt = Prompt(
        prompt_id=event.prompt_id,
        execution_id=event.execution_id,
        prompt=event.prompt,
        password=event.password,
    )
    return replace(state, prompts={**state.prompts, event.prompt_id: prompt})


def answered(state: SessionState, event: InputAnswered) -> SessionState:
    prompts = dict(state.prompts)
    prompts.pop(event.prompt_id, None)
    return replace(state, prompts=prompts)
