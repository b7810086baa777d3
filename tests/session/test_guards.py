"""An operation that asks how the document is: the answer is of the very turn (MCP-6)."""

from pathlib import Path

from tailrace.documents.drafts import Draft
from tailrace.documents.room import Room
from tailrace.protocol import operations as op
from tailrace.protocol.frames import Refusal
from tailrace.protocol.ids import CellId, OperationId
from tests.session.stage import Stage, played

A = CellId("a")


def unless_it_was(room: Room) -> Refusal | None:
    return None if room.source(A) == "one" else Refusal("cell.changed", "it is another one")


def test_an_edit_that_waited_behind_somebodys_typing_is_refused(tmp_path: Path) -> None:
    """MCP-6: both are in the mailbox before either is looked at."""

    async def story() -> None:
        async with Stage(tmp_path) as stage:
            stage.write(a="one")
            session = await stage.open()
            generation = session.state.generation or ""
            typed = Draft().rewritten(session.room, A, "one, and mine", None)
            drafted = Draft().rewritten(session.room, A, "two", None)

            first = session.submit(
                OperationId("p"), op.UpdateDocument(generation, typed), "client:person"
            )
            second = session.submit(
                OperationId("g"),
                op.UpdateDocument(generation, drafted),
                "agent:a",
                guard=unless_it_was,
            )

            assert (await first).refusal is None
            assert (await second).refusal == Refusal("cell.changed", "it is another one")
            assert session.room.source(A) == "one, and mine"

    played(story)
