"""Asks the analyst's process, one question at a time, and ends it when it takes too long.

The process starts with the first question and ends after some minutes without any. It is
nobody's kernel: it runs none of the notebook's code. A question that waits while a newer
one of the same asker arrives is dropped: its person has typed on.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from tailrace.language.questions import Question, Reply

LINE_BYTES = 8 << 20
WAITING_MOST = 16  # who comes then is answered by nobody, rather than by a server without memory
IDLE_S = 600.0  # then its memory is worth more than the half second a new one takes
WITHIN_S = 28.0  # beyond the process's own budget, in case that cannot be kept

log_ = logging.getLogger("tailrace.language")


class Analyst:
    def __init__(
        self,
        cache: Path,
        *,
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "tailrace.language.worker"),
        within_s: float = WITHIN_S,
    ) -> None:
        """`cache` is a folder for what is learned of libraries; `command` is what is started,
        with that folder behind it: tests give another."""
        self._command = (*command, str(cache))
        self.within_s = within_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._newest: dict[str, int] = {}
        self._asked = 0
        self._idle: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def ask(self, question: Question, asker: str) -> dict[str, Any] | None:
        """The answer; None when there is none in time, or the asker asked again since."""
        if asker not in self._newest and len(self._newest) >= WAITING_MOST:
            return None
        self._asked += 1
        mine = self._newest[asker] = self._asked
        async with self._turn:
            if self._newest.get(asker) != mine:
                return None
            del self._newest[asker]
            self._stay()
            try:
                async with asyncio.timeout(self.within_s):
                    return await self._answer(question)
            except (TimeoutError, OSError, ValueError) as problem:
                log_.info("the analyst did not answer: %r", problem)
                await self._end()
                return None
            except BaseException:  # whoever asked is gone; the answer may not become the next one's
                await self._end()
                raise
            finally:
                self._rest()

    async def close(self) -> None:
        self._newest.clear()
        await self._end()  # who waits for an answer has none then
        async with self._turn:
            self._stay()
            await self._end()

    async def _answer(self, question: Question) -> dict[str, Any] | None:
        process = await self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(question) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            log_.info("the analyst ended at a question (%s)", question.kind)
            await self._end()
            return None
        reply = msgspec.json.decode(line, type=Reply)
        if reply.problem is not None:
            log_.info("the analyst: %s", reply.problem)
        return reply.answer

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LINE_BYTES,
                cwd=Path(__file__).parent,  # not where notebooks are: nothing there is imported
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _rest(self) -> None:
        """Let the process go after a while; it ends with its standard input."""
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._dismiss)

    def _dismiss(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
