"""Edits by somebody without a page: merged like a page's, and never more than was meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.documents.drafts import Draft, version_of
from tailrace.documents.room import Room
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId


def room_with(*sources: str) -> Room:
    cells = tuple(
        Cell(cell_id=CellId(name), kind="code", source=source)
        for name, source in zip("abcdef", sources, strict=False)
    )
    return Room.from_notebook(Notebook(metadata={}, cells=cells))


def as_list(room: Room) -> list[tuple[str, str]]:
    return [(cell.cell_id, cell.source) for cell in room.cells()]


Step = tuple[str, int, int, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "rewrite", "move", "delete"]),
        st.integers(0, 7),
        st.integers(0, 7),
        st.text(max_size=12),
    ),
    max_size=14,
)


@settings(max_examples=50)
@given(STEPS)
def test_drafted_edits_do_to_a_document_what_they_do_to_a_list(steps: list[Step]) -> None:
    """MCP-5, DOC-9: two drafts take turns, as two agents would."""
    room = room_with("one", "two", "three")
    expected = as_list(room)
    drafts = (Draft(), Draft())
    for number, (kind, which, where, text) in enumerate(steps):
        draft = drafts[number % 2]
        text = text.encode("utf-8", "ignore").decode()
        if kind == "insert":
            name = f"new-{number}"
            after = expected[where % len(expected)][0] if expected and where < 6 else None
            place = [each[0] for each in expected].index(after) + 1 if after else 0
            expected.insert(place, (name, text))
            behind = CellId(after) if after else None
            room.apply(draft.inserted(room, CellId(name), "code", text, behind))
        elif expected:
            name = expected[which % len(expected)][0]
            at = which % len(expected)
            if kind == "rewrite":
                expected[at] = (name, text)
                update = draft.rewritten(room, CellId(name), text, None)
                if update:
                    room.apply(update)
            elif kind == "delete":
                del expected[at]
                room.apply(draft.deleted(room, CellId(name)))
            else:
                moved = expected.pop(at)
                after = expected[where % len(expected)][0] if expected and where < 6 else None
                place = [each[0] for each in expected].index(after) + 1 if after else 0
                expected.insert(place, moved)
                behind = CellId(after) if after else None
                update = draft.moved(room, CellId(name), behind)
                if update:
                    room.apply(update)
        assert as_list(room) == expected


def test_a_draft_and_a_person_type_into_one_cell_and_both_are_kept() -> None:  # MCP-5
    room = room_with("a = 1\nb = 2")
    draft, person = Draft(), Draft()
    drafted = draft.rewritten(room, CellId("a"), "a = 1\nb = 2\nc = 3", None)
    typed = person.rewritten(room, CellId("a"), "# mine\na = 1\nb = 2", None)
    room.apply(typed)
    room.apply(drafted)

    assert room.source(CellId("a")) == "# mine\na = 1\nb = 2\nc = 3"


def test_a_draft_is_one_yjs_client_however_much_it_edits() -> None:  # MCP-5
    room, draft = room_with("0"), Draft()
    for number in range(50):
        room.apply(draft.rewritten(room, CellId("a"), str(number + 1), None))

    assert len(room.state_vector()) < 30


@pytest.mark.parametrize("text", ["", "x", "é", "\U0001f600", "x\n"])
def test_a_version_names_one_source(text: str) -> None:  # MCP-6
    assert version_of(text) == version_of(text)
    assert version_of(text) != version_of(text + " ")
