from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tailrace_kernel.gather import PAYLOAD_BYTES, Gather
from tailrace_kernel.spool import Spool
from tailrace_kernel.wire import FrameBuffer


class SpoolStory(RuleBasedStateMachine):
    """A reader that attaches again and again ends up with every frame once, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool(limit_bytes=500)
        self.added = 0
        self.acknowledged = 0
        self.received: list[int] = []
        self.buffer = FrameBuffer()

    @rule(size=st.integers(0, 80))
    def add(self, size: int) -> None:
        self.spool.add(b'{"kind":"text"}', b"x" * size)
        self.added += 1

    @rule(most=st.integers(1, 300))
    def send(self, most: int) -> None:
        data = b"".join(self.spool.unsent(most=3))[:most]
        self.spool.sent(len(data))
        self.received += [header["seq"] for header, _ in self.buffer.feed(data)]

    @rule()
    def acknowledge(self) -> None:
        if self.received:
            self.acknowledged = self.received[-1]
            self.spool.acknowledge(self.acknowledged)

    @rule()
    def attach_again(self) -> None:
        self.buffer = FrameBuffer()
        self.spool.rewind(self.received[-1] if self.received else 0)

    @invariant()
    def received_in_order_without_gaps(self) -> None:  # KER-5
        assert self.received == list(range(1, len(self.received) + 1))

    @invariant()
    def what_is_not_acknowledged_is_kept(self) -> None:  # KER-5
        kept = [header["seq"] for header, _ in FrameBuffer().feed(b"".join(self.spool.frames()))]
        first = kept[0] if kept else self.added + 1
        assert first <= (self.received[-1] if self.received else 0) + 1 or not kept
        assert kept == list(range(first, self.added + 1))
        assert self.spool.held_bytes == sum(len(frame) for frame in self.spool.frames())


TestSpoolStory = SpoolStory.TestCase


def payloads(gather: Gather) -> list[tuple[str, str]]:
    out = []
    while (payload := gather.next_payload()) is not None:
        assert len(payload[1]) <= PAYLOAD_BYTES
        out.append((payload[0].decode(), bytes(payload[1]).decode()))
    return out


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["e1", "e2", None]),
            st.sampled_from(["stdout", "stderr"]),
            st.text(alphabet="aß𝄞\n"),
        )
    )
)
def test_gathered_text_keeps_its_order_its_stream_and_its_execution(
    written: list[tuple[str | None, str, str]],
) -> None:
    gather = Gather()
    gather.begin("e2")
    pieces = list(written)
    if pieces:
        gather.absorb(pieces)

    expected: list[list[str]] = []
    for execution_id, stream, text in written:
        head = f'{{"kind":"text","execution_id":"{execution_id or "e2"}","stream":"{stream}"}}'
        if text:
            if not expected or expected[-1][0] != head:
                expected.append([head, ""])
            expected[-1][1] += text
    assert payloads(gather) == [(head, text) for head, text in expected]
    assert gather.size == 0


def test_a_long_text_is_cut_between_characters() -> None:  # KER-6
    gather = Gather()
    gather.begin("e")
    text = "a" + "𝄞" * (PAYLOAD_BYTES // 2)
    gather.add("e", "stdout", text)

    found = payloads(gather)

    assert len(found) == 3
    assert "".join(part for _, part in found) == text


def test_text_before_the_first_execution_waits_for_it() -> None:
    gather = Gather()
    gather.add(None, "stdout", "early")
    assert payloads(gather) == []

    gather.begin("e1")

    assert [text for _, text in payloads(gather)] == ["early"]


def test_a_flood_before_the_first_execution_keeps_its_end_and_counts_the_rest() -> None:
    gather = Gather()
    for number in range(10):
        gather.add(None, "stdout", str(number) * 1_000_000)
    gather.begin("e1")

    (_, note), *rest = payloads(gather)

    assert note == "[6000000 characters written before the first cell are gone]\n"
    assert "".join(text for _, text in rest) == "".join(
        str(number) * 1_000_000 for number in range(6, 10)
    )
