"""Records in Jupyter's words: every story that the fold is tested with."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jupyter_kernel_test.msgspec_v5 import validate_message

from tailrace.core.step import evolve
from tailrace.jupyter.translation import Outgoing, Translation
from tailrace.protocol import events as ev
from tailrace.protocol.asked import Asked
from tailrace.protocol.ids import CellId, ExecutionId, PromptId
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

STORIES = sorted((Path(__file__).parents[2] / "fixtures" / "folds").glob("*.json"))


def told(records: list[Record], actor: str = "client:jupyter-me") -> list[Outgoing]:
    translation = Translation(actor, SessionState())
    return [outgoing for record in records for outgoing in translation.messages(record)]


def valid(outgoing: Outgoing) -> None:
    """By Jupyter's own description of its messages, as far as it goes: it leaves out comms,
    `dead`, and `aborted` as the messaging specification and ipykernel have it."""
    is_left_out = outgoing.kind.startswith("comm_") or (
        outgoing.content.get("status") == "aborted"
        or outgoing.content.get("execution_state") == "dead"
    )
    if is_left_out:
        return
    header = {
        "msg_id": "m",
        "msg_type": outgoing.kind,
        "session": "s",
        "username": "u",
        "date": "2026-11-21T10:00:00.000000Z",
        "version": "5.4",
    }
    whole = {"msg_type": outgoing.kind, "header": header, "parent_header": outgoing.parent,
             "metadata": outgoing.metadata, "content": outgoing.content}  # fmt: skip
    validate_message({**whole, "msg_id": "m", "buffers": []}, outgoing.kind)


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem[:50])
def test_every_story_is_told_in_valid_messages_between_busy_and_idle(
    file: Path,
) -> None:  # JUP-13
    records = msgspec.json.decode(
        json.dumps(json.loads(file.read_text("utf-8"))["records"]), type=list[Record]
    )
    states: dict[str, list[str]] = {}

    for outgoing in told(records):
        valid(outgoing)
        parent = outgoing.parent.get("msg_id")
        if outgoing.kind == "status" and parent:
            states.setdefault(parent, []).append(outgoing.content["execution_state"])

    begun = {r.event.execution_id for r in records if isinstance(r.event, ev.ExecutionStarted)}
    ended = {r.event.execution_id for r in records if isinstance(r.event, ev.ExecutionFinished)}
    for execution_id, told_states in states.items():
        assert told_states[0] == "busy"
        if execution_id in begun & ended:
            assert told_states == ["busy", "idle"]


def by(actor: str, *events: ev.Event) -> list[Record]:
    return [Record(number, 1_000.0 + number, actor, each) for number, each in enumerate(events, 1)]


def asked_for(*events: ev.Event, **asked: Any) -> list[Record]:
    """Of an execution that this client wants."""
    x = ExecutionId("x")
    queued = ev.ExecutionQueued(x, CellId("c"), "code", asked=Asked("m-1", **asked))
    return by("client:jupyter-me", queued, ev.ExecutionStarted(x), *events)


def test_the_echo_of_an_answer_is_not_sent_and_other_text_is() -> None:  # JUP-17
    x, p = ExecutionId("x"), PromptId("p")
    records = asked_for(
        ev.InputRequested(x, p, "Who? ", False),
        ev.TextAppended(x, "stdout", "Who? is it, said a thread\n"),
        ev.TextAppended(x, "stdout", "Who? me\n"),
        ev.InputAnswered(p, "me"),
        ev.ExecutionFinished(x, "ok", 1),
    )

    texts = [each.content["text"] for each in told(records) if each.kind == "stream"]

    assert texts == ["Who? is it, said a thread\n"]
    others = [each.content.get("text") for each in told(records, "client:jupyter-other")]
    assert "Who? me\n" in others


def test_pages_and_next_inputs_go_into_the_reply() -> None:  # JUP-15
    x = ExecutionId("x")
    pager = {"tailrace": {"pager": True, "start": 0}}
    following = "application/vnd.tailrace.next-input+json"
    records = asked_for(
        ev.DisplayAppended(x, {"text/plain": "help"}, pager),
        ev.DisplayAppended(x, {following: {"text": "next", "replace": False}}, {}),
        ev.ExecutionFinished(x, "ok", 1, expressions={}),
    )

    mine, others = told(records), told(records, "client:jupyter-other")

    reply = next(each for each in mine if each.kind == "execute_reply")
    assert [each["source"] for each in reply.content["payload"]] == ["page", "set_next_input"]
    assert "display_data" not in [each.kind for each in mine]
    assert [each.kind for each in others].count("display_data") == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ok", "ok"), ("error", "error"), ("interrupted", "error"), ("died", "error"),
     ("aborted", "aborted"), ("cancelled", "aborted")],
)  # fmt: skip
def test_an_end_is_replied_in_jupyters_words(status: Any, expected: str) -> None:  # JUP-15
    records = asked_for(ev.ExecutionFinished(ExecutionId("x"), status))

    messages = told(records)

    assert [each.kind for each in messages][-2:] == ["execute_reply", "status"]
    assert messages[-2].content["status"] == expected
    for each in messages:
        valid(each)


def test_who_comes_back_is_left_out_the_end_of_what_began_before() -> None:  # JUP-16
    records = asked_for(
        ev.TextAppended(ExecutionId("x"), "stdout", "late\n"),
        ev.ExecutionFinished(ExecutionId("x"), "ok", 3),
    )
    state = SessionState()
    for record in records:
        state = evolve(state, record)
    translation = Translation("client:jupyter-me", state)

    kinds = [each.kind for record in records[2:] for each in translation.messages(record)]

    assert kinds == ["stream", "status", "execute_reply", "status"]
