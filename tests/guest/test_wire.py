import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace_kernel.wire import (
    FrameBuffer,
    WireError,
    encode,
    join_buffers,
    read_frame,
    send_frame,
    split_buffers,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(st.text(), json_values, max_size=4)


def without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


@given(frames=st.lists(st.tuples(headers, st.binary(max_size=200))), cut=st.integers(1, 50))
def test_frames_cut_anywhere_come_out_whole_and_in_order(
    frames: list[tuple[dict[str, object], bytes]], cut: int
) -> None:  # KER-1
    data = b"".join(encode(header, payload) for header, payload in frames)
    buffer = FrameBuffer()
    out = []
    for start in range(0, len(data), cut):
        out += buffer.feed(data[start : start + cut])

    assert out == [(without_surrogates(header), payload) for header, payload in frames]


def test_a_lone_surrogate_becomes_six_visible_characters() -> None:  # KER-2
    [(header, _)] = FrameBuffer().feed(encode({"text": "a\udc80b", "\ud800": 1}))

    assert header == {"text": "a\\udc80b", "\\ud800": 1}


def test_values_that_json_lacks_become_the_nearest_it_has() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError

    sent = {"nan": float("nan"), "bytes": b"\0\1", "tuple": (1, 2), 3: {4}, "odd": Odd()}
    [(header, _)] = FrameBuffer().feed(encode(sent))

    assert header["nan"] is None
    assert header["bytes"] == "AAE="
    assert header["tuple"] == [1, 2]
    assert header["3"] == [4]
    assert "str() raised ValueError" in header["odd"]


def test_a_value_that_holds_itself_is_cut_off() -> None:
    endless: list[object] = []
    endless.append(endless)

    [(header, _)] = FrameBuffer().feed(encode({"endless": endless}))

    assert "…" in str(header)


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 8, b"\0\0\0\x08\0\0\0\x09abcd", encode({})[:-1] + b"x"]
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(WireError):
        FrameBuffer().feed(garbage + b"\0" * 16)


def test_a_frame_crosses_a_blocking_socket() -> None:
    here, there = socket.socketpair()
    with here, there:
        send_frame(here, {"kind": "ping"}, b"payload")
        here.shutdown(socket.SHUT_WR)

        assert read_frame(there) == ({"kind": "ping"}, b"payload")
        assert read_frame(there) is None


@given(st.lists(st.binary()))
def test_buffers_are_cut_where_they_were_joined(buffers: list[bytes]) -> None:  # KER-6
    sizes, payload = join_buffers(buffers)

    assert split_buffers(sizes, payload) == buffers
