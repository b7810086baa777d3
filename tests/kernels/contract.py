"""What every kernel must do, whoever provides it, and what every real process must besides.

`KernelContract` is played against all providers; the scripted one knows its sources.
`ProcessContract` adds what only processes can show, for each way to start and reach one.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from tailrace.kernels.descendants import mark_of
from tailrace.kernels.kernel import KernelProvider
from tailrace.protocol.errors import KernelStartFailed, KernelUnreachable
from tailrace.protocol.ids import CellId, ExecutionId
from tailrace.protocol.reports import Attached, Died, Display, Finished, InputRequest, Text
from tests.kernels.stage import (
    FORK,
    Remembered,
    asked_for_ever,
    descriptors,
    fresh_id,
    is_alive,
    killed,
    ran,
    run_folder,
    server,
    started,
    until_gone,
    until_group_is_gone,
)

ADD = "1+1"
LINES = "for n in range(100): print('line', n)"
MIXED = "import sys; print('a'); print('b', file=sys.stderr); print('c')"
SLOW = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)"
RAISE = "raise ValueError('no')"
INPUT = "print('hello', input('name? '))"
# Jupyter's own kernel drops messages when more than a thousand wait to be sent.
FLOOD = "for n in range(3000): print('line', n, flush=n % 10 == 9)"


class KernelContract:
    def open(self) -> AbstractAsyncContextManager[KernelProvider]:
        raise NotImplementedError

    def test_a_kernel_says_who_it_is_and_then_what_it_computes(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                finished = await ran(kernel, sink, ADD)

                assert isinstance(sink.reports[0], Attached)
                assert sink.reports[0].kernel_id == kernel.kernel_id
                assert (finished.status, finished.execution_count) == ("ok", 1)
                shown = next(each for each in sink.reports if isinstance(each, Display))
                assert shown.data["text/plain"] == "2"
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_text_comes_in_order_and_before_the_end(self) -> None:  # KER-7
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                await ran(kernel, sink, LINES)

                assert sink.text() == "".join(f"line {n}\n" for n in range(100))
                assert isinstance(sink.reports[-1], Finished)
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_the_two_streams_keep_their_order(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                await ran(kernel, sink, MIXED)

                said = [each for each in sink.reports if isinstance(each, Text)]
                assert [
                    (stream, "".join(each.text for each in group))
                    for stream, group in groupby(said, key=lambda each: each.stream)
                ] == [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")]
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_an_error_ends_its_cell_and_not_the_kernel(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                failed = await ran(kernel, sink, RAISE, "x1")
                worked = await ran(kernel, sink, ADD, "x2")

                assert (failed.status, worked.status) == ("error", "ok")
                assert (sink.errors[0].name, sink.errors[0].message) == ("ValueError", "no")
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_an_execution_handed_over_twice_is_done_once(self) -> None:  # KER-8
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), ADD)
                await ran(kernel, sink, ADD, "x1")
                await ran(kernel, sink, ADD, "x2")

                ends = [each for each in sink.reports if isinstance(each, Finished)]
                assert [each.execution_id for each in ends] == ["x1", "x2"]
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_an_interrupt_ends_the_cell_and_the_next_one_runs(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), SLOW)
                await sink.until_text("begun")
                await kernel.interrupt()
                interrupted = await sink.until_finished("x1")
                worked = await ran(kernel, sink, ADD, "x2")

                assert (interrupted.status, worked.status) == ("interrupted", "ok")
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_an_interrupt_that_comes_before_the_cell_does_is_not_lost(self) -> None:  # KER-54
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                for number in range(10):
                    kernel.execute(ExecutionId(f"x{number}"), CellId("c1"), SLOW)
                    await kernel.interrupt()
                    interrupted = await sink.until_finished(f"x{number}")

                    assert interrupted.status == "interrupted"
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_question_waits_for_its_answer(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), INPUT)
                await sink.until(lambda: _question(sink))
                kernel.answer(_question(sink).prompt_id, "Ada")
                await sink.until_finished("x1")

                assert "Ada" in sink.text()
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_server_that_comes_back_gets_exactly_what_follows(self) -> None:  # KER-5
        async def story() -> None:
            async with self.open() as provider:
                first = Remembered()
                kernel = await started(provider, first)
                await ran(kernel, first, LINES, "x1")
                await kernel.detach()
                received = first.seqs[-1] - 1

                second = Remembered()
                again = await provider.attach(kernel.kernel_id, second, received=received)
                assert again is not None
                await ran(again, second, LINES, "x2")

                assert [each.known for each in second.attached] == [("x1",)]
                assert second.reports[1] == first.reports[-1]
                assert second.seqs[0] == received + 1
                assert second.seqs == sorted(set(second.seqs))
                assert second.text() == "".join(f"line {n}\n" for n in range(100))
                await again.stop(kill=True)

        asyncio.run(story())

    def test_a_full_sink_is_waited_for_and_nothing_is_lost(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered(room=2)
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), FLOOD)
                await sink.until(lambda: len(sink.reports) >= 2)
                sink.room = None
                kernel.resume()
                await sink.until_finished("x1")

                assert sink.text() == "".join(f"line {n}\n" for n in range(3000))
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_stop_is_reported_as_one(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                await ran(kernel, sink, ADD)
                await kernel.stop(kill=False)
                cause = await sink.until_dead()

                assert cause.reason == "stopped"
                assert isinstance(sink.reports[-1], Died)
                with pytest.raises(KernelUnreachable):
                    await kernel.ask("ping", {})

        asyncio.run(story())

    def test_the_list_names_the_living_and_the_dead_until_forgotten(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                listed = {each.kernel_id: each for each in await provider.list()}
                assert listed[kernel.kernel_id].alive
                assert listed[kernel.kernel_id].label == "a story"

                await kernel.stop(kill=True)
                await sink.until_dead()
                listed = {each.kernel_id: each for each in await provider.list()}
                assert not listed[kernel.kernel_id].alive
                cause = listed[kernel.kernel_id].cause
                assert cause is not None
                assert cause.reason == "stopped"

                await provider.forget(kernel.kernel_id)
                assert kernel.kernel_id not in {each.kernel_id for each in await provider.list()}

        asyncio.run(story())

    def test_nobody_is_found_under_an_id_that_never_was(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                assert await provider.attach(fresh_id(), Remembered(), received=0) is None

        asyncio.run(story())


def _question(sink: Remembered) -> InputRequest:
    return next((each for each in sink.reports if isinstance(each, InputRequest)), None)  # type: ignore[return-value]


class ProcessContract(KernelContract):
    """`environ` says how kernels are started and reached here."""

    environ: ClassVar[Mapping[str, str]] = FORK
    run: Path

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _folder(cls) -> Iterator[None]:
        with run_folder(cls.environ) as run:
            cls.run = run
            yield

    @asynccontextmanager
    async def open(self) -> AsyncIterator[KernelProvider]:
        async with server(self.run, self.environ) as provider:
            yield provider

    # ── deaths ───────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("source", "reason", "exit_code", "signal_name"),
        [
            ("import os; print('last', flush=True); os._exit(3)", "exited", 3, None),
            ("import os; print('last'); os.kill(os.getpid(), 11)", "signalled", None, "SIGSEGV"),
            ("import os; print('last'); os.kill(os.getpid(), 9)", "signalled", None, "SIGKILL"),
            ("import os; print('last'); os.abort()", "signalled", None, "SIGABRT"),
        ],
    )
    def test_a_death_is_told_with_its_true_cause_after_the_last_line(
        self, source: str, reason: str, exit_code: int | None, signal_name: str | None
    ) -> None:  # KER-13
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), source)
                cause = await sink.until_dead()

                assert (cause.reason, cause.exit_code, cause.signal) == (
                    reason,
                    exit_code,
                    signal_name,
                )
                assert isinstance(sink.reports[-1], Died)
                assert sink.text() == "last\n"

        asyncio.run(story())

    def test_a_death_while_no_server_was_there_is_told_to_the_next(self) -> None:  # KER-13
        async def story() -> None:
            async with self.open() as provider:
                first = Remembered()
                kernel = await started(provider, first)
                (pid,) = {each.pid for each in first.attached}
                await kernel.detach()
                killed(pid)
                await until_gone(pid)

                second = Remembered()
                again = await provider.attach(kernel.kernel_id, second, received=0)
                assert again is not None
                cause = await second.until_dead()
                assert (cause.reason, cause.signal) == ("signalled", "SIGKILL")
                again.execute(ExecutionId("x1"), CellId("c1"), ADD)  # is passed over in silence
                await again.stop(kill=True)

        asyncio.run(story())

    def test_what_a_kernel_said_and_nobody_took_is_told_after_its_end(self) -> None:  # KER-18
        async def story() -> None:
            async with self.open() as provider:
                first = Remembered()
                kernel = await started(provider, first)
                (pid,) = {each.pid for each in first.attached}
                source = (
                    "import os, time\nprint('begun', flush=True)\n"
                    "while not os.path.exists(WAIT): time.sleep(0.01)\n"
                    "print('unheard', flush=True)\nos._exit(3)"
                )
                flag = self.run / f"{kernel.kernel_id}.go"
                kernel.execute(
                    ExecutionId("x1"), CellId("c1"), source.replace("WAIT", repr(str(flag)))
                )
                await first.until_text("begun\n")
                await kernel.detach()
                flag.touch()
                await until_gone(pid)

                second = Remembered()
                await provider.attach(kernel.kernel_id, second, received=first.seqs[-1])
                cause = await second.until_dead()
                assert second.text() == "unheard\n"
                assert cause.exit_code == 3

        asyncio.run(story())

    def test_a_kernel_that_does_not_listen_to_anything_is_killed_after_its_grace(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                source = (  # `while True: pass` in C: neither a thread nor a handler can run
                    "import collections, itertools\n"
                    "collections.deque(itertools.repeat(0), maxlen=0)"
                )
                kernel.execute(ExecutionId("x1"), CellId("c1"), source)
                with pytest.raises(KernelUnreachable, match="did not answer"):
                    await asked_for_ever(kernel)
                await kernel.stop(kill=False, grace_s=0.2)
                cause = await sink.until_dead()

                assert (cause.reason, cause.signal) == ("stopped", "SIGKILL")
                assert not is_alive(sink.attached[0].pid)

        asyncio.run(story())

    # ── descendants ──────────────────────────────────────────────────────────

    def test_a_kernels_end_takes_children_and_orphans_with_it(self) -> None:  # KER-14
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                await ran(kernel, sink, _CHILDREN)
                pids = [int(word) for word in sink.text().split()]
                assert len(pids) == 4
                assert all(is_alive(pid) for pid in pids)
                await kernel.stop(kill=True)
                await until_gone(*pids)

        asyncio.run(story())

    def test_a_process_that_forks_and_exits_all_the_time_does_not_outrun_the_end(self) -> None:
        async def story() -> None:  # KER-14
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                await ran(kernel, sink, _HOPPER)
                (group,) = {int(word) for word in sink.text().split()}
                os.killpg(group, 0)
                await kernel.stop(kill=True)
                await until_group_is_gone(group)

        asyncio.run(story())

    def test_children_that_keep_the_socket_open_do_not_hide_a_death(self) -> None:  # KER-14
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                source = (
                    "import os, time\npid = os.fork()\nif pid == 0:\n"
                    "    os.setsid()\n    time.sleep(600)\n    os._exit(0)\n"
                    "print(pid, flush=True)\nos._exit(4)"
                )
                kernel.execute(ExecutionId("x1"), CellId("c1"), source)
                cause = await sink.until_dead()
                assert cause.exit_code == 4
                await until_gone(int(sink.text()))

        asyncio.run(story())

    def test_an_interrupt_reaches_child_processes(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                source = (
                    "import subprocess, sys\n"
                    "child = subprocess.Popen([sys.executable, '-c',"
                    "'print(\"up\", flush=True); import time; time.sleep(600)'])\n"
                    "child.wait()"
                )
                kernel.execute(ExecutionId("x1"), CellId("c1"), source)
                await sink.until_text("up")
                (child,) = psutil.Process(sink.attached[0].pid).children()
                await kernel.interrupt()
                await sink.until_finished("x1")
                await until_gone(child.pid)
                await kernel.stop(kill=True)

        asyncio.run(story())

    # ── a clean start ────────────────────────────────────────────────────────

    def test_a_kernel_gets_the_users_environment_without_the_servers_secrets(
        self, tmp_path: Path
    ) -> None:  # KER-21
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink, cwd=tmp_path, env={"MINE": "yes"})
                source = (
                    "import os, signal\n"
                    "print(os.getcwd())\n"
                    "print(os.environ['MINE'], 'PATH' in os.environ,"
                    " [k for k in os.environ if 'TOKEN' in k])\n"
                    "print(os.getsid(0) == os.getpid(), signal.pthread_sigmask(0, []))"
                )
                await ran(kernel, sink, source)

                assert sink.text().splitlines() == [
                    str(tmp_path),
                    "yes True []",
                    "True set()",
                ]
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_kernel_inherits_no_descriptor_of_another(self) -> None:  # KER-21
        async def story() -> None:
            async with self.open() as provider:
                sinks = [Remembered(), Remembered()]
                one = await started(provider, sinks[0])
                two = await started(provider, sinks[1])
                first, second = (descriptors(sink.attached[0].pid) for sink in sinks)
                pipes = {target for target in first if target.startswith("pipe:")}
                assert pipes
                assert not pipes & second
                for kernel in (one, two):
                    await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        async def story() -> None:
            async with self.open() as provider:
                with pytest.raises(KernelStartFailed, match="nowhere"):
                    await started(provider, Remembered(), cwd=tmp_path / "nowhere")

        asyncio.run(story())

    def test_starting_twice_finds_the_first(self) -> None:  # KER-19
        async def story() -> None:
            async with self.open() as provider:
                first, second = Remembered(), Remembered()
                kernel = await started(provider, first)
                await kernel.detach()
                again = await started(provider, second, kernel_id=kernel.kernel_id)
                assert second.attached[0].pid == first.attached[0].pid
                await again.stop(kill=True)

        asyncio.run(story())

    def test_kernels_are_named_in_their_environment_for_whoever_looks(self) -> None:  # KER-14
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                assert mark_of(sink.attached[0].pid) == kernel.kernel_id
                await kernel.stop(kill=True)

        asyncio.run(story())

    # ── servers come and go ──────────────────────────────────────────────────

    def test_a_kernel_outlives_the_server_that_started_it(self) -> None:  # KER-11
        kernel_id = fresh_id()
        server_process = subprocess.run(
            [sys.executable, "-c", _DYING_SERVER, str(self.run), kernel_id],
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert server_process.returncode == -signal.SIGKILL, server_process.stderr
        pid, received = map(int, server_process.stdout.split())

        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await provider.attach(kernel_id, sink, received=received)
                assert kernel is not None
                assert sink.attached[0].pid == pid
                await sink.until_finished("x1")
                await ran(kernel, sink, "print('still', value)", "x2")

                lines = sink.text().splitlines()
                assert lines[-1] == "still 42"
                numbers = [int(line) for line in lines[:-1]]
                assert numbers == list(range(numbers[0], 60))
                assert sink.seqs == list(dict.fromkeys(sink.seqs))
                assert sink.seqs[0] > received
                await kernel.stop(kill=True)

        asyncio.run(story())

    def test_a_kernel_that_is_busy_in_c_is_attached_to_and_answers_later(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                first, second = Remembered(), Remembered()
                kernel = await started(provider, first)
                source = (  # no thread of the guest can run until this is over
                    "import collections, itertools, time; print('begun', flush=True)\n"
                    "began = time.monotonic()\n"
                    "while time.monotonic() - began < 2.5:\n"
                    "    collections.deque(itertools.repeat(0, 10**8), maxlen=0)"
                )
                kernel.execute(ExecutionId("x1"), CellId("c1"), source)
                await first.until_text("begun\n")
                await kernel.detach()
                again = await provider.attach(kernel.kernel_id, second, received=first.seqs[-1])
                assert again is not None
                again.execute(ExecutionId("x2"), CellId("c2"), "print('done')")
                await second.until_finished("x2")
                assert second.text() == "done\n"
                assert second.cause is None
                await again.stop(kill=True)

        asyncio.run(story())

    def test_the_newer_of_two_servers_has_the_kernel_and_the_older_knows(self) -> None:  # KER-25
        async def story() -> None:
            async with self.open() as one, self.open() as two:
                first, second = Remembered(), Remembered()
                kernel = await started(one, first)
                await ran(kernel, first, ADD, "x1")
                again = await two.attach(kernel.kernel_id, second, received=first.seqs[-1])
                assert again is not None
                assert "taken the kernel over" in (await first.until_dead()).message
                await ran(again, second, ADD, "x2")
                assert len(second.attached) == 1
                await again.stop(kill=True)

        asyncio.run(story())

    def test_a_connection_that_breaks_is_made_again_where_it_stopped(self) -> None:  # KER-25
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                kernel.execute(ExecutionId("x1"), CellId("c1"), _BREAKS_ITS_CONNECTIONS)
                await sink.until_finished("x1")

                assert sink.text() == "".join(f"{n}\n" for n in range(200))
                assert len(sink.attached) > 1
                assert sink.seqs == sorted(set(sink.seqs))
                await kernel.stop(kill=True)

        asyncio.run(story())


_BREAKS_ITS_CONNECTIONS = """
import os, socket, time
for n in range(200):
    print(n, flush=True)
    if n == 100:
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                link = socket.socket(fileno=os.dup(fd))
            except OSError:
                continue
            try:
                link.getpeername()
                if link.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 0:
                    if link.family == socket.AF_INET or "guest.sock" in str(link.getsockname()):
                        link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()
"""

_CHILDREN = """
import os, subprocess, sys, time
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
print(subprocess.Popen(sleeper).pid)
print(subprocess.Popen(sleeper, start_new_session=True).pid)
reading, writing = os.pipe()
if os.fork() == 0:                       # a daemon that runs another program
    os.setsid()
    os.write(writing, b"%d " % subprocess.Popen(sleeper, start_new_session=True).pid)
    os._exit(0)
if os.fork() == 0:                       # a daemon that is a fork and nothing else
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.write(writing, b"%d " % os.getpid())
        os.closerange(0, 1000)
        time.sleep(600)
    os._exit(0)
words = b""
while len(words.split()) < 2 or not words.endswith(b" "):
    words += os.read(reading, 100)
print(words.decode())
"""

_HOPPER = """
import os, time
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.write(writing, b"%d" % os.getpid())
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
    os._exit(0)
print(os.read(reading, 100).decode())
"""

_DYING_SERVER = """
import asyncio, os, signal, sys
from pathlib import Path
from tailrace.kernels.provider import HostProvider
from tests.kernels.stage import Remembered

async def serve():
    provider = HostProvider(Path(sys.argv[1]), host_idle_s=60)
    sink = Remembered()
    kernel = await provider.start(
        sys.argv[2], sink, interpreter=None, cwd=os.getcwd(), label="a story")
    kernel.execute("x1", "c1",
        "import time\\nvalue = 42\\nfor n in range(60): print(n, flush=True); time.sleep(0.02)")
    await sink.until_text("5\\n")
    print(sink.attached[0].pid, sink.seqs[-1], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(serve())
"""
