"""Identifiers: one type each, one alphabet for all.

An id is letters, digits, `-` and `_`, one to 64 of them, so that the same id can be
a NATS subject token, a key, a file name and part of a URL.
"""

import re
from typing import NewType

NotebookId = NewType("NotebookId", str)
CellId = NewType("CellId", str)
ExecutionId = NewType("ExecutionId", str)
ClientId = NewType("ClientId", str)
OperationId = NewType("OperationId", str)
RequestId = NewType("RequestId", str)
KernelId = NewType("KernelId", str)
PromptId = NewType("PromptId", str)
CommId = NewType("CommId", str)
BlobHash = NewType("BlobHash", str)

ID_PATTERN = re.compile(r"\A[A-Za-z0-9_-]{1,64}\Z")


def is_id(text: str) -> bool:
    """Whether `text` may serve as an id of any kind."""
    # JavaScript's `__proto__` is no key like others: the page could not hold such a cell.
    return ID_PATTERN.match(text) is not None and text != "__proto__"
