"""Cells as one Python text, for tools that know neither cells nor magics.

Every line stays where it was: a line of the text is a line of a cell, and a column a
column. What IPython alone understands (`%`, `!`, `?`) is put out of sight in place. The
text is for finding names, not for running.

Nothing here reads a file or a clock.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

MOST_CHARACTERS = 300_000  # of the cells around; what is nearest to the cursor's cell is kept

# Cell magics whose body is Python of the notebook's own kernel.
_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "debug"})
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE = re.compile(r"^([ \t]*)([%!?].*|[^\s#'\"()]+\?{1,2}[ \t]*)$", re.M)
_TIMED = re.compile(r"^([ \t]*)%(time|timeit|prun)[ \t]+(?=[^\s-])", re.M)
_ASSIGNED = re.compile(r"^([ \t]*[\w.,\[\]'\" \t]+=[ \t]*)([!%])([^=\n].*)?$", re.M)


class Source(Struct, frozen=True):
    """A code cell, as whoever asks has it."""

    cell_id: str
    text: str


class Place(Struct, frozen=True):
    """A position: `line` from 0, `column` in code points."""

    line: int
    column: int


class Joined(Struct, frozen=True):
    """Cells as one text, and the first line of each."""

    text: str
    starts: tuple[tuple[str, int], ...]

    def line_of(self, cell_id: str) -> int:
        """Where the cell begins. Raises `KeyError`."""
        return dict(self.starts)[cell_id]

    def cell_at(self, line: int) -> tuple[str, int]:
        """The cell that a line is of, and the line in that cell."""
        found, start = self.starts[0]
        for cell_id, first in self.starts:
            if first > line:
                break
            found, start = cell_id, first
        return found, line - start


def joined(cells: Sequence[Source], cell_id: str, *, below: bool = False) -> Joined:
    """The cell of the question after those above it; with `below`, all of them.

    Raises `KeyError` where there is no such cell.
    """
    at = next((at for at, cell in enumerate(cells) if cell.cell_id == cell_id), None)
    if at is None:
        raise KeyError(cell_id)
    taken = [at]
    room = MOST_CHARACTERS - len(cells[at].text)
    others = range(at - 1, -1, -1), range(at + 1, len(cells) if below else 0)
    for direction in others:
        for other in direction:
            room -= len(cells[other].text)
            if room < 0:
                break
            taken.append(other)
    lines: list[str] = []
    starts = []
    for index in sorted(taken):
        starts.append((cells[index].cell_id, len(lines)))
        lines += plain_python(cells[index].text).split("\n")
    return Joined("\n".join(lines), tuple(starts))


def plain_python(source: str) -> str:
    """The cell with IPython's own lines out of sight; as many lines, the same columns."""
    # Only "\n" may end a line: the tools count "\r" and form feeds as one too.
    source = re.sub(r"[\r\f\v\x1c-\x1e\x85\u2028\u2029]", " ", source)
    magic = _CELL_MAGIC.match(source)
    if magic is not None:
        if magic[1] not in _PYTHON_MAGICS:
            return "\n" * source.count("\n")
        before, _, body = source[magic.start(1) :].partition("\n")
        lines_before = source[: magic.start(1)].count("\n")
        return "\n" * lines_before + ("\n" + plain_python(body) if _ or before == "" else "")
    # `%time f(x)` becomes `if 1: f(x)`, as wide.
    source = _TIMED.sub(_as_condition, source)
    source = _LINE.sub(lambda line: f"{line[1]}pass", source)
    return _ASSIGNED.sub(lambda line: f"{line[1]}{'[]' if line[2] == '!' else '_'}", source)


def _as_condition(found: re.Match[str]) -> str:
    width = len(found[0]) - len(found[1])
    return f"{found[1]}if {'1' * (width - 5)}: "


def place_of(source: str, cursor: int) -> Place:
    """Where the character number `cursor` of a cell stands."""
    before = source[: max(0, cursor)]
    line = before.count("\n")
    return Place(line, len(before) - (before.rfind("\n") + 1))
