"""The stories under `fixtures/folds/`: facts in, state out, for every language that folds.

A story is a name, the rules it shows and the events that happen, in order. The stamps
are made up: one second apart, all by one client, where the story does not say otherwise.
`tools/write_folds.py` writes them down with the state that `evolve` gives.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from tailrace.core.outputs import BUDGET, FIRST, NEWEST
from tailrace.core.screen import REACH, WIDE
from tailrace.core.text import HEAD, STEP, TAIL
from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.events import (
    CheckpointWritten,
    CommClosed,
    CommHandled,
    CommMessaged,
    CommOpened,
    ConflictResolved,
    DisplayAppended,
    DisplayUpdated,
    DocumentCreated,
    DocumentUpdated,
    ErrorAppended,
    Event,
    ExecutionFinished,
    ExecutionLoaded,
    ExecutionQueued,
    ExecutionStarted,
    ExecutionStatus,
    FileConflicted,
    InputAnswered,
    InputRequested,
    KernelDied,
    KernelInterrupted,
    KernelRequested,
    KernelStarted,
    KernelStopped,
    OutputsCleared,
    OutputsDiscarded,
    TextAppended,
)
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, OperationId, PromptId
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, Output, StreamName, StreamOutput
from tailrace.protocol.records import Record

CLIENT = "client:ada"
KERNEL = "kernel:k-1"


class Story(Struct, frozen=True):
    name: str
    rules: tuple[str, ...]
    records: tuple[Record, ...]


_STORIES: dict[str, Story] = {}


def stories() -> Sequence[Story]:
    return list(_STORIES.values())


def story(
    name: str, *rules: str
) -> Callable[[Callable[[], Sequence[Event | Record]]], Callable[[], Sequence[Event | Record]]]:
    def told(
        tell: Callable[[], Sequence[Event | Record]],
    ) -> Callable[[], Sequence[Event | Record]]:
        assert name not in _STORIES, name
        records = tuple(
            Record(sequence=place, at=1_000.0 + place, actor=CLIENT, event=each)
            if not isinstance(each, Record)
            else Record(
                sequence=place,
                at=1_000.0 + place,
                actor=each.actor,
                event=each.event,
                operation_id=each.operation_id,
                received=each.received,
            )
            for place, each in enumerate(tell(), start=1)
        )
        _STORIES[name] = Story(name, rules, records)
        return tell

    return told


# ── words the stories are told in ────────────────────────────────────────────

E1 = ExecutionId("e-1")
E2 = ExecutionId("e-2")


def by(actor: str, event: Event, *, operation: str | None = None, received: int = 0) -> Record:
    return Record(
        sequence=0,
        at=0.0,
        actor=actor,
        event=event,
        operation_id=None if operation is None else OperationId(operation),
        received=received,
    )


def queued(number: int, cell: str = "", source: str = "1+1", stop: bool = True) -> Event:
    return ExecutionQueued(ExecutionId(f"e-{number}"), CellId(cell or f"c-{number}"), source, stop)


def started(number: int) -> Event:
    return ExecutionStarted(ExecutionId(f"e-{number}"))


def finished(
    number: int, status: ExecutionStatus = "ok", count: int | None = None, ms: float | None = None
) -> Event:
    return ExecutionFinished(ExecutionId(f"e-{number}"), status, count, ms)


def wrote(text: str, to: StreamName = "stdout", number: int = 1) -> Event:
    return TextAppended(ExecutionId(f"e-{number}"), to, text)


def showed(text: str, display_id: str | None = None, number: int = 1) -> Event:
    return DisplayAppended(
        ExecutionId(f"e-{number}"), {"text/plain": text}, {}, display_id=display_id
    )


def raised(name: str = "ValueError", message: str = "no", *traceback: str) -> Event:
    return ErrorAppended(E1, name, message, traceback or ("Traceback", "ValueError: no"))


def kernel_up(number: int = 1) -> list[Event]:
    kernel_id = KernelId(f"k-{number}")
    return [KernelRequested(kernel_id), KernelStarted(kernel_id, 4711, "/usr/bin/python", "3.12.1")]


def running(*events: Event | Record) -> list[Event | Record]:
    """One cell runs on a fresh kernel while `events` happen."""
    return [*kernel_up(), queued(1), started(1), *events]


# ── text ─────────────────────────────────────────────────────────────────────


@story("adjacent text of one stream is one output", "OUT-1", "OUT-20")
def _() -> Sequence[Event | Record]:
    return running(wrote("a"), wrote("b\nc"), wrote("d\n"))


@story("stderr between two prints keeps the three apart", "OUT-20", "OUT-21")
def _() -> Sequence[Event | Record]:
    return running(wrote("a"), wrote("b", "stderr"), wrote("c\n"), wrote("d\n", "stderr"))


@story("a carriage return waits for what overwrites its line", "OUT-5")
def _() -> Sequence[Event | Record]:
    return running(wrote("one\n 10%\r"), wrote(" 20%"), wrote("\r100%"), wrote("\r 5"))


@story("a carriage return before a newline overwrites nothing", "OUT-5")
def _() -> Sequence[Event | Record]:
    return running(wrote("windows\r\nlines\r"), wrote("\nend\r"))


@story("a backspace moves back and never out of its line", "OUT-6")
def _() -> Sequence[Event | Record]:
    return running(wrote("ab\b\b\b\bX\nab\b"), wrote("Y\n\b\bZ"))


@story("erase in line takes the right part", "OUT-7")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("to the end\r\x1b[3C\x1b[K\n"),
        wrote("to the begin\x1b[8D\x1b[1K\n"),
        wrote("all of it\x1b[2K!\n"),
        wrote("beyond\x1b[1K"),
        wrote("x\r\x1b[0K"),
    )


@story("nested progress bars are as many lines as bars", "OUT-8")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("outer:   0%\n\rinner:   0%\x1b[A", "stderr"),
        wrote("\n\rinner:  50%\x1b[A", "stderr"),
        wrote("\n\rinner: 100%\x1b[A\router:  50%", "stderr"),
        wrote("\n\rinner:   0%\x1b[A", "stderr"),
        wrote("\router: 100%\n\n", "stderr"),
    )


@story("the cursor goes up no further than the rows within reach", "OUT-8", "OUT-12")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("".join(f"line {number}\n" for number in range(REACH + 20))),
        wrote("\x1b[999Atop\x1b[B\rnext"),
    )


@story("erase below drops the rows under the cursor", "OUT-9")
def _() -> Sequence[Event | Record]:
    return running(wrote("one\ntwo\nthree\nfour\x1b[2A\r\x1b[J"), wrote("2\n3\n"))


@story("columns and lines are moved to by number", "OUT-8")
def _() -> Sequence[Event | Record]:
    return running(wrote("abcdef\x1b[3GX\x1b[2CY\x1b[3DZ\n\nfoo\x1b[2Fup\x1b[Edown\x1b[20Gfar"))


@story("colours stay whole and close at each line's end", "OUT-10")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("\x1b[31mred\nstill red\x1b[0m plain \x1b[1;38;5;208mbold orange"),
        wrote("\x1b[22m orange\x1b[m none\n"),
        wrote("\x1b[38;2;1;2;3mtrue\x1b[48;5;7;4m colour\x1b[24;39;49m off\n"),
        wrote("\x1b[4:3mcurly\x1b[38:2::9:8:7mcolon\x1b[0m"),
    )


@story("what overwrites coloured text has its own colour", "OUT-10", "OUT-5")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("\x1b[32m████\x1b[0m    \r"), wrote("\x1b[31m██"), wrote("\x1b[0m\rx\x1b[5C|")
    )


@story("an escape sequence may be cut anywhere", "OUT-2", "OUT-10")
def _() -> Sequence[Event | Record]:
    return running(*map(wrote, "a\x1b[31mred\x1b[0m b\x1b]0;title\x07c\x1b(Bd\r\x1b[2Ke"))


@story("an escape sequence without its end is remembered", "OUT-2")
def _() -> Sequence[Event | Record]:
    return running(wrote("text\x1b[3"))


@story("escapes that we do not follow are dropped", "OUT-11")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("\x1b[?25la\x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\b\x1b[2Jc\x1b[5;5Hd"),
        wrote("\x1b7e\x1b8f\x1b(Bg\x1bP0;1|q\x1b\\h\x1b[>4;1mi\x1b[3\nj\x1b]never ended\nk"),
        wrote("\x1b[" + "1" * 60 + "l\x1bél"),
    )


@story("a line longer than a row goes on in a new row", "OUT-13")
def _() -> Sequence[Event | Record]:
    return running(wrote("x" * (WIDE + 10) + "\rAB"), wrote("\x1b[A\rC"), wrote("\nD\x1b[A\rE"))


@story("characters beyond the basic plane count as one", "OUT-3", "OUT-5")
def _() -> Sequence[Event | Record]:
    return running(wrote("🎉🎉🎉é中\r"), wrote("ab🚀"), wrote("\x1b[2D!"))


# ── caps ─────────────────────────────────────────────────────────────────────


@story("a long output keeps head and tail and counts between", "OUT-14", "OUT-15")
def _() -> Sequence[Event | Record]:
    lines = [f"line {number:06d} {'.' * 50}\n" for number in range(2_400)]
    return running(*(wrote("".join(lines[at : at + 400])) for at in range(0, 2_400, 400)))


@story("one endless line is cut by characters", "OUT-14", "OUT-16")
def _() -> Sequence[Event | Record]:
    alphabet = "abcdefghij"
    return running(
        *(wrote(letter * 13_011) for letter in alphabet),
        wrote("\rend"),
    )


@story("nothing is left out while it fits", "OUT-14")
def _() -> Sequence[Event | Record]:
    return running(wrote("0123456789abcde\n" * ((HEAD + TAIL) // 16)), wrote("last"))


@story("a cut never falls into an escape sequence", "OUT-16", "OUT-10")
def _() -> Sequence[Event | Record]:
    piece = "\x1b[38;2;10;20;30m0123456789abcdefghij\x1b[0;1mxyz"
    return running(wrote(piece * ((HEAD + TAIL + 3 * STEP) // 50)), wrote("\r\x1b[34mend"))


@story("the cut counts characters beyond the basic plane as one", "OUT-16", "OUT-3")
def _() -> Sequence[Event | Record]:
    return running(*(wrote(f"{place}bcdefghijklmn🎉é" * 1_600) for place in range(5)))


@story("many displays keep the first and the newest", "OUT-24")
def _() -> Sequence[Event | Record]:
    return running(*(showed(str(number)) for number in range(FIRST + NEWEST + 37)))


@story("items over the budget go, the first and the newest stay", "OUT-25")
def _() -> Sequence[Event | Record]:
    return running(
        *(showed(f"small {number}", display_id="d") for number in range(20)),
        showed("unlike the others"),
        DisplayUpdated("d", {"text/plain": "q" * (BUDGET // 12)}, {}),
        DisplayUpdated("d", {"text/plain": "small again"}, {}),
        wrote("text\n"),
    )


@story("a long error is shortened", "OUT-26")
def _() -> Sequence[Event | Record]:
    return running(
        ErrorAppended(
            E1,
            "ValueError",
            "m" * 10_000,
            ("\x1b[31m" * 700, *(f"frame {number}" for number in range(300)), "x" * 3_000),
        )
    )


# ── displays, clears, errors ─────────────────────────────────────────────────


@story("text, display, error and result stand in their order and lines", "OUT-21", "OUT-22")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("one\ntwo"),
        showed("<picture>"),
        wrote("three\n"),
        raised(),
        DisplayAppended(E1, {"text/plain": "2"}, {"a": {"b": [1, None]}}, execution_count=7),
        wrote("late"),
    )


@story("a display update applies to every display of that id", "OUT-23")
def _() -> Sequence[Event | Record]:
    return running(
        showed("a", "d"),
        showed("b"),
        showed("c", "d"),
        finished(1, "ok", 1, 2.5),
        queued(2),
        started(2),
        showed("elsewhere", "d", number=2),
        DisplayUpdated("d", {"text/plain": "new", "text/html": "<b>new</b>"}, {"k": 1}),
        DisplayUpdated("nobody", {"text/plain": "x"}, {}),
    )


@story("clear now empties the list and counts on", "OUT-27")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("a\nb"), showed("p"), wrote("open"), OutputsCleared(E1, False), wrote("c\n")
    )


@story("clear with wait empties when the next output comes", "OUT-28")
def _() -> Sequence[Event | Record]:
    return running(wrote("a\n"), OutputsCleared(E1, True), wrote("b"), wrote("c\n"))


@story("a clear that waits shows the old until then", "OUT-28")
def _() -> Sequence[Event | Record]:
    return running(wrote("open line"), showed("p"), wrote("t"), OutputsCleared(E1, True))


@story("a display after a clear that waits stands alone", "OUT-28")
def _() -> Sequence[Event | Record]:
    return running(wrote("old"), OutputsCleared(E1, True), showed("frame 2"), wrote("x"))


@story("a clear now takes back one that waits", "OUT-28")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("old"), OutputsCleared(E1, True), OutputsCleared(E1, False), wrote("a"), wrote("b")
    )


@story("output after its cell finished still belongs to it", "OUT-36")
def _() -> Sequence[Event | Record]:
    return running(wrote("a\n"), finished(1, "ok", 1, 3.0), wrote("from a thread\n"))


@story("output of a superseded execution changes nothing", "OUT-37")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("old\n"), finished(1, "ok", 1, 3.0), queued(2, "c-1"), wrote("late\n"), started(2)
    )


# ── executions ───────────────────────────────────────────────────────────────


@story("three cells wait, run and end in order", "EXE-1", "EXE-2", "EXE-9")
def _() -> Sequence[Event | Record]:
    return [
        KernelRequested(KernelId("k-1")),
        by(CLIENT, queued(1), operation="op-1"),
        by(CLIENT, queued(2, source="2+2"), operation="op-1"),
        by(CLIENT, queued(3, stop=False), operation="op-1"),
        by(KERNEL, KernelStarted(KernelId("k-1"), 99, "python", "3.12")),
        by(KERNEL, started(1)),
        by(KERNEL, wrote("1\n"), received=1),
        by(KERNEL, finished(1, "ok", 1, 1.5), received=2),
        by(KERNEL, started(2), received=2),
        by(KERNEL, finished(2, "ok", 2, 0.5), received=3),
        by(KERNEL, started(3), received=3),
    ]


@story("a failed cell aborts those behind it", "EXE-10")
def _() -> Sequence[Event | Record]:
    return [
        *running(queued(2), queued(3), raised()),
        finished(1, "error", 1, 8.0),
        finished(2, "aborted"),
        finished(3, "aborted"),
    ]


@story("a queued cell takes its new source and keeps its place", "EXE-4")
def _() -> Sequence[Event | Record]:
    return running(queued(2, source="old"), queued(3), queued(2, source="new", stop=False))


@story("a running cell run again shows the new run and ends the old", "EXE-5", "EXE-6")
def _() -> Sequence[Event | Record]:
    return running(
        wrote("first run\n"),
        queued(2, "c-1"),
        wrote("goes on\n"),
        finished(1, "ok", 1, 9.0),
        started(2),
        wrote("second run\n", number=2),
    )


@story("a running cell run again keeps both while both live", "EXE-5")
def _() -> Sequence[Event | Record]:
    return running(wrote("first run\n"), queued(2, "c-1"), wrote("goes on\n"))


@story("a cell asked for twice waits twice, and keeps what was asked", "EXE-5", "JUP-1")
def _() -> Sequence[Event | Record]:
    asked = Asked("m-1", session="s-1", silent=True, user_expressions={"x": "x"})
    one = ExecutionQueued(ExecutionId("e-2"), CellId("c-2"), "one", asked=asked)
    two = ExecutionQueued(ExecutionId("e-3"), CellId("c-2"), "two")
    return running(one, two, finished(1, "ok", 1, 1.0), started(2), CommHandled("m-2"))


@story("cancelled executions leave the queue", "EXE-7")
def _() -> Sequence[Event | Record]:
    return running(queued(2), queued(3), queued(4), finished(3, "cancelled"))


@story("outputs read from the file are shown until the cell runs", "EXE-14")
def _() -> Sequence[Event | Record]:
    outputs: tuple[Output, ...] = (
        StreamOutput(index=0, name="stdout", head="hello\r\nbar 1\rbar 2"),
        DisplayOutput(index=1, data={"text/plain": "x"}, metadata={"m": 1}),
        ErrorOutput(index=2, name="E", message="m", traceback=("t",)),
        DisplayOutput(index=3, data={"text/plain": "4"}, metadata={}, execution_count=4),
    )
    return [
        DocumentCreated("g-1", b"\x00\x01"),
        ExecutionLoaded(ExecutionId("l-1"), CellId("c-1"), 4, outputs),
        ExecutionLoaded(ExecutionId("l-2"), CellId("c-2"), None, ()),
        ExecutionLoaded(ExecutionId("l-3"), CellId("c-3"), 3, outputs[:1]),
        queued(1, "c-3"),
        ExecutionLoaded(ExecutionId("l-4"), CellId("c-3"), 9, outputs[:1]),
    ]


@story("discarded outputs are gone and running cells run on", "EXE-15")
def _() -> Sequence[Event | Record]:
    return [
        *running(wrote("a\n"), finished(1, "ok", 1, 1.0), queued(2), started(2)),
        wrote("b\nc", number=2),
        queued(3),
        OutputsDiscarded((CellId("c-1"), CellId("c-2"), CellId("c-3"), CellId("c-9"))),
        wrote("d\n", number=2),
        wrote("late\n"),
    ]


@story("an event that does not fit changes nothing", "EXE-18", "KRN-1")
def _() -> Sequence[Event | Record]:
    return running(
        started(1),
        started(9),
        finished(9),
        KernelStarted(KernelId("k-9"), 1, "p", "v"),
        KernelDied(KernelId("k-9"), DeathCause("exited", "gone", exit_code=1)),
        InputAnswered(PromptId("p-9"), "x"),
        CommClosed(CommId("m-9"), {}, True),
    )


# ── prompts ──────────────────────────────────────────────────────────────────


@story("a prompt waits until the kernel took an answer", "EXE-20", "EXE-22")
def _() -> Sequence[Event | Record]:
    return running(
        InputRequested(E1, PromptId("p-1"), "name? ", False),
        wrote("name? Ada\n"),
        InputAnswered(PromptId("p-1"), "Ada"),
        InputRequested(E1, PromptId("p-2"), "password: ", True),
    )


@story("prompts end with their execution", "EXE-24")
def _() -> Sequence[Event | Record]:
    return running(
        InputRequested(E1, PromptId("p-1"), "name? ", False), finished(1, "interrupted", 1, 9.0)
    )


# ── the kernel ───────────────────────────────────────────────────────────────


@story("a kernel is interrupted three times", "KRN-6")
def _() -> Sequence[Event | Record]:
    return running(
        KernelInterrupted(KernelId("k-1"), 1),
        KernelInterrupted(KernelId("k-1"), 2),
        KernelInterrupted(KernelId("k-1"), 3),
    )


@story("interrupts count from the start of an execution", "KRN-6")
def _() -> Sequence[Event | Record]:
    return running(
        KernelInterrupted(KernelId("k-1"), 1), finished(1, "interrupted"), queued(2), started(2)
    )


@story("a kernel dies under a running cell", "KRN-8")
def _() -> Sequence[Event | Record]:
    return [
        *running(
            by(KERNEL, wrote("last words"), received=5),
            queued(2),
            InputRequested(E1, PromptId("p-1"), "? ", False),
        ),
        finished(1, "died"),
        finished(2, "aborted"),
        KernelDied(KernelId("k-1"), DeathCause("signalled", "killed by SIGSEGV", signal="SIGSEGV")),
    ]


@story("a restart ends one kernel and asks for the next", "KRN-10")
def _() -> Sequence[Event | Record]:
    return [
        *running(
            by(KERNEL, wrote("x"), received=3),
            CommOpened(CommId("m-1"), "jupyter.widget", {"state": {}}, {}, (), True),
        ),
        finished(1, "interrupted"),
        KernelStopped(KernelId("k-1"), "restarted"),
        KernelRequested(KernelId("k-2"), "/opt/venv"),
        by("kernel:k-1", wrote("late"), received=9),
    ]


@story("a stopped kernel leaves nothing but what it showed", "KRN-9")
def _() -> Sequence[Event | Record]:
    return [
        *running(wrote("x"), finished(1, "ok", 1, 1.0)),
        KernelStopped(KernelId("k-1"), "stopped"),
    ]


# ── comms ────────────────────────────────────────────────────────────────────


@story("a late joiner gets the sum of a widget's updates", "CMM-2", "CMM-3")
def _() -> Sequence[Event | Record]:
    opened = {"state": {"value": 1, "min": 0, "a": None}, "buffer_paths": [["a"], ["b", 0]]}
    update = {"method": "update", "state": {"value": 5, "a": None}, "buffer_paths": [["a"]]}
    return [
        *kernel_up(),
        CommOpened(
            CommId("m-1"), "jupyter.widget", opened, {"version": "2.1.0"}, (b"A", b"B"), True
        ),
        CommMessaged(CommId("m-1"), update, {}, (b"A2",), True),
        CommMessaged(CommId("m-1"), {"method": "update", "state": {"value": 6}}, {}, (), False),
        CommMessaged(CommId("m-1"), {"method": "custom", "content": 1}, {}, (), True),
        CommMessaged(CommId("m-7"), update, {}, (), True),
        CommOpened(CommId("m-2"), "t", {}, {}, (), False),
        CommClosed(CommId("m-2"), {}, True),
    ]


@story("what an Output widget caught adds up", "CMM-5", "WID-11")
def _() -> Sequence[Event | Record]:
    def said(**news: object) -> CommMessaged:
        return CommMessaged(CommId("o-1"), {"method": "append-output", **news}, {}, (), True)

    picture = {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}
    return [
        *kernel_up(),
        CommOpened(CommId("o-1"), "jupyter.widget", {"state": {"outputs": []}}, {}, (), True),
        said(name="stdout", text="gone"),
        said(clear=True, name="stdout", text="first\n1 of 2"),
        said(name="stdout", text="2 of 2", replaces_line=True),
        said(name="stderr", text="oh"),
        said(output=picture),
        said(name="stderr", text="x"),
        said(name="stderr", text="y"),
        said(output=7),
    ]


# ── the file and the document ────────────────────────────────────────────────


@story("a checkpoint says what the file holds", "CHK-1")
def _() -> Sequence[Event | Record]:
    return [
        DocumentCreated("g-1", b""),
        by(CLIENT, DocumentUpdated("g-1", b"\xff"), operation="op-1"),
        by(CLIENT, DocumentUpdated("g-1", b"\xfe"), operation="op-2"),
        by("server", CheckpointWritten("ab" * 32, 3)),
    ]


@story("a conflict lasts until someone chooses", "CHK-3", "CHK-4")
def _() -> Sequence[Event | Record]:
    return [
        DocumentCreated("g-1", b""),
        by("server", CheckpointWritten("ab" * 32, 1)),
        by("server", FileConflicted("cd" * 32, "The file changed on disk.")),
    ]


@story("a conflict that was settled is gone", "CHK-4")
def _() -> Sequence[Event | Record]:
    return [
        DocumentCreated("g-1", b""),
        by("server", FileConflicted("cd" * 32, "The file changed on disk.")),
        by("server", ConflictResolved("copy", "notebook (copy).ipynb")),
        DocumentCreated("g-2", b"\x01"),
    ]


@story("operations that were answered are known again", "IDM-1")
def _() -> Sequence[Event | Record]:
    return [
        by(CLIENT, DocumentUpdated("g-1", b"\x01"), operation="op-1"),
        by(CLIENT, queued(1), operation="op-2"),
        by(CLIENT, queued(2), operation="op-2"),
        by("client:bob", DocumentUpdated("g-1", b"\x02"), operation="op-3"),
    ]
