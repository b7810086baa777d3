"""Put a guest together and run it (KER-16, KER-17).

`warm` is called by the host before it forks: it imports and sets up what every guest needs
and nothing of it belongs to one. `serve` is called in the forked child, or by `__main__`
in a process of its own, and never returns.
"""

import asyncio
import gc
import os
import random
import signal
import socket
import sys
from typing import Any, NoReturn


def missing() -> str | None:
    """What this interpreter lacks to be a guest, as a sentence; None: nothing."""
    try:
        import IPython
    except ImportError as error:
        return f"IPython is not installed for {sys.executable} ({error}): pip install ipython"
    if IPython.version_info[0] < 8:
        return f"IPython 8 or newer is needed, {sys.executable} has {IPython.__version__}"
    return None


def warm() -> None:
    """Import what a guest needs, rehearse it, and lay a shell ready, so that a fork starts
    in milliseconds. For the host, before it forks; leaves the process as it was otherwise."""
    import tailrace_kernel.guest
    import tailrace_kernel.readiness

    tailrace_kernel.readiness.make_ready()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that it looks at


def serve(
    folder: str,
    kernel_id: str,
    *,
    listener: socket.socket | None = None,
    secret: str | None = None,
    liveness_fd: int | None = None,
    plain: bool = False,
) -> NoReturn:
    """Be the guest until it ends: `folder` is its own, mode 0700. `plain`: `liveness_fd` is
    the host's pipe with its orders, and nothing is used that Windows has not (KER-27)."""
    from tailrace_kernel.guest import Guest

    _become_a_kernel()
    guest = Guest(
        folder,
        kernel_id,
        listener=listener,
        secret=secret,
        liveness_fd=liveness_fd,
        plain=plain,
    )
    guest.run()


def _become_a_kernel() -> None:
    """What a process needs before it is a kernel, forked from a host or started fresh."""
    if sys.platform != "win32" and os.getpgrp() != os.getpid():
        os.setsid()
    fixed = {getattr(signal, name, None) for name in ("SIGINT", "SIGKILL", "SIGSTOP")}
    for number in signal.valid_signals():
        if number in fixed:
            continue
        if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, lambda number, frame: None)  # until `Interrupts` takes it
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null != 0:
        os.close(null)
    sys.argv = [""]
    if "" not in sys.path:
        sys.path.insert(0, "")
    random.seed()
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    asyncio.set_event_loop(None)
