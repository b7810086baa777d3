"""The analyst's process: `python -m tailrace.language.worker`.

Reads questions from standard input and answers on standard output, one JSON line each. A
question that takes too long ends the process: whoever asked starts another. It ends with
its standard input, so it cannot outlive the server by more than one question.
"""

import os
import signal
import sys
from contextlib import suppress

import msgspec

from tailrace.language.questions import Question, Reply

BUDGET_S = 12.0  # the first look at a large library; its next one takes a tenth
MEMORY_BYTES = 3 << 30
NICENESS = 5  # the person's own code goes first


def main() -> None:
    _be_modest()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints when it is looked at is no answer
    from tailrace.language.analysis import answered

    for line in sys.stdin.buffer:
        _allow(BUDGET_S)
        try:
            reply = Reply(answer=answered(msgspec.json.decode(line, type=Question)))
        except Exception as problem:  # jedi gives up on odd texts in many ways
            reply = Reply(problem=f"{type(problem).__name__}: {problem}")
        _allow(0)
        answers.write(msgspec.json.encode(reply) + b"\n")
        answers.flush()


def _allow(seconds: float) -> None:
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _be_modest() -> None:
    sys.setrecursionlimit(3_000)
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
