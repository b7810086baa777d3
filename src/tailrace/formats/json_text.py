"""Bytes of a `.ipynb` to JSON values, whatever the bytes are.

Whatever is wrong becomes a `NotANotebook` that says where and what to do; nothing else is
ever raised, and the bytes are not touched. What JSON allows and the rest of the program
could not carry is mended: lone surrogates are written out (`\\ud800`), integers beyond
64 bits become floating point numbers, as they are in every browser.
"""

import json
import re
from typing import Any

from tailrace.protocol.errors import NotANotebook

LIMIT_BYTES = 256 * 1024 * 1024
"""Larger files are refused unread: parsed they would take some gigabytes of memory."""

LIMIT_DEPTH = 100
"""Levels of nesting; notebooks have about ten, and recursion somewhere has an end."""

_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def json_value(data: bytes, *, limit_bytes: int = LIMIT_BYTES) -> Any:
    """The one JSON value that `data` holds."""
    if len(data) > limit_bytes:
        raise NotANotebook(
            f"the file has {len(data) >> 20} MiB, more than the {limit_bytes >> 20} MiB that "
            "can be opened; clear its largest outputs with another tool first"
        )
    text = _text(data)
    if not text.strip():
        raise NotANotebook("the file is empty; remove it, or restore it from a copy")
    try:
        value = json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise NotANotebook(_what_is_wrong(text, error)) from error
    except RecursionError as error:
        raise NotANotebook(_too_deep()) from error
    except ValueError as error:
        raise NotANotebook(f"the file holds a number that cannot be read: {error}") from error
    return mended(value, surrogates=_SURROGATE_ESCAPE.search(text) is not None)


def mended(value: Any, *, surrogates: bool, depth: int = 0) -> Any:
    """`value` without lone surrogates; refused where it is nested too deeply."""
    if isinstance(value, str):
        return without_surrogates(value) if surrogates else value
    if not isinstance(value, dict | list):
        return value
    if depth >= LIMIT_DEPTH:
        raise NotANotebook(_too_deep())
    if isinstance(value, dict):
        return {
            without_surrogates(key) if surrogates else key: inner
            if inner.__class__ is str and not surrogates
            else mended(inner, surrogates=surrogates, depth=depth + 1)
            for key, inner in value.items()
        }
    return [
        inner
        if inner.__class__ is str and not surrogates
        else mended(inner, surrogates=surrogates, depth=depth + 1)
        for inner in value
    ]


def without_surrogates(text: str) -> str:
    """Lone surrogates as the six characters `\\udXXX`, which every encoding can hold."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _text(data: bytes) -> str:
    if data.startswith(_UTF16):
        raise NotANotebook("the file is in UTF-16; save it as UTF-8 and open it again")
    data = data.removeprefix(b"\xef\xbb\xbf")
    zero = data.find(b"\x00")
    if zero >= 0:
        raise NotANotebook(
            f"byte {zero} of the file is zero, as after a crash or on a full disk: what stood "
            "there was never written; restore the file from a copy"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotANotebook(
            f"line {line} of the file is not UTF-8 text (byte {error.start}); "
            "it may be no notebook, or was saved in another encoding"
        ) from error


def _what_is_wrong(text: str, error: json.JSONDecodeError) -> str:
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"line {line} of the file is a conflict marker of an unfinished Git merge "
            f"({conflict.group()[:60]}); finish the merge, for instance with `nbdime mergetool` "
            "or `git checkout --ours FILE`, then open it again"
        )
    if not text[error.pos :].strip() or (
        error.msg.startswith("Unterminated string") and '"' not in text[error.pos + 1 :]
    ):
        return (
            f"the file ends in the middle (line {text.count(chr(10)) + 1}): the rest of it is "
            "missing; restore it from a copy"
        )
    if text.lstrip()[:1] not in ("{", "["):
        return f"the file is no JSON ({text.strip()[:40]!r}…), so it is no notebook"
    return (
        f"line {error.lineno}, column {error.colno} of the file is no JSON ({error.msg}); "
        "repair it in a text editor, or restore the file from a copy"
    )


def _too_deep() -> str:
    return (
        f"the file nests lists and objects more than {LIMIT_DEPTH} levels deep, which no "
        "notebook does"
    )


def _integer(digits: str) -> int | float:
    if len(digits) < 19:
        return int(digits)
    if len(digits) > 400:
        raise ValueError(f"{digits[:20]}… has {len(digits)} digits")
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else _as_float(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{str(value)[:20]}… is too large") from error


def is_json_mime(mime: str) -> bool:
    """Whether nbformat has a value of this type as JSON; of any other it has text."""
    return mime == "application/json" or (
        mime.startswith("application/") and mime.endswith("+json")
    )
