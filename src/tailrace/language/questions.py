"""The questions about a text and their answers, as the analyst's process is told them."""

from typing import Any, Literal

from msgspec import Struct

Kind = Literal["complete", "signature", "describe", "definition", "uses"]


class Question(Struct, frozen=True):
    """About one position of one text. `folder` is the notebook's; `packages` are folders
    with libraries of another environment, looked into but never run; null: the server's own."""

    kind: Kind
    text: str
    line: int
    column: int
    folder: str
    packages: list[str] | None = None


class Reply(Struct, frozen=True):
    """`problem` where the question could not be answered: for the log, not for people."""

    answer: dict[str, Any] | None = None
    problem: str | None = None
