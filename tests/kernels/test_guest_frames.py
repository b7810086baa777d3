"""A guest's frames become reports: joined where they may be, once each (KER-5, KER-24)."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.kernels.framing import Frame
from tailrace.kernels.guest_frames import ReportReader, attached_of
from tailrace.protocol.reports import CommMessage, Finished, Report, Text


def text(seq: int, said: str, *, of: str = "x1", to: str = "stdout") -> Frame:
    return header(kind="text", seq=seq, execution_id=of, stream=to), said.encode()


def finished(seq: int, of: str = "x1") -> Frame:
    return (
        header(
            kind="finished",
            seq=seq,
            execution_id=of,
            status="ok",
            execution_count=1,
            took_ms=1.5,
        ),
        b"",
    )


def header(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def read(frames: list[Frame], received: int = 0) -> list[Report]:
    return ReportReader(received).read(frames)[0]


def test_adjacent_text_of_one_stream_is_one_report_with_the_last_number() -> None:  # KER-24
    reports = read([text(1, "a"), text(2, "b"), text(3, "é"), finished(4)])

    assert reports == [Text(3, "x1", "stdout", "abé"), Finished(4, "x1", "ok", 1, 1.5)]


def test_text_of_another_stream_or_execution_stays_apart() -> None:
    reports = read([text(1, "a"), text(2, "b", to="stderr"), text(3, "c"), text(4, "d", of="x2")])

    assert [each.text for each in reports if isinstance(each, Text)] == ["a", "b", "c", "d"]


def test_frames_that_were_had_are_passed_over() -> None:  # KER-5
    reader = ReportReader(received=2)
    reports, _ = reader.read([text(1, "a"), text(2, "b"), text(3, "c")])

    assert reports == [Text(3, "x1", "stdout", "c")]
    assert reader.received == 3


def test_a_comms_payload_is_cut_into_its_buffers() -> None:  # KER-6
    frame = header(
        kind="comm-message", seq=1, comm_id="m", data={"a": 1}, metadata={}, buffer_sizes=[2, 0, 3]
    )

    assert read([(frame, b"abcde")]) == [CommMessage(1, "m", {"a": 1}, {}, (b"ab", b"", b"cde"))]


def test_a_comm_s_buffer_may_be_empty() -> None:  # KER-6
    frame = header(
        kind="comm-message", seq=1, comm_id="m", data={"a": 1}, metadata={}, buffer_sizes=[0]
    )

    assert read([(frame, b"")]) == [CommMessage(1, "m", {"a": 1}, {}, (b"",))]


def test_a_frame_nobody_knows_is_passed_over_and_what_follows_is_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        reports = read([text(1, "a"), (header(kind="sung", seq=2), b""), text(3, "b")])

    assert [each.seq for each in reports] == [3]
    assert isinstance(reports[0], Text)
    assert reports[0].text == "ab"
    assert "passed over" in caplog.text


def test_the_greeting_is_a_report_of_its_own() -> None:  # KER-4
    attached = attached_of(
        header(
            kind="attached",
            kernel_id="k",
            pid=7,
            python="3.12.1",
            version="0.1.0",
            running=None,
            known=["x1"],
            last=9,
        )
    )

    assert (attached.seq, attached.pid, attached.known) == (0, 7, ("x1",))


@given(
    st.lists(st.tuples(st.sampled_from(["x1", "x2"]), st.sampled_from(["stdout", "stderr"]))),
    st.data(),
)
def test_whatever_is_sent_again_each_letter_comes_once(
    written: list[tuple[str, str]], data: st.DataObject
) -> None:  # KER-5
    frames = [
        text(number, f"<{number}>", of=of, to=to) for number, (of, to) in enumerate(written, 1)
    ]
    reader = ReportReader(0)
    got = ""
    while reader.received < len(frames):
        begin = data.draw(st.integers(0, reader.received))
        end = data.draw(st.integers(reader.received + 1, len(frames)))
        reports, _ = reader.read(frames[begin:end])
        got += "".join(each.text for each in reports if isinstance(each, Text))

    assert got == "".join(f"<{number}>" for number in range(1, len(frames) + 1))
