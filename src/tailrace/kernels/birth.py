"""How a guest is born: by fork of the warm host, or by a fresh interpreter (KER-12).

Either way the child starts clean: a session and group of its own, default signals, no
descriptor of the host's but its listener and its liveness pipe, the environment and
folder that were asked for. The host's death ends it even when its interpreter is stuck
in C: the liveness pipe is made to send SIGKILL to the whole group (Linux).
"""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tailrace.kernels import interpreters, kernelspecs
from tailrace.kernels.descendants import MarkRoom, take_name
from tailrace.kernels.run_folder import KernelFolder
from tailrace.protocol.errors import KernelStartFailed

if sys.platform != "win32":
    import fcntl

BRIDGE = "tailrace.kernels.bridge"
GUEST_PACKAGE = Path(__file__).resolve().parents[2] / "tailrace_kernel"

_SHAPES_AN_INTERPRETER = ("PYTHON", "LD_", "DYLD_")


@dataclass(frozen=True, slots=True)
class Order:
    """A kernel as it was asked for. `interpreter` is an executable's path."""

    kernel_id: str
    interpreter: str
    cwd: str
    label: str
    env: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cradle:
    """What a guest is given: its folder, where it listens, and the sign that the host lives."""

    folder: KernelFolder
    listener: socket.socket
    secret: str | None
    liveness: int


class Newborn(BaseException):
    """Raised in the forked child to leave the host's stack behind.

    What runs the guest then is the top of the program: it ends like any Python process
    ends, with its exit handlers run and its streams flushed.
    """

    def __init__(self, order: Order, cradle: Cradle) -> None:
        super().__init__(order.kernel_id)
        self.order = order
        self.cradle = cradle


def may_fork(order: Order, environ: dict[str, str]) -> bool:
    """Whether a fork of this process would be the interpreter that was asked for.

    Variables that an interpreter reads only as it starts must be the same, and no
    second thread may exist: its locks would be copied in whatever state they are.
    """
    if sys.platform in ("win32", "darwin"):
        return False  # Apple's frameworks may crash in a forked child
    if environ.get("TAILRACE_START") == "spawn":
        return False
    if not interpreters.is_same(order.interpreter, sys.executable):
        return False
    names = {name for name in {*environ, *order.env} if name.startswith(_SHAPES_AN_INTERPRETER)}
    if any(environ.get(name) != order.env.get(name) for name in names):
        return False
    return len(os.listdir("/proc/self/task")) == 1 if sys.platform == "linux" else True


def become_guest(birth: Newborn, mark: MarkRoom) -> None:
    """Turn this forked child into the guest and serve until it is told to stop."""
    if sys.platform == "win32":
        raise KernelStartFailed("nothing is forked here")
    order, cradle = birth.order, birth.cradle
    os.setsid()
    tie_to_host(cradle.liveness, os.getpid())
    mark.write(order.kernel_id)
    take_name("tailrace-kernel")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    log = open_log(cradle.folder)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.env)
    sys.argv = [""]
    sys.path[:] = [entry for entry in sys.path if entry]
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())

    from tailrace_kernel.serve import serve

    serve(
        str(cradle.folder.path),
        order.kernel_id,
        listener=cradle.listener,
        secret=cradle.secret,
        liveness_fd=cradle.liveness,
    )


def spawn_guest(order: Order, cradle: Cradle) -> subprocess.Popen[bytes]:
    """Start the guest package under another interpreter, or a bridge to a kernel of another
    language. Raises `KernelStartFailed`."""
    listener = cradle.listener.fileno()
    kernelspec = kernelspecs.named_by(order.interpreter)
    command = [
        *program(order.interpreter, kernelspec),
        *("--folder", str(cradle.folder.path), "--kernel-id", order.kernel_id),
        *("--listener-fd", str(listener), "--liveness-fd", str(cradle.liveness)),
        *(("--loopback",) if cradle.secret is not None else ()),
    ]
    log = open_log(cradle.folder)
    try:
        process = subprocess.Popen(
            command,
            cwd=order.cwd,
            env=order.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(listener, cradle.liveness),
            start_new_session=True,
        )
    except OSError as error:
        raise KernelStartFailed(f"{order.interpreter} could not be started: {error}") from error
    finally:
        os.close(log)
    if kernelspec is None:  # a bridge never hangs, and has a kernel to end first
        tie_to_host(cradle.liveness, process.pid)
    return process


def program(interpreter: str, kernelspec: str | None) -> tuple[str, ...]:
    if kernelspec is None:
        # The folder itself: nothing beside it gets on that interpreter's path (KER-16).
        return (interpreter, str(GUEST_PACKAGE))
    # Without the current folder on the path: it is the notebook's.
    return (sys.executable, "-P", "-m", BRIDGE, "--kernelspec", kernelspec)


def tie_to_host(liveness: int, group: int) -> None:
    """Have the system kill `group` when the pipe's other end is closed, that is, when the
    host ends. A guest that hangs in C with the interpreter's lock held cannot do it itself."""
    if sys.platform == "linux":
        fcntl.fcntl(liveness, fcntl.F_SETOWN, -group)
        fcntl.fcntl(liveness, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(liveness, fcntl.F_GETFL)
        fcntl.fcntl(liveness, fcntl.F_SETFL, flags | os.O_ASYNC)


def open_log(folder: KernelFolder) -> int:
    return os.open(folder.stderr_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
