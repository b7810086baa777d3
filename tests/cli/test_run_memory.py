"""`tailrace run` keeps what was printed on the disk, and cleans up after itself."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tailrace.folders import state_folders
from tests.cli.terminal import PATIENCE_S, environment, is_alive, serve, tailrace, write_notebook

FLOOD = """\
line = "y" * 999
for n in range({lines} // 100):
    print("\\n".join([line] * 100))
"""
GROWTH_BYTES = 110 << 20  # what is under way at once; it does not grow with what is printed


def runs(home: Path) -> list[Path]:
    folder = state_folders({"TAILRACE_HOME": str(home)}).state / "runs"
    return list(folder.iterdir()) if folder.is_dir() else []


def started(home: Path, file: Path, stdout: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tailrace.cli", "run", str(file)],
        env=environment(home),
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def peak_bytes(home: Path, file: Path, told: Path) -> int:
    """The most memory that the command itself ever had."""
    with told.open("wb") as stdout:
        process = started(home, file, stdout)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
    assert process.returncode == 0, said
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_what_is_printed_does_not_stay_in_memory(home: Path, tmp_path: Path) -> None:
    little, much = tmp_path / "little.ipynb", tmp_path / "much.ipynb"
    write_notebook(little, FLOOD.format(lines=1_000))
    write_notebook(much, FLOOD.format(lines=200_000))
    told = tmp_path / "told"
    base = peak_bytes(home, little, told)
    peak = peak_bytes(home, much, told)

    assert told.stat().st_size == 200_000_000
    assert peak - base < GROWTH_BYTES, f"{(peak - base) >> 20} MB more"
    assert runs(home) == []


def killed_run(home: Path, file: Path) -> dict[str, Any]:
    """A run that was killed in the middle of a cell; the kernel that it left."""
    sign = file.with_suffix(".sign")
    write_notebook(
        file, f"import pathlib, time\npathlib.Path({str(sign)!r}).touch()\ntime.sleep(600)"
    )
    process = started(home, file, subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE_S
    while not sign.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    assert process.stderr is not None
    process.stderr.close()
    (kernel,) = json.loads(tailrace(home, "kernels", "--json").stdout)
    assert kernel["notebook"] == f"{file} (tailrace run)"
    return dict(kernel)


def test_a_killed_run_leaves_a_kernel_that_is_found_and_stopped(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "n.ipynb"
    kernel = killed_run(home, file)

    assert "1 alive without a server" in tailrace(home, "doctor").stdout
    assert len(runs(home)) == 1
    assert tailrace(home, "kernels", "stop", "--all").returncode == 0
    assert not is_alive(kernel["pid"])
    assert json.loads(tailrace(home, "kernels", "--json").stdout) == []

    # What it had recorded goes with the next run.
    write_notebook(file, "print(1)")
    assert tailrace(home, "run", file).stdout == "1\n"
    assert runs(home) == []


def test_a_server_stops_a_kernel_that_no_notebook_of_its_own_has(
    home: Path, tmp_path: Path
) -> None:
    kernel = killed_run(home, tmp_path / "n.ipynb")
    served = serve(home, tmp_path, "--no-browser", "--port", "0")
    try:
        with served.client() as client:
            address = f"/api/v1/kernels/{kernel['kernel_id']}"
            listed = client.get("/api/v1/kernels").json()
            assert [each["kernel_id"] for each in listed["kernels"]] == [kernel["kernel_id"]]
            assert client.delete(address).is_success
            assert not is_alive(kernel["pid"])
            assert client.delete(address).status_code == 404
    finally:
        served.end(signal.SIGTERM)
        served.clean_up()
