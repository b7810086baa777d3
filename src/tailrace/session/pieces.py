"""A whole state as bytes and back, without holding up the event loop.

Encoding is one call that lets nobody else run until it ends: a state with hundreds of long
outputs would stop every session of the server for as long. So the executions of a large state
are encoded one by one in a thread, between which others get their turn, and then only joined.
The state does not change meanwhile: it is a value, and its actor waits.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from tailrace.core.outputs import weight_of
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.outputs import Outputs
from tailrace.protocol.state import Execution, SessionState

LARGE = 1 << 20  # weight of outputs; what is below takes a millisecond or two


async def in_pieces(state: SessionState, encode: Callable[[object], bytes]) -> SessionState:
    """`state`, ready to be encoded in one short step by the encoder that `encode` is of."""
    if sum(_weight(execution.outputs) for execution in state.executions.values()) < LARGE:
        return state
    pieces: Any = await asyncio.to_thread(_encoded, state.executions, encode)
    return replace(state, executions=pieces)


def _weight(outputs: Outputs) -> int:
    # `weight` leaves out the last item, which may still grow.
    return outputs.weight + (weight_of(outputs.items[-1]) if outputs.items else 0)


def _encoded(
    executions: dict[ExecutionId, Execution], encode: Callable[[object], bytes]
) -> dict[ExecutionId, msgspec.Raw]:
    return {name: msgspec.Raw(encode(execution)) for name, execution in executions.items()}


_execution = msgspec.msgpack.Decoder(Execution)
_fields = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_pieces = msgspec.msgpack.Decoder(dict[ExecutionId, msgspec.Raw])


async def state_from(body: bytes | msgspec.Raw) -> SessionState:
    """The state that was encoded as MessagePack, whether in pieces or not."""
    fields = _fields.decode(body)
    pieces = _pieces.decode(fields.pop("executions"))
    rest = msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=SessionState)
    if len(memoryview(body)) < LARGE:
        executions = _decoded(pieces)
    else:
        executions = await asyncio.to_thread(_decoded, pieces)
    return replace(rest, executions=executions)


def _decoded(pieces: dict[ExecutionId, msgspec.Raw]) -> dict[ExecutionId, Execution]:
    return {name: _execution.decode(piece) for name, piece in pieces.items()}
