"""The contract, played against each way to start a kernel and to reach it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tailrace.kernels.kernel import KernelProvider
from tailrace.kernels.scripted import Ask, Fail, Hold, Say, ScriptedProvider, Show
from tests.kernels import contract
from tests.kernels.contract import KernelContract, ProcessContract
from tests.kernels.stage import FORK, LOOPBACK, PLAIN, SPAWN

SCRIPT = {
    contract.ADD: (Show({"text/plain": "2"}, execution_count=1),),
    contract.LINES: tuple(Say(f"line {n}\n") for n in range(100)),
    contract.FLOOD: tuple(Say(f"line {n}\n") for n in range(3000)),
    contract.MIXED: (Say("a\n"), Say("b\n", "stderr"), Say("c\n")),
    contract.SLOW: (Say("begun\n"), Hold()),
    contract.RAISE: (Fail("ValueError", "no"),),
    contract.INPUT: (Ask("name? "),),
}


class TestScripted(KernelContract):
    @asynccontextmanager
    async def open(self) -> AsyncIterator[KernelProvider]:
        provider = ScriptedProvider(SCRIPT)
        try:
            yield provider
        finally:
            await provider.end()


class TestForked(ProcessContract):
    environ = FORK


class TestSpawned(ProcessContract):
    environ = SPAWN


class TestLoopback(ProcessContract):
    environ = LOOPBACK


class TestPlain(ProcessContract):
    """The way of Windows (KER-27), on this system."""

    environ = PLAIN
