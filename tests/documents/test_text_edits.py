"""Edits between two texts: right, few, and quick enough for large ones (DOC-9)."""

from hypothesis import given
from hypothesis import strategies as st

from tailrace.documents.text_edits import edited, edits

words = st.lists(st.sampled_from(["a", "b", "\n", "line\n", "é", "🎉", "  "]), max_size=40)


@given(words, words)
def test_edits_lead_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:  # DOC-9
    before, after = "".join(old), "".join(new)

    changes = edits(before, after)

    assert edited(before, changes) == after
    ends = [change.at + len(change.removed) for change in changes]
    assert all(end <= later.at for end, later in zip(ends, changes[1:], strict=False))
    assert all(before[c.at :].startswith(c.removed) for c in changes)
    assert all(c.removed != c.added for c in changes)


@given(st.integers(0, 400), st.integers(0, 400))
def test_long_texts_are_compared_by_lines_first(first: int, second: int) -> None:  # DOC-9
    lines = [f"line {n}: {n * 7919 % 1000}\n" for n in range(400)]
    changed = list(lines)
    changed.insert(first, "inserted\n")
    del changed[second]
    before, after = "".join(lines), "".join(changed)

    changes = edits(before, after)

    assert edited(before, changes) == after
    assert sum(len(c.removed) + len(c.added) for c in changes) < 200


def test_texts_with_nothing_in_common_are_one_edit() -> None:
    before, after = "x" * 10_000, "y\n" * 10_000

    assert len(edits(before, after)) == 1
    assert edits("same", "same") == []
    assert edited(before, edits(before, after)) == after
