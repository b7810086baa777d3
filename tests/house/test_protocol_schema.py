"""The schema says what the classes say, and the spec's examples are frames."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailrace.protocol.frames import ClientFrame, ServerFrame
from tailrace.protocol.schema import NAMED_UNIONS, protocol_schema, schema_text

ROOT = Path(__file__).parent.parent.parent
SPEC = (ROOT / "docs" / "spec" / "protocol.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", SPEC, re.DOTALL)

_SERVER = {"welcome", "snapshot", "events", "answer", "reply", "durable", "status"}


def test_the_schema_file_is_what_the_classes_say() -> None:
    found = (ROOT / "docs" / "spec" / "protocol.schema.json").read_text("utf-8")
    assert found == schema_text(), "run: python -m tailrace.protocol.schema"


def test_every_reference_leads_to_a_titled_definition() -> None:
    schema = protocol_schema()
    definitions = schema["$defs"]

    assert set(NAMED_UNIONS) <= set(definitions)
    assert all(entry["title"] == name for name, entry in definitions.items())
    assert set(_references(schema)) <= {f"#/$defs/{name}" for name in definitions}


def test_the_schema_reads_the_same_in_every_python() -> None:
    described = [entry.get("description", "") for entry in protocol_schema()["$defs"].values()]
    assert not [text for text in described if "\n    " in text]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_spec_is_a_frame(example: str) -> None:
    frame: Any = ServerFrame if json.loads(example)["kind"] in _SERVER else ClientFrame
    decoded = msgspec.json.decode(example, type=frame)
    # An answer of the server shows every field there is (SYNC-4).
    if frame is ServerFrame:
        assert json.loads(msgspec.json.encode(decoded)) == json.loads(example)


def test_the_spec_has_examples() -> None:
    assert len(EXAMPLES) > 5


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        own += list(value.get("mapping", {}).values())
        return own + [each for inner in value.values() for each in _references(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _references(inner)]
    return []
