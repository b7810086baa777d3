"""The analyst's process: `python -m tailrace.language.worker CACHE`.

Reads questions from standard input and answers on standard output, one JSON line each. A
question that takes too long ends the process: whoever asked starts another. It ends with
its standard input, so it cannot outlive the server by more than one question.

What it learns of libraries is kept in the folder CACHE, its own: one that ends in the middle
of writing leaves half a file there, and must not spoil the cache of others. A cache that
cannot be read is removed.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress

import msgspec

from tailrace.language.analysis import answered, keep_in
from tailrace.language.questions import Question, Reply

BUDGET_S = 25.0  # the first look at a large library, on a busy machine; the next takes a tenth
MEMORY_BYTES = 3 << 30
_SPOILT = ("EOFError", "UnpicklingError")  # half a file in the cache
NICENESS = 5  # the person's own code goes first


def main() -> None:
    _be_modest()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints when it is looked at is no answer
    cache = sys.argv[1]
    keep_in(cache)

    for line in sys.stdin.buffer:
        question = msgspec.json.decode(line, type=Question)
        _allow(BUDGET_S)
        reply = _reply(question)
        if reply.problem is not None and reply.problem.startswith(_SPOILT):
            shutil.rmtree(cache, ignore_errors=True)
            reply = _reply(question)
        _allow(0)
        answers.write(msgspec.json.encode(reply) + b"\n")
        answers.flush()


def _reply(question: Question) -> Reply:
    try:
        return Reply(answer=answered(question))
    except Exception as problem:  # jedi gives up on odd texts in many ways
        return Reply(problem=f"{type(problem).__name__}: {problem}")


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
