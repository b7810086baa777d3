"""Text folded as a terminal would, wherever it is cut."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailrace.core import collapse as collapse_module
from tailrace.core import screen as screen_module
from tailrace.core import text as text_module
from tailrace.core.collapse import collapse
from tailrace.core.rows import SGR
from tailrace.core.screen import REACH, WIDE
from tailrace.core.text import HEAD, STEP, TAIL, folded, shown_whole
from tailrace.protocol.outputs import StreamOutput

EMPTY = StreamOutput(index=0, name="stdout", head="")


def fold(*texts: str) -> StreamOutput:
    stream = EMPTY
    for text in texts:
        stream = folded(stream, text)
    return stream


def shown(*texts: str) -> str:
    stream = fold(*texts)
    assert not stream.omitted_chars
    return stream.head


# ── the language ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("a\nb", "a\nb"),
        ("12%\r13%", "13%"),
        ("100%\r5%", "5%0%"),
        ("ab\r\ncd\r\n", "ab\ncd\n"),
        ("ab\b\bX", "Xb"),
        ("a\n\b\bb", "a\nb"),
        ("abc\x1b[2D\x1b[K", "a"),
        ("abc\x1b[D\x1b[1Kd", "   "[:2] + "d"),
        ("abc\r\x1b[2Kx", "x"),
        ("one\ntwo\x1b[A\rX\nY", "Xne\nYwo"),
        ("one\ntwo\x1b[AX", "oneX\ntwo"),
        ("a\nb\nc\x1b[2A\r\x1b[Jd", "d"),
        ("a\x1b[5GX", "a   X"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[31m\x1b[1mred\x1b[m.", "\x1b[1;31mred\x1b[0m."),
        ("\x1b[31ma\nb", "\x1b[31ma\x1b[0m\n\x1b[31mb\x1b[0m"),
        ("\x1b[31mabc\x1b[0m\r--", "--\x1b[31mc\x1b[0m"),
        ("\x1b[31m\x1b[0mnothing", "nothing"),
        ("\x1b[999mx\x1b[38;5mz\x1b[38;5;300my", "xzy"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b(Bc\x1b7d", "abcd"),
        ("\x1b[2Ja\x1b[?25lb\x1b[5;5Hc", "abc"),
        ("\x1b]never\nended", "\nended"),
        ("tab\tbell\x07", "tab\tbell\x07"),
    ],
)
def test_what_is_written_is_left_as_on_a_terminal(written: str, left: str) -> None:  # OUT-5 to 11
    assert shown(written) == left
    assert shown(*written) == left


def test_a_tqdm_bar_is_one_line() -> None:  # OUT-5
    bar = [f"\r{step:3d}%|{'█' * (step // 10):10s}|" for step in range(0, 101, 10)]

    assert shown(*bar, "\n", "done\n") == "100%|██████████|\ndone\n"


def test_an_escape_that_never_ends_holds_nothing_back_for_long() -> None:  # OUT-11
    stream = fold("\x1b[" + "1" * 100, "text")

    assert stream.head == "1" * 52 + "text"
    assert fold("\x1b]" + "x" * 1_000_000).pending == "\x1b]"


# ── cuts ─────────────────────────────────────────────────────────────────────

PIECES = [
    *("a", "bb", " ", "é", "🎉", "\n", "\r", "\b", "\r\n", "x" * 30, "hello world\n", "\t"),
    *("\x1b", "[", "\x1b[", "0m", "31m", "\x1b[0m", "\x1b[1;32m", "\x1b[38;5;9m", "\x1b[m"),
    *("\x1b[A", "\x1b[2A", "\x1b[9A", "\x1b[B", "\x1b[C", "\x1b[3D", "\x1b[G", "\x1b[7G"),
    *("\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[2J", "\x1b[E", "\x1b[2F", "\x1b(B", "\x1bM"),
    *("\x1b]0;t\x07", "\x1b]8;;u\x1b\\", "\x1bP", "\x1b[?25h", "\x1b[1;1H", "\x07", "\x1b[12"),
]
terminal_text = st.lists(st.sampled_from(PIECES), max_size=50).map("".join)
plain_text = st.text(st.characters(exclude_characters="\r\b\x1b", exclude_categories=["Cs"]))


@pytest.fixture
def small_caps() -> Iterator[None]:
    """The same rules with small numbers, so that short texts reach every limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "HEAD", 64)
        patch.setattr(text_module, "TAIL", 128)
        patch.setattr(text_module, "STEP", 32)
        for module in (text_module, screen_module, collapse_module):
            patch.setattr(module, "WIDE", 12)
        patch.setattr(text_module, "REACH", 3)
        patch.setattr(screen_module, "REACH", 3)
        yield


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return [*pieces, text]


sizes = st.lists(st.integers(0, 40), max_size=12)


@pytest.mark.usefixtures("small_caps")
class TestCutAnywhere:
    @settings(max_examples=1_000)
    @given(terminal_text, sizes)
    @example("\x1b[31m" + "x" * 13 + "\r\x1b[2Kyz", [23])  # a wrapped row that is empty again
    def test_the_fold_does_not_see_how_text_was_cut(  # OUT-2
        self, text: str, sizes: list[int]
    ) -> None:
        assert fold(*cut(text, sizes)) == fold(text)

    @given(terminal_text)
    def test_one_character_at_a_time_gives_the_same(self, text: str) -> None:  # OUT-2
        assert fold(*text) == fold(text)

    @given(plain_text, sizes)
    def test_plain_text_is_kept_or_counted(self, text: str, sizes: list[int]) -> None:  # OUT-3, 15
        stream = fold(*cut(text, sizes))

        gone = stream.omitted_chars
        assert stream.head == text[: len(stream.head)]
        assert stream.tail == text[len(stream.head) + gone :]
        assert stream.omitted_lines == text[len(stream.head) :][:gone].count("\n")
        assert stream.lines == text.count("\n")
        assert bool(stream.tail) == bool(gone)

    @given(terminal_text)
    def test_no_escape_is_ever_broken(self, text: str) -> None:  # OUT-10, 16
        stream = fold(text)

        for part in (stream.head, stream.tail):
            assert "\x1b" not in SGR.sub("", part)

    @settings(max_examples=400)
    @given(terminal_text, terminal_text)
    @example("long before", "\r1\r22\r3")
    @example("abc", "\r12\r\x1b[K3")
    def test_collapsing_a_chunk_changes_nothing_visible(  # OUT-18
        self, before: str, chunk: str
    ) -> None:
        assert fold(before, collapse(chunk)) == fold(before, chunk)


@given(plain_text)
def test_plain_text_passes_unchanged(text: str) -> None:  # OUT-3
    assert shown(text) == text
    assert shown_whole(text) == text
    assert collapse(text) == text


@given(terminal_text)
def test_the_whole_is_what_the_fold_shows_while_it_fits(text: str) -> None:
    assert shown_whole(text) == shown(text)


# ── caps ─────────────────────────────────────────────────────────────────────


def test_head_and_tail_are_whole_lines_and_bounded() -> None:  # OUT-14 to 17
    lines = [f"line {number}\n" for number in range(100_000)]

    stream = fold(*("".join(lines[at : at + 1_000]) for at in range(0, 100_000, 1_000)))

    assert len(stream.head) <= HEAD
    assert TAIL - WIDE < len(stream.tail) <= TAIL + STEP + (REACH + 1) * WIDE
    kept = stream.head.count("\n"), stream.tail.count("\n")
    assert stream.head == "".join(lines[: kept[0]])
    assert stream.tail == "".join(lines[-kept[1] :])
    assert sum(kept) + stream.omitted_lines == stream.lines == 100_000


def test_a_string_without_newlines_is_bounded_too() -> None:  # OUT-13, 14
    stream = fold(*["x" * 1_000_000] * 50)

    assert len(stream.head) == HEAD
    assert len(stream.tail) <= TAIL + STEP + WIDE
    assert len(stream.head) + stream.omitted_chars + len(stream.tail) == 50_000_000


def test_colours_without_text_take_no_room() -> None:  # OUT-10, 17
    assert fold("\x1b[31m\x1b[0m" * 200_000).head == ""


def test_a_bar_at_the_end_of_a_long_output_is_still_one_line() -> None:  # OUT-4, OUT-14
    stream = fold("line\n" * 100_000, *(f"\r{step}%" for step in range(101)))

    assert stream.tail.endswith("line\n100%")


def test_twenty_thousand_updates_leave_two_in_the_log() -> None:  # OUT-18
    chunk = "".join(f"\r{step:6d}" for step in range(20_000))

    assert collapse(chunk) == "\r 19999"


def test_a_shorter_update_leaves_what_it_does_not_cover() -> None:  # OUT-18
    assert collapse("\r100 %\r5\r7\n") == "\r100 %\r7\n"
    assert collapse("\r\x1b[32mlong\x1b[0m\r\x1b[31mab\x1b[0m\r\x1b[32mxyzw\x1b[0m") == (
        "\r\x1b[0m\x1b[32mxyzw\x1b[0m"
    )
