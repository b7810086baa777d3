"""Write the JSON schema of everything that crosses the native WebSocket.

    python -m tailrace.protocol.schema            write docs/spec/protocol.schema.json
    python -m tailrace.protocol.schema --check    say whether it is what it should be

The classes of this package are the source; the schema is derived, and from it the page's
types (`npm run generate` in `web/`). Unions that have a name in Python have the same name
among the schema's `$defs`, so that a generated client has a word for them too.

Fields with a default are not required: a sender may leave them out. The server never does.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from tailrace.protocol.events import Event, ExecutionStatus
from tailrace.protocol.frames import (
    PROTOCOL_VERSION,
    ClientFrame,
    Request,
    ServerFrame,
)
from tailrace.protocol.operations import Operation
from tailrace.protocol.outputs import BlobReference, Output, StreamName
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

SCHEMA_PATH = Path("docs/spec/protocol.schema.json")

NAMED_UNIONS: dict[str, Any] = {
    "ClientFrame": ClientFrame,
    "ServerFrame": ServerFrame,
    "Operation": Operation,
    "Request": Request,
    "Event": Event,
    "Output": Output,
    "ExecutionStatus": ExecutionStatus,
    "StreamName": StreamName,
}


def protocol_schema() -> dict[str, Any]:
    """The schema as a JSON value, its definitions in alphabetical order."""
    roots = [*NAMED_UNIONS.values(), Record, SessionState, BlobReference]
    schemas, components = msgspec.json.schema_components(roots, ref_template="#/$defs/{name}")
    unions = dict(zip(NAMED_UNIONS, schemas, strict=False))
    definitions = {
        name: _named(schema, unions, skip=None) for name, schema in components.items()
    } | {
        name: {"title": name, **_named(schema, unions, skip=name)}
        for name, schema in unions.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://tailrace.dev/protocol/{PROTOCOL_VERSION}.schema.json",
        "title": f"Tailrace protocol {PROTOCOL_VERSION}",
        "$comment": "Derived from src/tailrace/protocol by `python -m tailrace.protocol.schema`.",
        "$defs": dict(sorted(definitions.items())),
    }


def _named(schema: Any, unions: dict[str, dict[str, Any]], *, skip: str | None) -> Any:
    """`schema` with every union that has a name replaced by a reference to it."""
    if isinstance(schema, dict):
        for name, union in unions.items():
            if name != skip and schema == union:
                return {"$ref": f"#/$defs/{name}"}
        named = {key: _named(value, unions, skip=None) for key, value in schema.items()}
        # Python strips a docstring's indentation from 3.13 on; the schema shall not change.
        if isinstance(named.get("description"), str):
            named["description"] = inspect.cleandoc(named["description"])
        return named
    if isinstance(schema, list):
        return [_named(value, unions, skip=None) for value in schema]
    return schema


def schema_text() -> str:
    """The file's content."""
    packed = msgspec.json.encode(protocol_schema())
    return msgspec.json.format(packed, indent=2).decode() + "\n"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    wanted = schema_text()
    if arguments:
        found = SCHEMA_PATH.read_text(encoding="utf-8") if SCHEMA_PATH.exists() else ""
        if found == wanted:
            return 0
        print(
            f"{SCHEMA_PATH} is not what the classes say; run: python -m tailrace.protocol.schema",
            file=sys.stderr,
        )
        return 1
    SCHEMA_PATH.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA_PATH.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
