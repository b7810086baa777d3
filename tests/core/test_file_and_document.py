"""What the file holds, the document's generation, and operations that come twice."""

from msgspec.structs import replace

from tailrace.core.effects import SettleConflict, WriteCheckpoint
from tailrace.core.idempotence import ANSWERED
from tailrace.core.step import evolve
from tailrace.protocol.events import (
    CheckpointWritten,
    ConflictResolved,
    DocumentCreated,
    Event,
    FileConflicted,
)
from tailrace.protocol.operations import ResolveConflict, RunAll, Save, UpdateDocument
from tailrace.protocol.records import Record

from .session import Session, kinds, refusal, replayed


def after(*events: Event) -> Session:
    session = Session()
    for event in events:
        record = Record(session.state.sequence + 1, 5.0, "server", event)
        session.records.append(record)
        session.state = evolve(session.state, record)
    return session


def test_an_update_of_this_generation_is_recorded() -> None:  # CHK-6
    session = after(DocumentCreated("g-1", b""))

    assert kinds(session.ask(UpdateDocument("g-1", b"x"))) == ["DocumentUpdated"]
    assert refusal(session.ask(UpdateDocument("g-0", b"x"))) == "document.generation"
    assert refusal(Session().ask(UpdateDocument("g-1", b"x"))) == "document.generation"


def test_saving_writes_the_checkpoint_but_not_during_a_conflict() -> None:  # CHK-2
    assert after().ask(Save()).effects == (WriteCheckpoint(),)
    conflict = after(FileConflicted("d", "Changed on disk."))
    assert refusal(conflict.ask(Save())) == "file.conflict"


def test_a_conflict_lasts_until_someone_chooses() -> None:  # CHK-3, CHK-4
    session = after(FileConflicted("d", "Changed on disk."), CheckpointWritten("e", 1))
    assert session.state.checkpoint.conflict == "Changed on disk."
    assert session.ask(ResolveConflict("mine")).effects == (SettleConflict("mine"),)

    settled = after(*(record.event for record in session.records), ConflictResolved("mine"))

    assert settled.state.checkpoint.conflict is None
    assert refusal(settled.ask(ResolveConflict("mine"))) == "file.no-conflict"


def test_an_operation_sent_twice_is_done_once() -> None:  # IDM-1
    session = after(DocumentCreated("g-1", b""))

    session.ask(UpdateDocument("g-1", b"x"), id="op-1")
    again = session.ask(UpdateDocument("g-1", b"x"), id="op-1")

    assert again.events == ()
    assert again.refused is None
    assert len(session.records) == 2


def test_an_operation_is_known_again_after_a_crash() -> None:  # IDM-1, IDM-2
    session = Session()
    session.run("a")
    session.ask(Save(), id="op-1")
    record = session.records[-1]
    session.records[-1] = replace(record, operation_id="op-2")  # type: ignore[arg-type]
    session.state = replayed(session.records)

    assert session.ask(Save(), id="op-2").effects == ()
    assert session.ask(Save(), id="op-1").effects == (WriteCheckpoint(),)


def test_only_the_newest_operations_are_remembered() -> None:  # IDM-1
    session = after(DocumentCreated("g-1", b""))
    for number in range(ANSWERED + 10):
        session.ask(UpdateDocument("g-1", b"x"), id=f"op-{number}")

    assert len(session.state.answered) == ANSWERED
    assert session.state.answered[-1] == f"op-{ANSWERED + 9}"
    assert kinds(session.ask(UpdateDocument("g-1", b"x"), id="op-0")) == ["DocumentUpdated"]


def test_the_records_of_one_operation_count_once() -> None:  # IDM-1
    session = Session()
    session.run("a")
    session.ask(UpdateDocument("g", b""), id="refused")
    session.ask(RunAll(), id="op-1")

    assert session.state.answered == ("op-1",)


def test_a_new_generation_leaves_what_was_run() -> None:  # CHK-5
    session = Session().started("a")
    session.finish()
    before = session.state

    record = Record(before.sequence + 1, 9.0, "server", DocumentCreated("g-2", b""))
    state = evolve(before, record)

    assert state == replace(before, sequence=record.sequence, generation="g-2")
