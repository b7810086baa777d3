"""Records in and out of the log: the wire's own bytes, and old ones for ever."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from tailrace.log.codec import KINDS, decode_record, encode_record, topic_of
from tailrace.log.event_log import LogRecord
from tailrace.protocol import events as ev
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import LogDamaged, LogVersion
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, OperationId, PromptId
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, StreamOutput
from tailrace.protocol.records import Record

# What a log of format 1 holds, written once and never again: it must stay readable.
WRITTEN_ONCE = Path(__file__).parents[2] / "fixtures" / "log" / "records-1.json"

E, C, K, P, M = ExecutionId("e-1"), CellId("c-1"), KernelId("k-1"), PromptId("p-1"), CommId("m-1")
DATA: dict[str, Any] = {"text/plain": "42", "application/json": {"a": [1, None, 2.5]}}
OUTPUTS = (
    StreamOutput(0, "stdout", "a\nb", lines=1, column=1),
    DisplayOutput(1, DATA, {}, execution_count=3, start_line=2),
    ErrorOutput(2, "ValueError", "no", ("line",)),
)

EXAMPLES: list[ev.Event] = [
    ev.DocumentCreated("g", b"\x00\x01"),
    ev.DocumentUpdated("g", b"\xff"),
    ev.ExecutionQueued(E, C, "print('ß')", False),
    ev.ExecutionStarted(E),
    ev.ExecutionFinished(E, "interrupted", 7, 1.5),
    ev.ExecutionLoaded(E, C, None, OUTPUTS),
    ev.TextAppended(E, "stderr", "50 %\r\x1b[31mred\U0001f422"),
    ev.DisplayAppended(E, DATA, {"isolated": True}, "d-1", 3),
    ev.DisplayUpdated("d-1", DATA, {}),
    ev.ErrorAppended(E, "KeyError", "'x'", ("a", "b")),
    ev.OutputsCleared(E, True),
    ev.OutputsDiscarded((C,)),
    ev.InputRequested(E, P, "Name? ", False),
    ev.InputAnswered(P, None, True),
    ev.KernelRequested(K, "/venv"),
    ev.KernelStarted(K, 4711, "/venv/bin/python", "3.14.0"),
    ev.KernelInterrupted(K, 2),
    ev.KernelDied(K, DeathCause("signalled", "it was killed", signal="SIGKILL")),
    ev.KernelStopped(K, "idle"),
    ev.CommOpened(M, "jupyter.widget", DATA, {}, (b"\x01", b""), True),
    ev.CommMessaged(M, DATA, {}, (), False),
    ev.CommClosed(M, {}, True),
    ev.CommHandled("m-1"),
    ev.DebuggerReported({"type": "event", "event": "stopped"}),
    ev.CheckpointWritten("ab" * 32, 12),
    ev.FileConflicted("cd" * 32, "it changed on disk"),
    ev.ConflictResolved("copy", "notebook-1.ipynb"),
]


def recorded(event: ev.Event) -> Record:
    return Record(9, 1_790_000_000.25, "client:c", event, OperationId("o-1"), 3)


def test_there_is_an_example_of_every_kind() -> None:
    assert {type(event) for event in EXAMPLES} == set(get_args(ev.Event)) == set(KINDS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_a_record_comes_back_as_it_went_in(event: ev.Event) -> None:  # LOG-20
    record = recorded(event)

    stored = encode_record(record, (17, 3))

    assert decode_record(stored) == record
    assert (stored.sequence, stored.at, stored.kind) == (9, record.at, KINDS[type(event)])
    assert (stored.position, stored.extent, stored.topic) == (17, 3, topic_of(event))
    # The same bytes go out to clients.
    assert stored.body == msgspec.msgpack.encode(record)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_a_record_of_the_first_format_stays_readable(event: ev.Event) -> None:  # LOG-21
    kind = KINDS[type(event)]
    written = bytes.fromhex(json.loads(WRITTEN_ONCE.read_text())[kind])

    assert decode_record(LogRecord(9, 0.0, kind, written)) == recorded(event)


def test_output_of_an_execution_is_its_topic() -> None:  # LOG-20
    with_topic = {type(event).__name__ for event in EXAMPLES if topic_of(event) == E}

    assert with_topic == {
        "TextAppended",
        "DisplayAppended",
        "ErrorAppended",
        "ExecutionLoaded",
        "OutputsCleared",
    }
    assert encode_record(recorded(ev.ExecutionStarted(E))).topic is None


def test_a_kind_of_a_newer_version_is_named_and_not_guessed() -> None:  # LOG-21
    newer = replace(encode_record(recorded(ev.ExecutionStarted(E))), kind="execution-pondered")

    with pytest.raises(LogVersion, match=r"execution-pondered.*newer than") as refused:
        decode_record(newer)

    assert refused.value.needs.startswith("newer than")


def test_an_old_form_is_read_as_todays_event() -> None:  # LOG-21
    body = msgspec.msgpack.encode(
        {
            "sequence": 9,
            "at": 1.0,
            "actor": "server",
            "event": {"kind": "cell-printed", "id": "e-1"},
        }
    )

    def upgrade(old: dict[str, Any]) -> dict[str, Any]:
        event = {"kind": "text-appended", "execution_id": old["event"]["id"], "stream": "stdout"}
        return {**old, "event": {**event, "text": "?"}}

    record = decode_record(
        LogRecord(9, 1.0, "cell-printed", body), upgrades={"cell-printed": upgrade}
    )

    assert record == Record(9, 1.0, "server", ev.TextAppended(E, "stdout", "?"))


def test_a_body_that_is_not_what_its_kind_says_is_damage() -> None:
    stored = encode_record(recorded(ev.ExecutionStarted(E)))

    for body in (b"", stored.body[:-1], b"\xc1", msgspec.msgpack.encode([1, 2])):
        with pytest.raises(LogDamaged, match="record 9"):
            decode_record(replace(stored, body=body))
