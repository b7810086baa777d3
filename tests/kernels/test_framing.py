"""Frames, cut from bytes that arrive in any pieces (KER-1)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.kernels.framing import Frame, FrameCutter, frame_bytes
from tailrace.protocol.errors import ProtocolError

frames = st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=200)), max_size=20)


@given(frames, st.lists(st.integers(1, 64), max_size=60))
def test_any_cutting_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:  # KER-1
    stream = b"".join(frame_bytes(header, payload) for header, payload in sent)
    cutter = FrameCutter()
    got: list[Frame] = []
    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        got += cutter.feed(piece)

    assert got == sent


def test_a_header_longer_than_its_frame_is_no_frame() -> None:
    with pytest.raises(ProtocolError, match="cannot hold"):
        FrameCutter().feed(struct.pack(">II", 10, 20))
