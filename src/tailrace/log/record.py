"""One record as it is stored: its checksum, its reach, and what may be appended.

The checksum covers every field, so that a record read back is the one that was appended or
none. `reach` is what topics are searched by: the furthest line that a topic's records up
to this one extend to. Positions never fall, so it never falls either.
"""

import math
import struct
from collections.abc import Sequence
from zlib import crc32

from tailrace.log.event_log import LogRecord
from tailrace.protocol.errors import LogError

LARGEST_BODY = 512 << 20  # SQLite's own limit for one value is 1 GB
_OVERHEAD_BYTES = 64  # of a row and its place in the index, about

_NUMBERS = struct.Struct(">qdqqqii")


def checksum_of(record: LogRecord, reach: int) -> int:
    """CRC-32 over every field of `record` and its `reach`."""
    kind = record.kind.encode()
    topic = b"" if record.topic is None else record.topic.encode()
    head = _NUMBERS.pack(
        record.sequence,
        record.at,
        record.position,
        record.extent,
        reach,
        len(kind),
        -1 if record.topic is None else len(topic),
    )
    return crc32(record.body, crc32(head + kind + topic))


def reach_after(reach: int, record: LogRecord) -> int:
    """The reach of a topic once `record` follows one that had `reach`."""
    return max(reach, record.position + record.extent)


def size_of(records: Sequence[LogRecord]) -> int:
    """About how many bytes `records` take in a store."""
    return sum([len(record.body) + len(record.topic or "") for record in records]) + (
        _OVERHEAD_BYTES * len(records)
    )


def check_batch(records: Sequence[LogRecord], expected: int) -> None:
    """Raise `ValueError` unless `records` may follow `expected`: the caller's mistake."""
    following = expected
    for record in records:
        following += 1
        if record.sequence != following:
            raise ValueError(f"record {record.sequence} given where {following} must follow")
        if record.position < 0 or record.extent < 0 or not math.isfinite(record.at):
            raise ValueError(f"record {record.sequence} has an impossible position or time")
        if len(record.body) > LARGEST_BODY:
            raise LogError(
                f"record {record.sequence} is {len(record.body) >> 20} MB; "
                f"a record may hold {LARGEST_BODY >> 20} MB, larger values belong in a blob"
            )
