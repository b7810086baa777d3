"""Put a guest together and run it (KER-16, KER-17).

`warm` is called by the host before it forks: it imports and sets up what every guest needs
and nothing of it belongs to one. `serve` is called in the forked child, or by `__main__`
in a process of its own, and never returns.
"""

import asyncio
import atexit
import builtins
import io
import os
import random
import signal
import socket
import sys
from types import ModuleType
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
    """Import what a guest needs, and once do what it does, so that a fork starts in
    milliseconds. Leaves the process as it was otherwise."""
    import tailrace_kernel.answers
    import tailrace_kernel.control
    import tailrace_kernel.inspection
    import tailrace_kernel.opencv
    import tailrace_kernel.pump
    import tailrace_kernel.startup
    import tailrace_kernel.streams
    import tailrace_kernel.usage
    import tailrace_kernel.variables  # noqa: F401

    _rehearse()


def _rehearse() -> None:
    """Make a shell and run a cell in it, for the imports and caches that this leaves."""
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from tailrace_kernel.shell import ZMQInteractiveShell

    kept_main = sys.modules.get("__main__")
    kept_builtins = dict(vars(builtins))
    kept_hooks = (sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, list(sys.path))
    kept_environment = dict(os.environ)
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    shell: Any = ZMQInteractiveShell(
        config=config, outlet=_NoOutlet(), interrupts=_NoInterrupts(), user_module=_module()
    )
    try:
        sys.stdout = sys.stderr = io.StringIO()
        shell.extension_manager.load_extension("storemagic")
        for cell in ("1+1", "import os\n'a'", "1/0", "x = [1]\nprint(x)"):
            shell.run_cell(cell, store_history=True)
        with provisionalcompleter():
            list(shell.Completer.completions("x.ap", 4))
    finally:
        sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.path[:] = kept_hooks
        for name in set(vars(builtins)) - set(kept_builtins):
            delattr(builtins, name)
        vars(builtins).update(kept_builtins)
        atexit.unregister(shell.atexit_operations)
        if kept_main is not None:
            sys.modules["__main__"] = kept_main
        os.environ.clear()
        os.environ.update(kept_environment)
        InteractiveShell.clear_instance()


class _NoOutlet:
    """Nobody sees a rehearsal."""

    running = newest = None
    error_shown = False

    def display(self, *_: Any, **__: Any) -> None: ...

    def error(self, *_: Any, **__: Any) -> None: ...


class _NoInterrupts:
    hit = False


def _module() -> ModuleType:
    return ModuleType("__main__", doc="The notebook's namespace")


def serve(
    folder: str,
    kernel_id: str,
    *,
    listener: socket.socket | None = None,
    secret: str | None = None,
    liveness_fd: int | None = None,
) -> NoReturn:
    """Be the guest until it ends: `folder` is its own, mode 0700."""
    from tailrace_kernel.guest import Guest

    _become_a_kernel()
    guest = Guest(folder, kernel_id, listener=listener, secret=secret, liveness_fd=liveness_fd)
    guest.run()


def _become_a_kernel() -> None:
    """What a process needs before it is a kernel, forked from a host or started fresh."""
    if hasattr(os, "setsid") and os.getpgrp() != os.getpid():
        os.setsid()
    for number in signal.valid_signals():
        if number in (signal.SIGINT, signal.SIGKILL, getattr(signal, "SIGSTOP", None)):
            continue
        if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    if hasattr(signal, "pthread_sigmask"):
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
