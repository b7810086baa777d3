"""Notebooks that are plain text: `.py` in the percent form, `.md`, as jupytext has them.

What a cell is and how it is written is jupytext's to say. Two things are ours. Lines that a
change does not touch stay as they were, byte for byte: the text on disk is jupytext's own
rendering plus somebody's hand, and a change is carried over from one rendering to the next as
three versions of a text are merged (FMT-5). And a file without a header gets none, and is
read in the percent form unless it says that it is another (FMT-6).

Outputs are not in the text (FMT-8). jupytext is imported late: most servers never need it.
`files/light_import.py` has it ready by then.
"""

import re
import warnings
from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct

from tailrace.formats.cell_ids import with_ids
from tailrace.formats.json_text import LIMIT_BYTES
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.errors import NotANotebook
from tailrace.protocol.ids import CellId

ENDINGS = (".py", ".md")
HEAD_BYTES = 16 << 10  # in which a notebook's marks are looked for

_BOM = "\ufeff"
_PERCENT = re.compile(r"^#[ \t]*%%", re.MULTILINE)
_LIGHT = re.compile(r"^# \+(?:\s|$)", re.MULTILINE)
_HEADER = re.compile(
    r"\A(?:#!.*\n)?(?:#.*coding[:=].*\n)?(?:# ?)?---[ \t]*\n(?P<inner>.*?)^(?:# ?)?---[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_JUPYTER = re.compile(r"^(?:# ?)?(?:jupyter|jupytext):", re.MULTILINE)
# Line breaks to Python, not to editors: kept from those who split texts at them.
_RARE_BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r"
_STAND_INS = "".join(chr(0xF4F0 + place) for place in range(len(_RARE_BREAKS)))
_HIDDEN = str.maketrans(_RARE_BREAKS, _STAND_INS)
_SHOWN = str.maketrans(_STAND_INS, _RARE_BREAKS)
# What jupytext notes for itself while it reads.
_SPACING = ("lines_to_next_cell", "lines_to_end_of_cell_marker")
_READ_FROM_THE_TEXT = (
    "cell_metadata_filter",
    "main_language",
    "notebook_metadata_filter",
    "text_representation",
)


_Places = dict[int, int]  # of a line here: where it stands there
_Range = tuple[int, int]


class _Text(Struct, frozen=True):
    """`lines` end with nothing; `newline` is what stood between most of them."""

    lines: list[str]
    newline: str
    has_bom: bool

    @property
    def plain(self) -> str:
        return "\n".join(self.lines)


def is_marked(name: str, head: bytes) -> bool:
    """Whether a text that begins with `head` says that it is a notebook."""
    text = head.decode("utf-8", "replace").removeprefix(_BOM).replace("\r\n", "\n")
    if name.lower().endswith(".py") and _PERCENT.search(text) is not None:
        return True
    return _has_header(text)


def parse_text(data: bytes, ending: str) -> Notebook:
    """The notebook that the text means, without outputs. Raises `NotANotebook`."""
    if len(data) > LIMIT_BYTES:
        raise NotANotebook(f"the file has more than {LIMIT_BYTES >> 20} MB; it is no notebook")
    return _read(_text_of(data).plain, ending)


def render_text(notebook: Notebook, held: bytes | None, ending: str) -> bytes:
    """The text of `notebook`; what it shares with `held`, the file before, as it stood there."""
    if held is None or not held.strip():
        return (_written(notebook, "", ending)).encode("utf-8", "replace")
    text = _text_of(held)
    before = _read(text.plain, ending)
    if _says(before) == _says(notebook):
        return held
    wanted = _written(notebook, text.plain, ending)
    base = _written(before, text.plain, ending)
    # Whether the last line ends is a habit of the file, no line of its own.
    ends = [""] if text.lines[-1:] == [""] else []
    mine = text.lines[:-1] if ends else text.lines
    lines = merged_lines(_unended(base), mine, _unended(wanted)) + ends
    if _says(_read("\n".join(lines), ending)) != _says(_read(wanted, ending)):
        lines = wanted.split("\n")  # better another form than other words
    shown = text.newline.join(lines)
    return ((_BOM if text.has_bom else "") + shown).encode("utf-8", "replace")


def _unended(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


# ── by lines ─────────────────────────────────────────────────────────────────


def merged_lines(base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """`mine` with what `theirs` changed of `base`; where both did, `theirs`."""
    if mine == theirs:
        return mine
    here, there = _matches(base, mine), _matches(base, theirs)
    merged = _carried_over(base, mine, theirs, here, there)
    return _by_regions(base, mine, theirs, here, there) if merged is None else merged


def _carried_over(
    base: list[str], mine: list[str], theirs: list[str], here: _Places, there: _Places
) -> list[str] | None:
    """Each change put into `mine` where its lines, or those around them, stand. None when one
    of them has no such place."""
    out: list[str] = []
    done = at = b = 0
    for place, in_theirs in [*sorted(there.items()), (len(base), len(theirs))]:
        if place > at or in_theirs > b:
            found = _range_in(here, at, place, len(base), len(mine))
            if found is None or found[0] < done:
                return None
            out += mine[done : found[0]] + theirs[b:in_theirs]
            done = found[1]
        at, b = place + 1, in_theirs + 1
    return out + mine[done:]


def _range_in(here: _Places, start: int, end: int, size: int, size_there: int) -> _Range | None:
    """Where the lines of the base from `start` to `end` are; if none: where they would be."""

    def edge(before: int) -> int | None:
        """Behind the line `before`, or else in front of the one that follows it."""
        if before < 0 or before in here:
            return here[before] + 1 if before >= 0 else 0
        if before + 1 >= size:
            return size_there
        return here.get(before + 1)

    if start == end:
        place = edge(start - 1)
        return None if place is None else (place, place)
    first = here[start] if start in here else edge(start - 1)
    last = edge(end - 1)
    return None if first is None or last is None or last < first else (first, last)


def _by_regions(
    base: list[str], mine: list[str], theirs: list[str], here: _Places, there: _Places
) -> list[str]:
    """Between lines that stand in all three, the side that changed."""
    out: list[str] = []
    at = a = b = 0
    anchors = [(place, here[place], there[place]) for place in sorted(here.keys() & there.keys())]
    for place, in_mine, in_theirs in [*anchors, (len(base), len(mine), len(theirs))]:
        was, one, other = base[at:place], mine[a:in_mine], theirs[b:in_theirs]
        out += one if other == was else other
        if place < len(base):
            out.append(mine[in_mine])
        at, a, b = place + 1, in_mine + 1, in_theirs + 1
    return out


def _matches(one: list[str], other: list[str]) -> _Places:
    """Which line of `one` stands where in `other`, in order."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    most = min(len(one), len(other)) - start
    while end < most and one[-1 - end] == other[-1 - end]:
        end += 1
    found = {place: place for place in range(start)}
    # Lines that stand everywhere (blank ones, markers) are matched beside others only: to weigh
    # each against each takes minutes for some thousand cells.
    matcher = SequenceMatcher(None, one[start : len(one) - end], other[start : len(other) - end])
    for a, b, length in matcher.get_matching_blocks():
        found |= {start + a + n: start + b + n for n in range(length)}
    shift = len(other) - len(one)
    return found | {place: place + shift for place in range(len(one) - end, len(one))}


# ── jupytext ─────────────────────────────────────────────────────────────────


def _read(text: str, ending: str) -> Notebook:
    import jupytext

    hidden = text.translate(_HIDDEN) if not set(_STAND_INS) & set(text) else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw: Any = jupytext.reads(hidden, fmt=_format_of(hidden, ending))
    except Exception as error:  # of many kinds: a header that is no YAML, unknown formats
        raise NotANotebook(f"the text cannot be read as a notebook: {error}") from error
    metadata = _plain(raw.metadata)
    if not _has_header(text):
        inner = metadata.get("jupytext", {})
        for key in _READ_FROM_THE_TEXT:
            inner.pop(key, None)
        if not inner:
            metadata.pop("jupytext", None)
    cells = [
        Cell(
            CellId(""),
            cell.cell_type,
            cell.source if hidden is text else cell.source.translate(_SHOWN),
            {key: value for key, value in _plain(cell.metadata).items() if key not in _SPACING},
        )
        for cell in raw.cells
    ]
    # Minor 4: the ids are ours and say nothing about which cell it was before.
    return Notebook(metadata, nbformat=4, nbformat_minor=4, cells=with_ids(cells))


def _written(notebook: Notebook, before: str, ending: str) -> str:
    """As jupytext writes it, in the format of the text before, with a header if that had one."""
    import jupytext
    import nbformat

    library: Any = nbformat
    new, plain = library.v4, library.from_dict
    make = {"code": new.new_code_cell, "markdown": new.new_markdown_cell}
    metadata = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    options = _format_of(before, ending)
    ours = dict(metadata.get("jupytext", {})) if isinstance(metadata.get("jupytext"), dict) else {}
    if before.strip() and not _has_header(before):
        # No header where there was none, unless there is something to say in it.
        ours["notebook_metadata_filter"] = "tailrace,-all" if "tailrace" in metadata else "-all"
    elif "tailrace" in metadata:
        said = [each for each in str(ours.get("notebook_metadata_filter", "")).split(",") if each]
        if "tailrace" not in said and "all" not in said:
            ours["notebook_metadata_filter"] = ",".join(["tailrace", *said])
    if ours:
        metadata["jupytext"] = ours
    hides = not any(set(_STAND_INS) & set(cell.source) for cell in notebook.cells)
    cells = [
        _valid(
            make.get(cell.kind, new.new_raw_cell),
            plain(cell.metadata),
            source=cell.source.translate(_HIDDEN) if hides else cell.source,
        )
        for cell in notebook.cells
    ]
    raw = _valid(new.new_notebook, plain(metadata), cells=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text: str = jupytext.writes(raw, fmt=options)
    return text.translate(_SHOWN) if hides else text


def _valid(make: Callable[..., Any], metadata: dict[str, Any], **rest: Any) -> Any:
    """Made by nbformat without the metadata that its schema refuses (tags that are no list,
    a kernelspec without a name): jupytext could not read it back."""
    from nbformat import ValidationError

    while True:
        try:
            return make(metadata=metadata, **rest)
        except ValidationError as error:
            path = list(error.relative_path)
            if len(path) < 2 or path[0] != "metadata" or path[1] not in metadata:
                raise
            metadata = {key: value for key, value in metadata.items() if key != path[1]}


def _format_of(text: str, ending: str) -> dict[str, Any]:
    """What jupytext is told: the format that the header names is its own to find."""
    from jupytext.formats import read_format_from_metadata

    named = read_format_from_metadata(text, ending) if text else None
    if named:
        return {"extension": ending, "format_name": named}
    if ending == ".md":
        return {"extension": ending, "format_name": "markdown"}
    is_light = _LIGHT.search(text) is not None and _PERCENT.search(text) is None
    return {"extension": ending, "format_name": "light" if is_light else "percent"}


def _has_header(text: str) -> bool:
    found = _HEADER.match(text)
    return found is not None and _JUPYTER.search(found["inner"]) is not None


def _text_of(data: bytes) -> _Text:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotANotebook(f"the file is no UTF-8 text: byte {error.start} of it") from error
    has_bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    windows = text.count("\r\n")
    newline = "\r\n" if windows and windows * 2 >= text.count("\n") else "\n"
    if newline == "\r\n":
        text = text.replace("\r\n", "\n")
    return _Text(text.split("\n"), newline, has_bom)


def _says(notebook: Notebook) -> tuple[Any, ...]:
    """What of it the text is to say; which version of which format it is in says itself."""
    metadata = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    if isinstance(metadata.get("jupytext"), dict):
        options = metadata.pop("jupytext").items()
        metadata["jupytext"] = [each for each in options if each[0] not in _READ_FROM_THE_TEXT]
    metadata.setdefault("jupytext", [])
    return metadata, [(cell.kind, cell.source, cell.metadata) for cell in notebook.cells]


def _plain(value: Any) -> Any:
    """Dicts, lists and JSON values; a date in a YAML header is its text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
