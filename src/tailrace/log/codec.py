"""Between the records a session works with and the opaque ones a log keeps.

The body is the record's own MessagePack form, the same bytes that go out to clients, so
that a record is encoded once. `kind` is the event's tag; `topic` is the execution whose
transcript the event belongs to, and the caller says which lines of it the event spans.
Updates of a display are a topic of their own, for the display may be out of sight.

Old logs stay readable for ever: events are added to, never edited. Should a kind ever have
to change all the same, `UPGRADES` turns its stored form into today's. A kind that neither
side knows was written by a newer version, and `LogVersion` says so; nothing is guessed.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from tailrace import __version__
from tailrace.log.event_log import LogRecord
from tailrace.protocol.errors import LogDamaged, LogVersion
from tailrace.protocol.events import (
    DisplayAppended,
    DisplayUpdated,
    ErrorAppended,
    Event,
    ExecutionLoaded,
    OutputsCleared,
    TextAppended,
)
from tailrace.protocol.records import Record

Upgrades = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]
"""Stored kind → what turns such a record, as plain values, into one of today's."""

UPGRADES: Upgrades = {}

KINDS: dict[type, str] = {event: str(event.__struct_config__.tag) for event in get_args(Event)}
_KNOWN = frozenset(KINDS.values())

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record, span: tuple[int, int] | None = None) -> LogRecord:
    """`record` as the log keeps it. `span` is the line its output begins on and how many
    lines it takes, of the execution's transcript."""
    position, extent = span or (0, 0)
    return LogRecord(
        sequence=record.sequence,
        at=record.at,
        kind=KINDS[type(record.event)],
        body=_encoder.encode(record),
        topic=topic_of(record.event),
        position=position,
        extent=extent,
    )


def decode_record(stored: LogRecord, *, upgrades: Upgrades = UPGRADES) -> Record:
    """The record that `encode_record` was given.

    Raises `LogVersion` for a kind only a newer version knows, `LogDamaged` when the body
    is not what its kind says.
    """
    try:
        if upgrade := upgrades.get(stored.kind):
            return msgspec.convert(upgrade(msgspec.msgpack.decode(stored.body)), Record)
        if stored.kind not in _KNOWN:
            raise LogVersion(
                found=f"record {stored.sequence} of kind {stored.kind!r}",
                needs=f"newer than {__version__}",
            )
        return _decoder.decode(stored.body)
    except msgspec.DecodeError as error:
        raise LogDamaged(
            f"record {stored.sequence} ({stored.kind}) cannot be read: {error}"
        ) from error


def topic_of(event: Event) -> str | None:
    """The execution whose transcript `event` belongs to, or the display that it updates."""
    match event:
        case (
            TextAppended(execution_id=execution_id)
            | DisplayAppended(execution_id=execution_id)
            | ErrorAppended(execution_id=execution_id)
            | OutputsCleared(execution_id=execution_id)
            | ExecutionLoaded(execution_id=execution_id)
        ):
            return execution_id
        case DisplayUpdated(display_id=display_id):
            return display_topic(display_id)
        case _:
            return None


def display_topic(display_id: str) -> str:
    """The topic of a display's updates. A display id is any text; a topic is an id."""
    return f"display-{hashlib.sha256(display_id.encode(errors='replace')).hexdigest()[:32]}"
