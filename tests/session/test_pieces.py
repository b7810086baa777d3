"""A large state is encoded and read back piece by piece, and others get their turn."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from tailrace.core.outputs import append_text
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.outputs import Outputs
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.pieces import LARGE, in_pieces, state_from

ENCODERS: list[Callable[[object], bytes]] = [msgspec.msgpack.encode, msgspec.json.encode]


def state_of(count: int, chars: int) -> SessionState:
    executions = {}
    for number in range(count):
        name = ExecutionId(f"x{number}")
        outputs = append_text(Outputs(), "stdout", "y" * chars + "\n")
        executions[name] = Execution(
            name, CellId(f"c{number}"), "finished", None, False, "client:a", outputs=outputs
        )
    cells = {each.cell_id: each.execution_id for each in executions.values()}
    return SessionState(sequence=7, generation="g", executions=executions, cells=cells)


@pytest.mark.parametrize("encode", ENCODERS)
def test_in_pieces_it_is_the_same_bytes(encode: Callable[[object], bytes]) -> None:
    small, large = state_of(3, 100), state_of(40, LARGE // 20)

    for state in (small, large):
        pieces = asyncio.run(in_pieces(state, encode))
        assert encode(pieces) == encode(state)


def test_it_is_read_back_as_it_was() -> None:
    for state in (SessionState(), state_of(3, 100), state_of(40, LARGE // 20)):
        assert asyncio.run(state_from(msgspec.msgpack.encode(state))) == state


def test_others_get_their_turn_while_a_large_state_is_encoded() -> None:
    async def story() -> int:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        await in_pieces(state_of(400, LARGE), msgspec.json.encode)
        task.cancel()
        return turns

    assert asyncio.run(story()) > 2
