r"""Drop the states of a progress bar that nobody could have seen.

A bar writes `\r 1%`, `\r 2%`, … thousands of times a second. Within one gathered piece of
text only the last state of a line can be seen, so the others need not travel. Pure, and
lossless: what the text looks like on a terminal is the same before and after, also when
more text follows; a piece that began by overwriting still does.

Lines with cursor movement other than `\r` (backspace, tabs, escape sequences other than
colour and erase-line) are left alone.
"""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_RESET = re.compile(r"\x1b\[0*m")
_ERASE = re.compile(r"\x1b\[[02]?K")
_OTHER_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\t]|\x1b(?!\[[0-9;:]*m)"
)


def without_overwritten(text: str) -> str:
    """`text` without the line states that later text of the same line covers."""
    if text.find("\r") < 0:
        return text
    lines = text.split("\n")
    return "\n".join([_last_states(line) if line.count("\r") > 1 else line for line in lines])


def _last_states(line: str) -> str:
    first, *states = line.split("\r")
    kept: list[str] = []
    covered = -1  # the widest state seen so far, from the end
    colours = ""  # of dropped states, for the state that follows them in the text
    for state in reversed(states):
        width, plain = _width(state)
        if plain and width <= covered:
            colours = _colours_of(state) + colours
        else:
            if kept and colours:
                kept[-1] = _with_colours(colours, kept[-1])
            colours = ""
            kept.append(state)
            # One that moves the cursor (-1): nothing before it may be judged by it.
            covered = -1 if width < 0 else max(covered, width)
    if kept and colours:
        kept[-1] = _with_colours(colours, kept[-1])
    kept.append(first)
    return "\r".join(reversed(kept))


_EVERYTHING = 1 << 60


def _width(state: str) -> tuple[int, bool]:
    """How much of its line a state covers (-1: it moves about), and whether it may go."""
    if "\x1b" not in state:
        if state.isprintable():
            return len(state), True
        return (-1, False) if _OTHER_CONTROL.search(state) else (len(state), True)
    erased = _ERASE.match(state)
    rest = state[erased.end() :] if erased else state
    if _OTHER_CONTROL.search(rest):
        return -1, False
    return (_EVERYTHING if erased else len(_COLOUR.sub("", rest))), True


def _colours_of(state: str) -> str:
    """What a dropped state leaves switched on (or off) for the text after it."""
    if "\x1b" not in state:
        return ""
    return _from_last_reset("".join(_COLOUR.findall(state)))


def _with_colours(colours: str, state: str) -> str:
    return _from_last_reset(colours) + state


def _from_last_reset(codes: str) -> str:
    resets = list(_RESET.finditer(codes))
    return codes[resets[-1].start() :] if resets else codes
