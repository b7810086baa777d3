from hypothesis import given
from hypothesis import strategies as st

from tailrace_kernel.overwritten import without_overwritten


def screen(text: str, line: list[tuple[str, str]] | None = None) -> tuple[list[object], str]:
    """What a terminal shows: lines of (character, colour), and the colour that is on."""
    lines: list[object] = []
    cells: list[tuple[str, str]] = []
    column, colour, index = 0, "", 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == "\n":
            lines.append(tuple(cells))
            cells, column = [], 0
        elif character == "\r":
            column = 0
        elif character == "\b":
            column = max(0, column - 1)
        elif character == "\x1b":
            end = next(i for i in range(index, len(text)) if text[i] in "mKC")
            body, kind = text[index + 1 : end], text[end]
            index = end + 1
            if kind == "m":
                colour = "" if body in ("", "0") else colour + body + ";"
            elif kind == "C":
                column += 1
            elif body == "2":
                cells = [(" ", "")] * column
            else:
                cells = cells[:column]
        else:
            cells += [(" ", "")] * (column + 1 - len(cells))
            cells[column] = (character, colour)
            column += 1
    lines.append(tuple(cells))
    return [*lines, column], colour


pieces = st.sampled_from(
    ["a", "bc", "def", "ß", " ", "\r", "\r", "\r", "\n", "\b", "\x1b[31m", "\x1b[1m", "\x1b[0m",
     "\x1b[m", "\x1b[K", "\x1b[2K", "\x1b[C"]
)  # fmt: skip
texts = st.lists(pieces, max_size=25).map("".join)


def trimmed(shown: tuple[list[object], str]) -> tuple[list[object], str]:
    """Blank cells at the end of a line cannot be told from none."""
    *lines, column = shown[0]
    return [
        tuple(cells[: max((i + 1 for i, c in enumerate(cells) if c[0] != " "), default=0)])
        for cells in lines
        if isinstance(cells, tuple)
    ] + [column], shown[1]


@given(before=texts, text=texts, after=texts)
def test_the_screen_is_the_same_with_and_without_what_was_overwritten(
    before: str, text: str, after: str
) -> None:
    shorter = without_overwritten(text)

    assert len(shorter) <= len(text)
    assert trimmed(screen(before + shorter + after)) == trimmed(screen(before + text + after))


def test_of_many_states_the_last_is_left() -> None:
    bar = "".join(f"\r{percent:3d}% |{'#' * (percent // 10):10}|" for percent in range(101))

    assert without_overwritten(bar) == "\r100% |##########|"


def test_a_state_that_is_longer_than_the_last_stays() -> None:
    assert without_overwritten("\rlong state\rshort") == "\rlong state\rshort"


def test_text_before_the_first_return_stays_for_it_may_continue_a_line() -> None:
    assert without_overwritten("tail\rA\rB") == "tail\rB"


def test_coloured_states_are_dropped_with_their_colours_closed() -> None:
    states = "".join(f"\r\x1b[32m{number:2d}\x1b[0m" for number in range(5))

    assert without_overwritten(states) == "\r\x1b[0m\x1b[32m 4\x1b[0m"


def test_lines_end_in_return_and_newline_unharmed() -> None:
    assert without_overwritten("a\r\nb\r\n\r\n") == "a\r\nb\r\n\r\n"
