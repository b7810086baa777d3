"""Kernels by means that every system has: no fork, no signals, no unix sockets (KER-27).

The guest is spawned and listens on loopback by itself; its standard input is a pipe from the
host, in which single letters are orders and whose end is the host's end; a thread waits for
each process. This is the way on Windows. Elsewhere `TAILRACE_START=spawn` together with
`TAILRACE_TRANSPORT=loopback` takes it, so that it can be tested where we test.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from threading import Thread

from tailrace.kernels import addresses, kernelspecs
from tailrace.kernels.birth import Order, open_log, program
from tailrace.kernels.run_folder import KernelFolder
from tailrace.protocol.errors import KernelStartFailed

INTERRUPT = b"i"
END = b"e"

APART = 0
"""Flags for a process that the terminal's Ctrl-C and closing do not reach. Elsewhere than on
Windows a session of its own does that."""
if sys.platform == "win32":
    APART = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW


def is_plain(environ: Mapping[str, str]) -> bool:
    asked = environ.get("TAILRACE_START") == "spawn" and addresses.wants_loopback(environ)
    return sys.platform == "win32" or asked


def spawn(order: Order, folder: KernelFolder, ended: Callable[[], None]) -> subprocess.Popen[bytes]:
    """Start the guest package; `ended` is called, in a thread, when the process ended.
    Raises `KernelStartFailed`."""
    if kernelspecs.named_by(order.interpreter) is not None:
        raise KernelStartFailed(
            "kernels of other languages need signals to be interrupted and ended, "
            "which are not used here; run Tailrace in WSL"
        )
    command = [
        *program(order.interpreter, None),
        *("--folder", str(folder.path), "--kernel-id", order.kernel_id),
        *("--loopback", "--plain"),
    ]
    log = open_log(folder)
    try:
        process = subprocess.Popen(
            command,
            cwd=order.cwd,
            env=order.env,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            creationflags=APART,
            start_new_session=True,
        )
    except OSError as error:
        raise KernelStartFailed(f"{order.interpreter} could not be started: {error}") from error
    finally:
        os.close(log)

    def wait() -> None:
        process.wait()
        ended()

    Thread(target=wait, name=f"wait-{order.kernel_id}", daemon=True).start()
    return process


def tell(process: subprocess.Popen[bytes], letter: bytes) -> None:
    """Give the guest an order. One that is gone needs none."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            os.write(process.stdin.fileno(), letter)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it at once; on Windows with the processes that it started."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
        )
    process.kill()
