"""Completion, inspection and completeness of code, from the live namespace.

Runs on an answering thread while the main thread may be busy: IPython's completer (with
jedi where it is installed) looks at the namespace as it is. A completion has a time budget
of its own; what was found by then is returned.
"""

import re
import time
from typing import Any

from IPython.core.completer import provisionalcompleter, rectify_completions

from tailrace_kernel.shell import ZMQInteractiveShell

COMPLETION_S = 1.5  # nobody waits longer for a list that opens while typing
MATCHES_MOST = 1000
CHANGED_RETRIES = 3

_NAME = re.compile(r"[^\W\d]\w*\Z")


class Inspection:
    def __init__(self, shell: ZMQInteractiveShell) -> None:
        self._shell = shell

    def complete(self, header: dict[str, Any]) -> dict[str, Any]:
        code, cursor = _code_and_cursor(header)
        result: dict[str, Any] = _retried(lambda: self._completions(code, cursor))
        return result

    def inspect(self, header: dict[str, Any]) -> dict[str, Any]:
        from IPython.utils.tokenutil import token_at_cursor

        code, cursor = _code_and_cursor(header)
        name = token_at_cursor(code, cursor)
        detail = int(header.get("detail") or 0)
        try:
            data = _retried(lambda: self._shell.object_inspect_mime(name, detail_level=detail))
        except KeyError:
            return {"found": False, "data": {}}
        if not self._shell.enable_html_pager:
            data.pop("text/html", None)
        return {"found": True, "data": data}

    def is_complete(self, header: dict[str, Any]) -> dict[str, Any]:
        status, indent = self._shell.check_complete(header["code"])
        return {"status": status, "indent": indent}

    def _completions(self, code: str, cursor: int) -> dict[str, Any]:
        until = time.monotonic() + COMPLETION_S
        found = []
        with provisionalcompleter():
            for completion in self._shell.Completer.completions(code, cursor):
                found.append(completion)
                if len(found) >= MATCHES_MOST or time.monotonic() > until:
                    break
            rectified = list(rectify_completions(code, found))
        start, end = cursor, cursor
        matches = []
        for completion in rectified:
            start, end = completion.start, completion.end
            matches.append(
                {
                    "text": completion.text,
                    "kind": "" if completion.type == "<unknown>" else completion.type,
                    "signature": completion.signature or "",
                }
            )
        if not matches:
            typed = _NAME.search(code[:cursor])
            start = typed.start() if typed else cursor
        return {"matches": matches, "start": start, "end": end}


def _code_and_cursor(header: dict[str, Any]) -> tuple[str, int]:
    code: str = header["code"]
    cursor = header.get("cursor")
    return code, len(code) if cursor is None else max(0, min(int(cursor), len(code)))


def _retried(attempt: Any) -> Any:
    """The cell that runs may change the namespace under us; then look again."""
    for _ in range(CHANGED_RETRIES):
        try:
            return attempt()
        except RuntimeError as error:
            if "changed size during iteration" not in str(error):
                raise
    return attempt()
