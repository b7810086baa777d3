"""Drop what a chunk of text overwrites itself, before it is recorded.

Twenty thousand updates of a progress bar need not be twenty thousand lines of the log.
What is left has the same visible result whatever stood before it, and the same newlines:
an update goes only where a later one of the same chunk covers it. Rule OUT-18.
"""

import re

from tailrace.core.screen import WIDE

_COLOUR = re.compile("\x1b\\[([0-9;:]{0,48})m")
_FRAME = re.compile(
    "(?P<first>\x1b\\[[02]?K)?(?P<body>(?:[^\x1b\b]|\x1b\\[[0-9;:]{0,48}m)*)(?P<last>\x1b\\[0?K)?"
)


def collapse(text: str) -> str:
    """`text` without the states of a line that a later one in `text` covers."""
    if text.count("\r") < 2:
        return text
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
        if text.count("\r") < 2:
            return text
    return "\n".join([_collapsed(line) for line in text.split("\n")])


def _collapsed(line: str) -> str:
    """One line. What stands before its first carriage return begins at an unknown column
    and stays; where a frame does more than overwrite and colour, all of them stay."""
    if line.count("\r") < 2:
        return line
    begin, *frames = line.split("\r")
    widths: list[int] = []
    erases: list[bool] = []
    for frame in frames:
        if "\x1b" not in frame and "\b" not in frame:
            if len(frame) > WIDE:
                return line
            widths.append(len(frame))
            erases.append(False)
            continue
        read = _FRAME.fullmatch(frame)
        if read is None:
            return line
        body = read["body"]
        width = len(_COLOUR.sub("", body)) if "\x1b" in body else len(body)
        if width > WIDE:
            return line
        widths.append(width)
        erases.append(read["first"] is not None or read["last"] is not None)
    return begin + "".join(_kept(frames, widths, erases))


def _kept(frames: list[str], widths: list[int], erases: list[bool]) -> list[str]:
    """The frames that still show, from the last one back, each after its carriage return."""
    newest = len(frames) - 1
    keep = {newest}
    covered = widths[newest]
    place = newest
    while place and not erases[place]:
        place -= 1
        if erases[place] or widths[place] > covered:
            keep.add(place)
            covered = widths[place]
    kept: list[str] = []
    colours: list[str] = []
    for place, frame in enumerate(frames):
        if place in keep:
            kept.append("\r" + "".join(colours) + frame)
            colours = []
        elif "\x1b" in frame:
            _carry(colours, frame)
    return kept


def _carry(colours: list[str], frame: str) -> None:
    """Add the colours that a dropped frame left in force."""
    for colour in _COLOUR.finditer(frame):
        if colour[1] in ("", "0"):
            colours.clear()
        if not colours or colours[-1] != colour.group():
            colours.append(colour.group())
