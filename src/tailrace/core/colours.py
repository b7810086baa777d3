"""The colours in force at a point of a text, as one SGR escape with one spelling.

`ESC[31m` then `ESC[1m` is the same as `ESC[1;31m`, and that is how it is written here:
attributes by rising number, then foreground, then background. "" means the terminal's
own colours. What SGR has beyond this (fonts, frames, underline colours) is passed over.
"""

from functools import lru_cache

RESET = "\x1b[0m"

_OFF = {22: (1, 2), 23: (3,), 24: (4,), 25: (5,), 27: (7,), 28: (8,), 29: (9,)}
_FOREGROUND = "foreground"
_BACKGROUND = "background"

Pen = dict[int | str, str]
"""Attribute number, or which colour → the code that sets it."""


@lru_cache(maxsize=4096)
def after_sgr(pen: str, parameters: str) -> str:
    """The pen after `ESC[<parameters>m` was written with `pen` in force."""
    if any(character not in "0123456789;:" for character in parameters):
        return pen
    slots = _applied({}, _codes(pen[2:-1])) if pen else {}
    slots = _applied(slots, _codes(parameters))
    codes = [slots[number] for number in range(1, 10) if number in slots]
    codes += [slots[which] for which in (_FOREGROUND, _BACKGROUND) if which in slots]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _codes(parameters: str) -> list[int]:
    """Numbers, with the colon forms (`38:2::r:g:b`, `4:3`) written out by semicolons."""
    codes: list[int] = []
    for parameter in parameters.split(";"):
        if ":" not in parameter:
            codes.append(_number(parameter))
            continue
        parts = parameter.split(":")
        first = _number(parts[0])
        if first in (38, 48):
            if parts[1] == "2" and len(parts) > 5:
                parts = [*parts[:2], *parts[3:6]]  # the colour space, which nobody fills
            codes += [_number(part) for part in parts]
        elif first == 4:
            codes.append(24 if parts[1] == "0" else 4)
    return codes


def _number(text: str) -> int:
    return int(text) if len(text) < 4 and text else (0 if not text else 999)


def _applied(slots: Pen, codes: list[int]) -> Pen:
    slots = dict(slots)
    position = 0
    while position < len(codes):
        code = codes[position]
        position += 1
        if code == 0:
            slots.clear()
        elif code <= 9:
            slots[code] = str(code)
        elif code == 21:
            slots[4] = "4"
        elif code in _OFF:
            for number in _OFF[code]:
                slots.pop(number, None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            slots[_FOREGROUND] = str(code)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            slots[_BACKGROUND] = str(code)
        elif code == 39:
            slots.pop(_FOREGROUND, None)
        elif code == 49:
            slots.pop(_BACKGROUND, None)
        elif code in (38, 48):
            which = _FOREGROUND if code == 38 else _BACKGROUND
            length = {5: 2, 2: 4}.get(codes[position] if position < len(codes) else 0)
            if length is None:
                break  # not a colour: what follows cannot be told apart
            colour = codes[position : position + length]
            position += length
            if len(colour) == length and max(colour) <= 255:
                slots[which] = ";".join(map(str, [code, *colour]))
    return slots
