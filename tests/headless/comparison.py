"""When two notebooks have the same outputs (FMT-1).

Both are made plain first: text of one stream that follows text of the same stream is one
text, overwritten lines are gone, and what differs from run to run by its nature (addresses,
times, random ids, paths of temporary files, the pixels of a picture) has one form.
"""

import json
import re
from typing import Any

Output = dict[str, Any]

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LIKE_ANY_OTHER = [
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "uuid"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "uuid"),
    (
        re.compile(r"\S*/ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>|/tmp/tailrace[^\s:]*\.py"),
        "cell",
    ),
    (re.compile(r"\b\d{6,}\.py\b"), "cell"),
    # What %timeit adds when one of its runs was kept waiting.
    (re.compile(r"The slowest run took .* intermediate result is being cached\.\n"), ""),
    (re.compile(r"\d+(\.\d+)? ?(ns|[μµu]s|ms|s)\b"), "time"),
    (re.compile(r"\d\d:\d\d<\d\d:\d\d|\?it/s|\d+\.\d+(it/s|s/it)"), "rate"),
    (re.compile(r"altair-viz-\w+"), "altair-viz"),
    (re.compile(r"T_[0-9a-f]{5}"), "T_style"),
    (re.compile(r"\bp\d{4}\b"), "p-bokeh"),
    (re.compile(r"IPY_MODEL_\w+"), "IPY_MODEL"),
    (re.compile(r"id=\d+"), "id"),
    (re.compile(r"object at \S+>"), "object>"),
]
PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif")


def plain_outputs(outputs: list[Output]) -> list[Output]:
    """The outputs of one cell in the form in which they are compared."""
    plain: list[Output] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            text = _joined(output["text"])
            if plain and plain[-1].get("stream") == output["name"]:
                plain[-1]["text"] += text
            else:
                plain.append({"stream": output["name"], "text": text})
        elif kind == "error":
            plain.append({"error": output["ename"], "message": _same(output["evalue"])})
        else:
            bundle = {mime: _value(mime, value) for mime, value in output["data"].items()}
            shown: Output = {"kind": kind, "data": bundle}
            if output.get("metadata"):
                shown["metadata"] = json.loads(_same(json.dumps(output["metadata"])))
            if kind == "execute_result":
                shown["count"] = output["execution_count"]
            plain.append(shown)
    for each in plain:
        if "text" in each:
            each["text"] = _same(_settled(each["text"]))
    return plain


def _value(mime: str, value: Any) -> Any:
    if mime in PICTURES:
        return "a picture"
    if mime == "application/vnd.jupyter.widget-view+json":
        return {**value, "model_id": "…"}
    if isinstance(value, dict):
        return json.loads(_same(json.dumps(value, sort_keys=True)))
    return _same(_joined(value)) if isinstance(value, str | list) else value


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _settled(text: str) -> str:
    """Lines as they stand after carriage returns."""
    lines = []
    for line in text.split("\n"):
        shown = ""
        for piece in ESCAPES.sub("", line).split("\r"):
            shown = piece + shown[len(piece) :]
        lines.append(shown.rstrip())
    return "\n".join(lines)


def _same(text: str) -> str:
    text = ESCAPES.sub("", text)
    for pattern, form in _LIKE_ANY_OTHER:
        text = pattern.sub(form, text)
    return text
