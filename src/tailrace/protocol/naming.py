"""The one rule by which class names become wire tags."""

import re

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def kebab(name: str) -> str:
    """`ExecutionQueued` → `execution-queued`."""
    return _BOUNDARY.sub("-", name).lower()
