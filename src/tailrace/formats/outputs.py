"""nbformat's outputs to ours and back.

Both directions keep what the other side can say: MIME data, display metadata, execution
counts, tracebacks. A display id is not of the file (nbformat calls it transient) and is
dropped. Text is passed on as it stands; folding it is the core's work.
"""

import json
from collections.abc import Iterable
from typing import Any

from tailrace.formats.json_text import is_json_mime
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, Output, StreamOutput

OWN_TYPES = "application/vnd.tailrace."


def outputs_from_nbformat(raw: Iterable[dict[str, Any]]) -> tuple[Output, ...]:
    """Our outputs, numbered in their order. An output of a type that nobody knows is shown
    as what it is, so that it is not lost from sight."""
    outputs: list[Output] = []
    for output in raw:
        index = len(outputs)
        match output.get("output_type"):
            case "stream":
                outputs.append(
                    StreamOutput(
                        index=index,
                        name="stderr" if output.get("name") == "stderr" else "stdout",
                        head=_text(output.get("text", "")),
                    )
                )
            case "display_data" | "execute_result" | "update_display_data" as kind:
                count = output.get("execution_count")
                is_result = kind == "execute_result" and type(count) is int
                outputs.append(
                    DisplayOutput(
                        index=index,
                        data=_object(output.get("data")),
                        metadata=_object(output.get("metadata")),
                        execution_count=count if is_result else None,
                    )
                )
            case "error":
                outputs.append(
                    ErrorOutput(
                        index=index,
                        name=_text(output.get("ename", "")),
                        message=_text(output.get("evalue", "")),
                        traceback=_lines(output.get("traceback")),
                    )
                )
            case kind:
                outputs.append(
                    DisplayOutput(
                        index=index,
                        data={"text/plain": f"[output of an unknown type: {kind}]"},
                        metadata={},
                    )
                )
    return tuple(outputs)


def outputs_to_nbformat(outputs: Iterable[Output]) -> list[dict[str, Any]]:
    """nbformat's outputs. Of text, head and tail: whoever has the whole puts it into `head`."""
    return [_raw(output) for output in outputs]


def _raw(output: Output) -> dict[str, Any]:
    if isinstance(output, StreamOutput):
        return {
            "output_type": "stream",
            "name": output.name,
            "text": output.head + output.tail,
        }
    if isinstance(output, ErrorOutput):
        return {
            "output_type": "error",
            "ename": output.name,
            "evalue": output.message,
            "traceback": list(output.traceback),
        }
    raw: dict[str, Any] = {
        "output_type": "display_data",
        "data": {mime: _valid(mime, form) for mime, form in _foreign(output.data).items()},
        "metadata": _foreign(output.metadata),
    }
    if output.execution_count is not None:
        raw["output_type"] = "execute_result"
        raw["execution_count"] = output.execution_count
    return raw


def _foreign(forms: dict[str, Any]) -> dict[str, Any]:
    """Without our own MIME types: they mean something only beside our log and kernel, and the
    library's own form stands beside them (TAB-2)."""
    return {mime: value for mime, value in forms.items() if not mime.startswith(OWN_TYPES)}


def _valid(mime: str, form: Any) -> Any:
    """As nbformat has it: whatever is not JSON by its type is text. A library that displays an
    object under a type of its own would make a notebook that other tools refuse."""
    is_lines = isinstance(form, list) and all(isinstance(line, str) for line in form)
    if isinstance(form, str) or is_lines or is_json_mime(mime):
        return form
    return json.dumps(form, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_text, value))
    return "" if value is None else str(value)


def _lines(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_text, value))
    return () if value is None else (_text(value),)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
