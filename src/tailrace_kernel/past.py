"""IPython's history, of this kernel alone: in memory, never in a file (KER-41).

`%history` and whatever else asks for the last lines or searches them gets what this kernel
ran. IPython would ask a database, which we do not have.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from IPython.core.history import HistoryManager

Line = tuple[int, int, Any]


class PastInputs(HistoryManager):
    """`shell.history_manager`. Lines are (session, number, text or (text, output))."""

    def get_tail(
        self,
        n: int | None = 10,
        raw: bool = True,
        output: bool = False,
        include_latest: bool = False,
    ) -> Iterable[Line]:
        lines = self._lines(raw=raw, output=output)
        if not include_latest:
            del lines[-1:]
        return lines[len(lines) - min(len(lines), 10 if n is None else n) :]

    def search(
        self,
        pattern: str = "*",
        raw: bool = True,
        search_raw: bool = True,
        output: bool = False,
        n: int | None = None,
        unique: bool = False,
    ) -> Iterable[Line]:
        looked_at = self.input_hist_raw if search_raw else self.input_hist_parsed
        texts = list(looked_at)
        found = [
            line
            for line in self._lines(raw=raw, output=output)
            if fnmatchcase(texts[line[1]], pattern)
        ]
        if unique:
            found = list({texts[line[1]]: line for line in found}.values())
        return found if n is None else found[len(found) - min(len(found), n) :]

    def _lines(self, *, raw: bool, output: bool) -> list[Line]:
        texts = list(self.input_hist_raw if raw else self.input_hist_parsed)
        outputs = self.output_hist_reprs
        return [
            (self.session_number, number, (text, outputs.get(number)) if output else text)
            for number, text in enumerate(texts)
            if number > 0  # IPython counts from 1
        ]
