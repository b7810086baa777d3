"""What the pure core costs: microseconds for a line, a chunk, a progress bar. Prints JSON.

python benchmarks/micro_core.py

"full" is an output whose head and tail are full, so that text is cut as it comes.
"""

import json
import time
from collections.abc import Callable

from tailrace.core.collapse import collapse
from tailrace.core.inputs import Stamped
from tailrace.core.step import decide, evolve
from tailrace.core.text import folded
from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Cell, Notebook
from tailrace.protocol.ids import CellId, ExecutionId, KernelId
from tailrace.protocol.outputs import StreamOutput
from tailrace.protocol.records import Record
from tailrace.protocol.reports import Text
from tailrace.protocol.state import Execution, Kernel, SessionState

EMPTY = StreamOutput(index=0, name="stdout", head="")
LINE = "x" * 99 + "\n"
CHUNK = LINE * 655
BAR = f"\r 45%|{'█' * 20}▌{' ' * 25}| 45/100 [00:01<00:01, 30.02it/s]"
COLOURED = "\x1b[32mINFO\x1b[0m some words here and there \x1b[1mbold\x1b[0m end of the line\n"


def microseconds(work: Callable[[], object], times: int, *, rounds: int = 5) -> float:
    """The best of some rounds: other work on the machine only ever adds."""
    work()
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - begin) / times)
    return round(best * 1e6, 1)


def appending(text: str, times: int, *, full: bool) -> float:
    stream = EMPTY
    for _ in range(10 if full else 0):
        stream = folded(stream, CHUNK)
    begun = stream

    def append() -> None:
        nonlocal stream
        stream = folded(stream if full else begun, text)

    return microseconds(append, times)


def one_line_in_a_session(executions: int) -> float:
    """Report in, event out, state evolved: the core's part of a line's way."""
    made = {
        ExecutionId(f"e-{number}"): Execution(
            execution_id=ExecutionId(f"e-{number}"),
            cell_id=CellId(f"c-{number}"),
            phase="finished" if number else "running",
            source="",
            stop_on_error=True,
            actor="client:a",
        )
        for number in range(executions)
    }
    first = ExecutionId("e-0")
    state = SessionState(
        executions=made,
        cells={execution.cell_id: execution_id for execution_id, execution in made.items()},
        running=first,
        kernel=Kernel(phase="ready", kernel_id=KernelId("k")),
    )
    seq = 0

    def hear() -> None:
        nonlocal state, seq
        seq += 1
        stamped = Stamped(Text(seq, first, "stdout", LINE), "kernel:k", 1.0, "seed")
        for event in decide(state, stamped).events:
            state = evolve(state, Record(state.sequence + 1, 1.0, "kernel:k", event, received=seq))

    return microseconds(hear, 5_000)


def main() -> None:
    cells = tuple(Cell(CellId(f"c-{number}"), "code", LINE * 20) for number in range(1_000))
    notebook = Notebook(cells=cells)
    data = render(notebook)
    bars = "".join(f"\r{step:3d}%|{'x' * 60}|" for step in range(1_000))
    figures = {
        "line_full_us": appending(LINE, 5_000, full=True),
        "line_in_session_of_5_us": one_line_in_a_session(5),
        "line_in_session_of_500_us": one_line_in_a_session(500),
        "chunk_64k_empty_us": appending(CHUNK, 200, full=False),
        "chunk_64k_full_us": appending(CHUNK, 200, full=True),
        "chunk_64k_no_newline_full_us": appending("x" * 65_536, 200, full=True),
        "chunk_64k_coloured_full_us": appending(COLOURED * 850, 20, full=True),
        "bar_us": appending(BAR, 5_000, full=False),
        "bar_full_us": appending(BAR, 2_000, full=True),
        "collapse_1000_updates_us": microseconds(lambda: collapse(bars), 50),
        "ipynb_bytes": len(data),
        "ipynb_parse_us": microseconds(lambda: parse(data), 3),
        "ipynb_render_us": microseconds(lambda: render(notebook), 3),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
