"""The few inserts and deletes that turn one text into another.

An outside change is put into the shared text as edits, not as a new text, so that cursors
stay where they are and what others type meanwhile survives. What is the same at both ends
is cut off first; between, lines are compared, and inside a changed block characters. Pure.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher

from msgspec import Struct

CHARACTER_DIFF = 2_000  # longest block compared by characters; the cost is its square
LINE_DIFF = 5_000  # most lines compared; beyond that the middle is replaced as one


class TextEdit(Struct, frozen=True):
    """At `at` (a code point of the old text) take `removed` away and put `added` there."""

    at: int
    removed: str
    added: str


def edits(old: str, new: str) -> list[TextEdit]:
    """Edits from `old` to `new`, in order of `at`, none overlapping another."""
    return list(_edits(old, new, 0))


def edited(text: str, changes: list[TextEdit]) -> str:
    """`text` with `changes` made."""
    for change in reversed(changes):
        text = text[: change.at] + change.added + text[change.at + len(change.removed) :]
    return text


def _edits(old: str, new: str, at: int) -> Iterator[TextEdit]:
    head = shared_prefix(old, new)
    tail = shared_prefix(old[head:][::-1], new[head:][::-1])
    at += head
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old and not new:
        return
    if not old or not new:
        yield TextEdit(at, old, new)
    elif len(old) <= CHARACTER_DIFF and len(new) <= CHARACTER_DIFF:
        yield from _by_characters(old, new, at)
    else:
        yield from _by_lines(old, new, at)


def _by_characters(old: str, new: str, at: int) -> Iterator[TextEdit]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield TextEdit(at + a, old[a:b], new[c:d])


def _by_lines(old: str, new: str, at: int) -> Iterator[TextEdit]:
    was, becomes = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(was), len(becomes)) > LINE_DIFF or min(len(was), len(becomes)) == 1:
        yield TextEdit(at, old, new)
        return
    starts = [at]
    for line in was:
        starts.append(starts[-1] + len(line))
    for tag, a, b, c, d in SequenceMatcher(None, was, becomes, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        block, into = "".join(was[a:b]), "".join(becomes[c:d])
        if len(block) == len(old) and len(into) == len(new):  # no line in common
            yield TextEdit(at, old, new)
        else:
            yield from _edits(block, into, starts[a])


def shared_prefix(one: str, other: str) -> int:
    """How many leading characters are the same; halving, so that long texts cost little."""
    same, differs = 0, min(len(one), len(other)) + 1
    while differs - same > 1:
        middle = (same + differs) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            differs = middle
    return same
