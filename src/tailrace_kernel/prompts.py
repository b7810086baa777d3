"""`input()` and `getpass()`: a pending prompt is a reported object that any client may answer.

Works from any thread. The wait is interruptible in the main thread. A cancelled prompt
raises EOFError, as Ctrl-D at a terminal does. A forked child cannot ask.
"""

import builtins
import getpass
import io
import itertools
import queue
import sys
from typing import Any

from IPython.core.error import StdinNotImplementedError

from tailrace_kernel.interrupts import interruptible
from tailrace_kernel.outlet import Outlet

Answer = tuple[bool, str]
"""Whether it was answered (false: cancelled), and the value."""


class Prompts:
    def __init__(self, outlet: Outlet, kernel_id: str) -> None:
        self._outlet = outlet
        self._waiting: dict[str, queue.SimpleQueue[Answer]] = {}
        self._ids = (f"{kernel_id}-{number}" for number in itertools.count(1))

    def install(self) -> None:
        """Replace what Python has for asking."""
        builtins.input = self.input
        getpass.getpass = self.getpass
        sys.stdin = PromptedStdin(self)

    def input(self, prompt: object = "", /) -> str:
        return self.ask(str(prompt), password=False)

    def getpass(
        self, prompt: str = "Password: ", stream: Any = None, *, echo_char: str | None = None
    ) -> str:
        return self.ask(str(prompt), password=True)

    def ask(self, prompt: str, *, password: bool) -> str:
        execution_id = self._outlet.execution_now()
        if self._outlet.is_child or not execution_id:
            raise EOFError("input() works in a cell and its threads, not in a child process")
        if not self._outlet.asked_of(execution_id).get("allow_stdin", True):
            raise StdinNotImplementedError(
                "input was asked for, but this frontend does not support input requests."
            )
        prompt_id = next(self._ids)
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._waiting[prompt_id] = answers
        common = {"execution_id": execution_id, "prompt_id": prompt_id}
        done: dict[str, Any] = {"kind": "input-done", **common, "value": None, "cancelled": True}
        try:
            self._outlet.link.put(
                {"kind": "input-request", **common, "prompt": prompt, "password": password}
            )
            answered, value = _wait(answers)
            if answered:
                done.update(value=None if password else value, cancelled=False)
        finally:
            del self._waiting[prompt_id]
            self._outlet.link.put(done, force=True)
        if not answered:
            raise EOFError("the prompt was cancelled")
        return value

    def answer(self, prompt_id: str, value: str | None) -> None:
        """From the control thread. An answer to a prompt that is gone is too late: ignored."""
        answers = self._waiting.get(prompt_id)
        if answers is not None:
            answers.put((value is not None, value or ""))


@interruptible
def _wait(answers: "queue.SimpleQueue[Answer]") -> Answer:
    return answers.get()


class PromptedStdin(io.TextIOBase):
    """`sys.stdin`: each line read is a prompt without text."""

    encoding = "UTF-8"
    errors = "strict"
    name = "<stdin>"
    mode = "r"

    def __init__(self, prompts: Prompts) -> None:
        super().__init__()
        self._prompts = prompts
        self._rest = ""

    def readable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        """Stay open, as stdout does."""

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        if not self._rest:
            try:
                self._rest = self._prompts.ask("", password=False) + "\n"
            except EOFError:
                return ""
        cut = len(self._rest) if size is None or size < 0 else size
        line, self._rest = self._rest[:cut], self._rest[cut:]
        return line

    def read(self, size: int | None = -1, /) -> str:
        """`size` characters of a line, or all lines up to a cancelled prompt."""
        if size is not None and size >= 0:
            return self.readline(size)
        return "".join(iter(self.readline, ""))
