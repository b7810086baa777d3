"""Jupyter's messages on the wire, in both forms, beside Jupyter Server's own functions."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection import base

from tailrace.jupyter.messages import CHANNELS, Message, decoded, encoded
from tailrace.jupyter.times import iso_time
from tailrace.protocol.errors import ProtocolError

texts = st.text(st.characters(codec="utf-8"), max_size=20)
maps = st.dictionaries(texts, texts | st.integers(-1000, 1000) | st.none(), max_size=3)
messages = st.builds(
    Message,
    st.sampled_from(CHANNELS),
    maps,
    maps,
    maps,
    maps,
    st.lists(st.binary(max_size=30), max_size=3).map(tuple),
)
HEADER = {"msg_id": "m-1", "msg_type": "execute_request", "session": "s", "version": "5.3"}


def given_message(*buffers: bytes) -> Message:
    return Message("shell", HEADER, {}, {"cellId": "a"}, {"code": "'ä'"}, buffers)


@given(messages, st.booleans())
def test_a_message_comes_back_as_it_went(message: Message, is_v1: bool) -> None:  # JUP-10, JUP-11
    assert decoded(encoded(message, is_v1=is_v1), is_v1=is_v1) == message


@given(st.binary(max_size=200) | texts, st.booleans())
def test_what_is_no_message_is_refused(data: bytes | str, is_v1: bool) -> None:  # JUP-11
    with contextlib.suppress(ProtocolError):
        decoded(data, is_v1=is_v1)


@pytest.mark.parametrize("buffers", [(), (b"\0\1", b"", b"abc")])
def test_the_older_form_is_jupyters(buffers: tuple[bytes, ...]) -> None:  # JUP-11
    theirs = base
    message = given_message(*buffers)

    sent = encoded(message, is_v1=False)

    if buffers:
        read: dict[str, Any] = theirs.deserialize_binary_message(sent)
        assert [bytes(each) for each in read["buffers"]] == list(buffers)
        again = theirs.serialize_binary_message(
            {**read, "header": HEADER, "buffers": list(buffers)}
        )
        assert decoded(again, is_v1=False) == message
    else:
        assert isinstance(sent, str)
        read = json.loads(sent)
    assert (read["channel"], read["header"]) == ("shell", HEADER)
    assert (read["metadata"], read["content"]) == (message.metadata, message.content)


@pytest.mark.parametrize("buffers", [(), (b"\0\1", b"", b"abc")])
def test_the_newer_form_is_jupyters(buffers: tuple[bytes, ...]) -> None:  # JUP-11
    theirs = base
    message = given_message(*buffers)

    channel, parts = theirs.deserialize_msg_from_ws_v1(encoded(message, is_v1=True))

    assert channel == "shell"
    assert [json.loads(part) for part in parts[:4]] == [HEADER, {}, *map_of(message)]
    assert list(parts[4:]) == list(buffers)
    again = theirs.serialize_msg_to_ws_v1([bytes(part) for part in parts], "shell")
    assert decoded(again, is_v1=True) == message


def map_of(message: Message) -> list[dict[str, Any]]:
    return [message.metadata, message.content]


@given(st.integers(-(10**10), 2**33), st.integers(0, 999_999))
def test_stamps_are_written_as_the_calendar_has_them(seconds: int, micros: int) -> None:  # JUP-12
    exact = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)

    written = datetime.fromisoformat(iso_time(seconds + micros / 1e6))

    assert abs((written - exact).total_seconds()) < 1e-5
