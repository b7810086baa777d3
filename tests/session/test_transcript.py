"""The whole output, paged and searched, is what was written (SYNC-27 to SYNC-29)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.core.outputs import next_item_line
from tailrace.core.step import evolve
from tailrace.log.codec import encode_record
from tailrace.log.embedded import EmbeddedLog
from tailrace.log.event_log import EventLog, LogRecord
from tailrace.log.memory import MemoryLog
from tailrace.protocol import events as ev
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.outputs import DisplayOutput, StreamOutput
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState
from tailrace.session import search as search_module
from tailrace.session import transcript
from tailrace.session.opening import span_of
from tailrace.session.search import search
from tailrace.session.transcript import lines, text_of
from tests.session.stage import settled

X = ExecutionId("x")
CELL = CellId("a")


class Written:
    """An execution's events in a log, and the lines they come to by a model of its own."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.state = SessionState()
        self.model: list[list[tuple[str, str]]] = []
        """Line by line: what stands there, as (stream or kind, text)."""
        self._open: str | None = None  # the stream whose line was begun and not ended
        self._waiting: list[LogRecord] = []

    async def write(self, *events: ev.Event) -> None:
        for event in events:
            self._waiting.append(self._encoded(event))
            self._note(event)
        await self.log.append(self._waiting, expected=self.log.last)
        self._waiting = []

    def _encoded(self, event: ev.Event) -> LogRecord:
        record = Record(self.state.sequence + 1, 0.0, "kernel:k", event)
        stored = encode_record(record, span_of(self.state, event))
        self.state = evolve(self.state, record)
        return stored

    def _note(self, event: ev.Event) -> None:
        match event:
            case ev.TextAppended(stream=stream, text=text):
                self._note_text(stream, text)
            case ev.DisplayAppended(data=data):
                self._item("display", data["text/plain"])
            case ev.ErrorAppended(name=name):
                self._item("error", name)
            case ev.OutputsCleared(wait=wait) if not wait:
                self._open = None
            case _:
                pass

    def _item(self, kind: str, text: str) -> None:
        self.model.append([(kind, text)])
        self._open = None

    def _note_text(self, stream: str, text: str) -> None:
        for part in text.splitlines(keepends=True) if "\r" not in text else _parts(text):
            if self._open == stream:
                self.model[-1].append((stream, part))
            else:
                self.model.append([(stream, part)])
            self._open = None if part.endswith("\n") else stream

    @property
    def total(self) -> int:
        return len(self.model)

    @property
    def text(self) -> str:
        return "".join(part for line in self.model for _, part in line)


def _parts(text: str) -> list[str]:
    return [part + "\n" for part in text.split("\n")[:-1]] + [
        part for part in text.split("\n")[-1:] if part
    ]


def _ended(model: Sequence[Sequence[tuple[str, str]]]) -> str:
    """The model as one text: every line but the last ends."""
    rows = []
    for number, line in enumerate(model):
        kind = line[0][0]
        row = "t\n" if kind == "error" else "".join(part for _, part in line)
        if not row.endswith("\n") and (kind == "display" or number < len(model) - 1):
            row += "\n"
        rows.append(row)
    return "".join(rows)


def by_line(items: Sequence[dict[str, Any]]) -> dict[int, list[tuple[str, str]]]:
    """What a page's items put on each line, adjacent pieces of a stream joined."""
    found: dict[int, list[tuple[str, str]]] = {}
    for item in items:
        line = item["line"]
        if item["kind"] == "display":
            found.setdefault(line, []).append(("display", item["data"]["text/plain"]))
        elif item["kind"] == "error":
            found.setdefault(line, []).append(("error", item["name"]))
        else:
            for part in _parts(item["text"]):
                found.setdefault(line, []).append((item["stream"], part))
                line += 1
    return found


def joined(line: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    together: list[tuple[str, str]] = []
    for kind, text in line:
        if together and together[-1][0] == kind:
            together[-1] = (kind, together[-1][1] + text)
        else:
            together.append((kind, text))
    return together


def on_log(
    folder: Path | None, story: Callable[[Written], Awaitable[None]], *, kind: str = "memory"
) -> None:
    async def play() -> None:
        if kind == "memory":
            log: EventLog = MemoryLog()
        else:
            assert folder is not None
            log = await EmbeddedLog.open(folder / "log.db")
        try:
            written = Written(log)
            await written.write(ev.ExecutionQueued(X, CELL, "source"), ev.ExecutionStarted(X))
            await story(written)
        finally:
            await log.close()

    asyncio.run(play())


@pytest.fixture(params=["memory", "embedded"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def pages(written: Written, count: int, start: int = 0) -> list[dict[str, Any]]:
    """All pages one after the other, and that each follows the one before."""
    items: list[dict[str, Any]] = []
    while True:
        page = await lines(written.log, X, start=start, count=count)
        if page.end == start:
            assert page.items == []
            return items
        for item in page.items:
            assert start <= item["line"] < page.end
        assert page.end <= start + count
        items += page.items
        start = page.end


def text(said: str, stream: str = "stdout") -> ev.TextAppended:
    return ev.TextAppended(X, stream, said)  # type: ignore[arg-type]


def display(said: str) -> ev.DisplayAppended:
    return ev.DisplayAppended(X, {"text/plain": said}, {})


# ── against the model ────────────────────────────────────────────────────────

_CHARS = st.lists(
    st.sampled_from(["a", "b", "\n", "\n", " ", "é", "€", "x\rb"]), min_size=1, max_size=12
).map("".join)
_EVENTS = st.lists(
    st.one_of(
        st.builds(text, _CHARS, st.sampled_from(["stdout", "stderr"])),
        st.builds(text, _CHARS),
        st.builds(display, st.text("xy", max_size=3)),
        st.builds(lambda name: ev.ErrorAppended(X, name, "", ("t",)), st.text("E", max_size=2)),
        st.builds(lambda: ev.OutputsCleared(X, False)),
    ),
    max_size=25,
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=_EVENTS, count=st.integers(1, 6), at=st.integers(0, 30))
def test_every_line_of_every_page_is_right(events: list[ev.Event], count: int, at: int) -> None:
    async def story(written: Written) -> None:
        await written.write(*events)
        whole = [joined(line) for line in written.model]
        items = await pages(written, count)
        found = by_line(items)
        assert [joined(found[line]) for line in range(len(found))] == whole
        page = await lines(written.log, X, start=at, count=count)
        expected = dict(enumerate(whole[at : at + count], start=at))
        assert {n: joined(line) for n, line in by_line(page.items).items()} == expected
        assert page.end == (max(expected) + 1 if expected else at)
        assert written.total == next_item_line(written.state.executions[X].outputs)
        told = "".join([each async for each in text_of(written.log, X)])
        assert told == _ended(written.model)

    on_log(None, story)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=_EVENTS,
    start=st.integers(0, 20),
    query=st.text(st.sampled_from("abBAé "), min_size=1, max_size=4),
)
def test_search_finds_every_line_and_no_other(
    events: list[ev.Event], start: int, query: str
) -> None:
    async def story(written: Written) -> None:
        await written.write(*events)
        expected = []
        for number, line in enumerate(written.model):
            said = "".join(part for kind, part in line if kind in ("stdout", "stderr"))
            column = said.rstrip("\n").lower().find(query.lower())
            if column >= 0 and number >= start:
                expected.append((number, column))
        found = await search(written.log, X, query, start=start)
        assert [(match.line, match.column) for match in found.matches] == expected
        assert found.next is None

    on_log(None, story)


# ── stories ──────────────────────────────────────────────────────────────────


def test_pages_join_to_the_whole(tmp_path: Path, kind: str) -> None:
    whole = "".join(f"line {number}\n" for number in range(20_000))

    async def story(written: Written) -> None:
        for at in range(0, len(whole), 7_777):  # cut anywhere
            await written.write(text(whole[at : at + 7_777]))
        items = await pages(written, 1_000)
        assert "".join(item["text"] for item in items) == whole
        page = await lines(written.log, X, start=12_345, count=2)
        assert page.items == [
            {"kind": "text", "stream": "stdout", "line": 12_345, "text": "line 12345\nline 12346\n"}
        ]
        assert (await lines(written.log, X, start=0, count=10**6)).end == transcript.PAGE_LINES

    on_log(tmp_path, story, kind=kind)


def test_a_chunk_larger_than_a_page_is_cut_at_a_line(tmp_path: Path, kind: str) -> None:
    row = "x" * 999 + "\n"

    async def story(written: Written) -> None:
        await written.write(text(row * 10_000), text("end\n"))
        first = await lines(written.log, X, start=0, count=5_000)
        assert first.end == transcript.PAGE_CHARS // 1_000
        assert first.items[0]["text"] == row * first.end
        items = await pages(written, 5_000)
        assert "".join(item["text"] for item in items) == row * 10_000 + "end\n"

    on_log(tmp_path, story, kind=kind)


def test_a_line_longer_than_a_page_is_cut_and_says_so(tmp_path: Path, kind: str) -> None:
    async def story(written: Written) -> None:
        await written.write(text("before\n"))
        for _ in range(3_000):
            await written.write(text("x" * 3_000))
        await written.write(text("the end\nafter\n"))
        assert (await lines(written.log, X, start=0, count=10)).end == 1
        page = await lines(written.log, X, start=1, count=10)
        (item,) = page.items
        assert item["truncated"] is True
        assert len(item["text"]) == transcript.PAGE_CHARS
        assert page.end == 2
        page = await lines(written.log, X, start=2, count=10)
        assert [item["text"] for item in page.items] == ["after\n"]
        found = await search(written.log, X, "THE END")
        assert [(match.line, match.column) for match in found.matches] == [(1, 9_000_000)]
        assert found.matches[0].text.endswith("xthe end")

    on_log(tmp_path, story, kind=kind)


def test_thousands_of_records_on_one_line_are_one_line(tmp_path: Path, kind: str) -> None:
    async def story(written: Written) -> None:
        await written.write(*[text(f"{number};") for number in range(6_000)], text("\nnext"))
        whole = "".join(f"{number};" for number in range(6_000)) + "\n"
        page = await lines(written.log, X, start=0, count=1)
        assert [item["text"] for item in page.items] == [whole]
        assert page.end == 1
        page = await lines(written.log, X, start=1, count=1)
        assert [item["text"] for item in page.items] == ["next"]
        assert page.end == 2
        found = await search(written.log, X, "5000;5001")
        assert [(match.line, match.column) for match in found.matches] == [
            (0, whole.index("5000;5001"))
        ]

    on_log(tmp_path, story, kind=kind)


def test_a_search_goes_on_where_it_stopped(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SEARCH_READS", 200_000)

    async def story(written: Written) -> None:
        for begin in range(0, 60_000, 1_000):
            await written.write(
                text(
                    "".join(
                        f"{n} {'hit' if n % 9_000 == 5 else 'row'}\n"
                        for n in range(begin, begin + 1_000)
                    )
                )
            )
        found: list[int] = []
        start: int | None = 0
        asked = 0
        while start is not None:
            matches = await search(written.log, X, "Hit", start=start)
            found += [match.line for match in matches.matches]
            start = matches.next
            asked += 1
        assert found == list(range(5, 60_000, 9_000))
        assert asked > 2
        many = await search(written.log, X, "row")
        assert len(many.matches) == search_module.SEARCH_MATCHES
        assert many.next == many.matches[-1].line + 1

    on_log(tmp_path, story, kind=kind)


def test_a_query_is_text_and_columns_are_those_of_the_line(tmp_path: Path) -> None:
    async def story(written: Written) -> None:
        await written.write(
            text("İİ (.*)x\nStraße (.*) $\n"), text("err (.*", "stderr"), text(")\n")
        )
        found = await search(written.log, X, "(.*)")
        assert [(match.line, match.column) for match in found.matches] == [(0, 3), (1, 7)]
        assert (await search(written.log, X, "STRASSE")).matches == ()
        assert [each.line for each in (await search(written.log, X, "STRAßE")).matches] == [1]

    on_log(tmp_path, story)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_outputs_that_came_with_the_file_are_paged_like_any_other(
    tmp_path: Path, kind: str, count: int
) -> None:
    async def story(written: Written) -> None:
        outputs = (
            StreamOutput(0, "stdout", "a\nb"),
            StreamOutput(1, "stderr", "c\n"),
            StreamOutput(2, "stderr", "d\n"),
            DisplayOutput(3, {"text/plain": "shown"}, {}),
            StreamOutput(4, "stdout", "".join(f"{n}\n" for n in range(50))),
        )
        await written.write(ev.ExecutionFinished(X, "ok"), ev.ExecutionLoaded(X, CELL, 1, outputs))
        items = await pages(written, count)
        found = by_line(items)
        assert [joined(found[line]) for line in range(6)] == [
            [("stdout", "a\n")],
            [("stdout", "b")],
            [("stderr", "c\n")],
            [("stderr", "d\n")],
            [("display", "shown")],
            [("stdout", "0\n")],
        ]
        assert len(found) == 55
        assert next_item_line(written.state.executions[X].outputs) == 55
        assert [each.line for each in (await search(written.log, X, "49")).matches] == [54]

    on_log(tmp_path, story, kind=kind)


def test_nothing_is_found_of_what_never_ran(tmp_path: Path, kind: str) -> None:
    async def story(written: Written) -> None:
        nobody = ExecutionId("nobody")
        page = await settled(lines(written.log, nobody, start=5, count=10))
        assert (page.items, page.end) == ([], 5)
        assert (await search(written.log, nobody, "x")).next is None
        assert [each async for each in text_of(written.log, nobody)] == []

    on_log(tmp_path, story, kind=kind)
