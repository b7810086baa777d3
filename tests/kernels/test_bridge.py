"""Kernels that are not ours, by their kernelspecs: Jupyter's own for Python, and bash."""

import asyncio
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tailrace.kernels import kernelspecs
from tailrace.kernels.guest_link import GuestKernel
from tailrace.kernels.kernel import KernelProvider, ReportSink
from tailrace.kernels.provider import HostProvider
from tailrace.protocol.errors import InterpreterUnusable, KernelError
from tailrace.protocol.ids import CellId, ExecutionId, KernelId
from tailrace.protocol.reports import Display, DisplayUpdate, Finished, Text
from tests.kernels.contract import KernelContract
from tests.kernels.stage import (
    FORK,
    HOST_IDLE_S,
    Remembered,
    fresh_id,
    is_alive,
    ran,
    run_folder,
    started,
    until_gone,
)


def write_spec(folder: Path, name: str, **fields: object) -> None:
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(fields), "utf-8")


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Jupyter's data folder with two kernels that work and some that do not. The second
    Python is an environment of its own, which sees the packages of this one."""
    folder = tmp_path_factory.mktemp("jupyter")
    connection = ("-f", "{connection_file}")
    write_spec(
        folder,
        "bash",
        argv=[sys.executable, "-m", "bash_kernel", *connection],
        display_name="Bash",
        language="bash",
    )
    environment = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    write_spec(
        folder,
        "second",
        argv=[str(environment / "bin" / "python"), "-m", "ipykernel_launcher", *connection],
        display_name="Second Python",
        language="python",
        env={"PYTHONPATH": sysconfig.get_paths()["purelib"]},
    )
    write_spec(folder, "gone", argv=["/nowhere/julia", "{connection_file}"], language="julia")
    write_spec(folder, "ends", argv=[sys.executable, "-c", "raise SystemExit('no luck')"])
    (folder / "kernels" / "broken").mkdir()
    (folder / "kernels" / "broken" / "kernel.json").write_text("{", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield folder


class Bridged(HostProvider):
    """Starts Jupyter's Python kernel where nothing else is asked for."""

    async def start(
        self,
        kernel_id: KernelId,
        sink: ReportSink,
        *,
        interpreter: str | None,
        cwd: str,
        label: str,
        env: dict[str, str] | None = None,
    ) -> GuestKernel:
        chosen = interpreter or "kernelspec:second"
        return await super().start(
            kernel_id, sink, interpreter=chosen, cwd=cwd, label=label, env=env
        )


@pytest.fixture(scope="module")
def run(specs: Path) -> Iterator[Path]:
    with run_folder(FORK) as found:
        yield found


@asynccontextmanager
async def server(run: Path) -> AsyncIterator[HostProvider]:
    provider = Bridged(run, environ={**os.environ, **FORK}, host_idle_s=HOST_IDLE_S)
    try:
        yield provider
    finally:
        await provider.close()


async def answered(kernel: GuestKernel, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A kernel's first completion may take longer than anybody waits for one."""
    for _ in range(5):
        with suppress(KernelError):
            return await kernel.ask(kind, arguments)
    return await kernel.ask(kind, arguments)


class TestBridged(KernelContract):
    """The contract of every kernel. Jupyter's own keeps the order within a stream only."""

    @pytest.fixture(autouse=True)
    def _run(self, run: Path) -> None:
        self.run = run

    @asynccontextmanager
    async def open(self) -> AsyncIterator[KernelProvider]:
        async with server(self.run) as provider:
            yield provider

    def test_the_two_streams_keep_their_order(self) -> None:
        async def story() -> None:
            async with self.open() as provider:
                sink = Remembered()
                kernel = await started(provider, sink)
                source = "import sys; print('a'); print('b', file=sys.stderr); print('c')"
                await ran(kernel, sink, source)
                texts = [each for each in sink.reports if isinstance(each, Text)]
                assert {
                    stream: "".join(each.text for each in texts if each.stream == stream)
                    for stream in ("stdout", "stderr")
                } == {"stdout": "a\nc\n", "stderr": "b\n"}
                await kernel.stop(kill=True)

        asyncio.run(story())


def test_a_second_environment_is_the_one_that_runs(run: Path) -> None:  # KER-42
    async def story() -> None:
        async with server(run) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            await ran(kernel, sink, "import sys; print(sys.prefix)")
            assert sink.text().strip().endswith("venv")
            await ran(
                kernel,
                sink,
                "from IPython.display import display, clear_output\n"
                "shown = display(1, display_id='d'); shown.update(2)\n"
                "clear_output(wait=True); display(3)",
                "x2",
            )
            assert [each.data["text/plain"] for each in sink.reports if type(each) is Display] == [
                "1",
                "3",
            ]
            updates = [each for each in sink.reports if isinstance(each, DisplayUpdate)]
            assert [(each.display_id, each.data["text/plain"]) for each in updates] == [("d", "2")]
            found = await answered(kernel, "complete", {"code": "impor", "cursor": 5})
            assert "import" in [match["text"] for match in found["matches"]]
            found = await kernel.ask("inspect", {"code": "print", "cursor": 5, "detail": 0})
            assert found["found"]
            assert "text/plain" in found["data"]
            found = await kernel.ask("is-complete", {"code": "for x in y:"})
            assert found["status"] == "incomplete"
            assert (await kernel.ask("usage", {}))["rss_bytes"] > 10 << 20
            with pytest.raises(KernelError, match="knows no request 'table'"):
                await kernel.ask("table", {"handle": "h", "action": "page"})
            await kernel.stop(kill=False)
            assert (await sink.until_dead()).reason == "stopped"

    asyncio.run(story())


def test_bash_streams_fails_and_is_interrupted(run: Path, tmp_path: Path) -> None:  # KER-42
    async def story() -> None:
        async with server(run) as provider:
            sink = Remembered()
            kernel = await started(provider, sink, interpreter="kernelspec:bash", cwd=tmp_path)
            await ran(kernel, sink, "pwd; for n in 1 2 3; do echo line $n; done; x=7")
            assert sink.text() == f"{tmp_path}\nline 1\nline 2\nline 3\n"
            kernel.execute(ExecutionId("x2"), CellId("c1"), "echo begun; sleep 600")
            await sink.until_text("begun")
            await kernel.interrupt()
            assert (await sink.until_finished("x2")).status == "interrupted"
            await ran(kernel, sink, "echo $x", "x3")
            assert sink.text().endswith("7\n")
            failed = await ran(kernel, sink, "false", "x4")
            assert failed.status in ("ok", "error")
            found = await answered(kernel, "complete", {"code": "ech", "cursor": 3})
            assert "echo" in [match["text"] for match in found["matches"]]
            await kernel.stop(kill=False)

    asyncio.run(story())


def test_another_languages_kernel_outlives_the_server_and_tells_all(run: Path) -> None:  # KER-11
    async def story() -> None:
        kernel_id, sink = fresh_id(), Remembered()
        async with server(run) as provider:
            kernel = await started(
                provider, sink, kernel_id=kernel_id, interpreter="kernelspec:bash"
            )
            source = "for n in $(seq 60); do echo line $n; sleep 0.02; done"
            kernel.execute(ExecutionId("x1"), CellId("c1"), source)
            await sink.until_text("line 5")
            pid = sink.attached[0].pid
        async with server(run) as provider:
            again = await provider.attach(kernel_id, sink, received=sink.seqs[-1])
            assert again is not None
            finished = await sink.until_finished("x1")
            assert isinstance(finished, Finished)
            assert sink.text() == "".join(f"line {n}\n" for n in range(1, 61))
            assert sink.attached[-1].pid == pid
            await again.stop(kill=True)
            await until_gone(pid)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("source", "exit_code", "signal_name"),
    [
        ("import os; os._exit(3)", 3, None),
        ("import os; os.kill(os.getpid(), 11)", None, "SIGSEGV"),
        ("import os; os.kill(os.getpid(), 9)", None, "SIGKILL"),
    ],
)
def test_its_death_is_told_with_the_true_cause(
    run: Path, source: str, exit_code: int | None, signal_name: str | None
) -> None:  # KER-43
    async def story() -> None:
        async with server(run) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            kernel.execute(ExecutionId("x1"), CellId("c1"), source)
            cause = await sink.until_dead()
            assert (cause.exit_code, cause.signal) == (exit_code, signal_name)
            await until_gone(sink.attached[0].pid)

    asyncio.run(story())


def test_nothing_is_left_of_it_when_its_bridge_is_killed(run: Path) -> None:  # KER-43
    async def story() -> None:
        async with server(run) as provider:
            sink = Remembered()
            kernel = await started(provider, sink)
            await ran(kernel, sink, "import os; print(os.getpid())")
            own = int(sink.text())
            assert is_alive(own)
            os.kill(sink.attached[0].pid, 9)
            assert (await sink.until_dead()).signal == "SIGKILL"
            await until_gone(own)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fortran", r"no kernel of this name is installed \(found: .*bash.*install it"),
        ("gone", r"its program /nowhere/julia is not there"),
        ("broken", r"cannot be read .* install the kernel anew"),
        ("ends", r"the kernel 'ends' did not start.*"),
    ],
)
def test_what_keeps_it_from_starting_is_said(run: Path, name: str, said: str) -> None:  # KER-42
    async def story() -> None:
        async with server(run) as provider:
            with pytest.raises((InterpreterUnusable, KernelError), match=said):
                await started(provider, Remembered(), interpreter=f"kernelspec:{name}")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("metadata", "setting"),
    [
        ({}, None),
        ({"kernelspec": {"name": "python3", "language": "python"}}, None),
        ({"kernelspec": {"name": "somebody-elses-env", "language": "python"}}, None),
        ({"kernelspec": {"name": "second", "language": "python"}}, "kernelspec:second"),
        ({"kernelspec": {"name": "ir", "language": "R"}}, "kernelspec:ir"),
        ({"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}, "kernelspec:ir"),
        ({"kernelspec": {"name": "../../x", "language": "python"}}, None),
        ({"kernelspec": "bash"}, None),
    ],
)
def test_a_notebook_gets_the_kernel_that_it_names(
    specs: Path, metadata: dict[str, object], setting: str | None
) -> None:  # KER-42
    assert kernelspecs.wanted_by(metadata) == setting
