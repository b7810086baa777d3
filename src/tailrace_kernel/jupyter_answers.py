"""What Jupyter's protocol asks of a kernel beyond our own questions: who it is, its history.

History is that of this kernel, from IPython's lists in memory; nothing is read from or
written to a history file.
"""

import fnmatch
import importlib.util
import platform
import sys
from collections.abc import Iterator
from typing import Any

import IPython

from tailrace_kernel.shell import ZMQInteractiveShell

Entry = tuple[int, int, Any]

SESSION = 1  # the number of this kernel's session: there is no other
HISTORY_MOST = 10_000


class JupyterAnswers:
    def __init__(self, shell: ZMQInteractiveShell) -> None:
        self._shell = shell

    def kernel_info(self, _: dict[str, Any]) -> dict[str, Any]:
        """The content of a `kernel_info_reply`, without what only a server knows."""
        version = platform.python_version()
        return {
            "implementation": "tailrace",
            "implementation_version": IPython.__version__,
            "language_info": {
                "name": "python",
                "version": version,
                "mimetype": "text/x-python",
                "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
                "pygments_lexer": f"ipython{sys.version_info[0]}",
                "nbconvert_exporter": "python",
                "file_extension": ".py",
            },
            "banner": f"Python {version}\nIPython {IPython.__version__}",
            "help_links": [
                {"text": "Python Reference", "url": f"https://docs.python.org/{_minor()}"},
                {
                    "text": "IPython Reference",
                    "url": "https://ipython.org/documentation.html",
                },
            ],
            "subshells": True,
            "debugger": importlib.util.find_spec("debugpy") is not None,
            "execution_count": self._shell.execution_count,
        }

    def history(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The content of a `history_reply`: `range`, `tail` or `search`."""
        entries = list(self._entries(raw=bool(asked.get("raw", True))))
        count = asked.get("n")
        match asked.get("access"):
            case "range":
                entries = self._range(entries, asked)
                count = None
            case "search":
                pattern = str(asked.get("pattern") or "*")
                entries = [e for e in entries if fnmatch.fnmatchcase(e[2], pattern)]
                if asked.get("unique"):
                    entries = list({entry[2]: entry for entry in entries}.values())
            case _:
                pass
        if isinstance(count, int):
            entries = entries[-count:] if count > 0 else []
        entries = entries[-HISTORY_MOST:]
        if asked.get("output"):
            history: Any = self._shell.history_manager
            outputs = history.output_hist_reprs
            entries = [(one, line, (text, outputs.get(line))) for one, line, text in entries]
        return {"history": entries}

    def _entries(self, *, raw: bool) -> Iterator[Entry]:
        history: Any = self._shell.history_manager
        texts = history.input_hist_raw if raw else history.input_hist_parsed
        for line, text in enumerate(list(texts)):
            if line > 0:  # IPython counts from 1
                yield SESSION, line, text

    def _range(self, entries: list[Entry], asked: dict[str, Any]) -> list[Entry]:
        session = int(asked.get("session") or 0)
        if session > 0 and session != SESSION:
            return []
        if session < 0:
            return []  # sessions before this one
        start, stop = int(asked.get("start") or 0), asked.get("stop")
        last = max((line for _, line, _ in entries), default=0)
        if start < 0:
            start += last + 1
        end = last + 1 if stop is None else int(stop)
        return [entry for entry in entries if start <= entry[1] < end]


def _minor() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
