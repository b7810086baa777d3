"""A shell laid ready in the host, so that a fork need not make one.

Making IPython's shell takes longer than all else between fork and first result. `make_ready`
makes one in the host, before it forks, when the user's profile has no configuration (user
code must not run in the host); `shell_for` takes it in the child and sets what belongs to
one kernel, or makes one there. A rehearsal in a second shell fills the caches that a
first cell would fill.
"""

import atexit
import builtins
import io
import os
import sys
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.profiledir import ProfileDir
from IPython.paths import get_ipython_dir

from tailrace_kernel.shell import CONFIG_FILES, ZMQInteractiveShell, basic_config, config_of

_ready: ZMQInteractiveShell | None = None


class _Nothing:
    """The outlet and the interrupts of a shell that has none yet."""

    running = newest = None
    error_shown = hit = False

    def display(self, *_: Any, **__: Any) -> None: ...

    def error(self, *_: Any, **__: Any) -> None: ...


def make_ready() -> None:
    """Rehearse, and keep a shell for the children that will be forked."""
    global _ready
    kept = _ProcessState()
    try:
        sys.stdout = sys.stderr = io.StringIO()
        _rehearse(_new_shell())
        if not _has_config(_profile()):
            shell: Any = _new_shell()
            shell.extension_manager.load_extension("storemagic")
            _ready = shell
    finally:
        kept.restore()


def shell_for(outlet: Any, interrupts: Any) -> ZMQInteractiveShell:
    """The shell of this kernel, which is `get_ipython()` from now on."""
    profile = _profile()
    shell: Any = _ready
    if shell is None or _has_config(profile) or profile.location != shell.profile_dir.location:
        config = config_of(profile.location)
        return ZMQInteractiveShell.instance(
            config=config, profile_dir=profile, outlet=outlet, interrupts=interrupts
        )
    for kind in ZMQInteractiveShell._walk_mro():
        kind._instance = shell
    shell.outlet = shell.display_pub.outlet = shell.displayhook.outlet = outlet
    shell.interrupts = interrupts
    shell.starting_dir = os.getcwd()
    shell.history_manager.dir_hist[:] = [shell.starting_dir]
    shell.save_sys_module_state()
    shell.init_sys_modules()
    shell.init_environment()
    shell.init_virtualenv()
    atexit.register(shell.atexit_operations)
    return shell  # type: ignore[no-any-return]


def _new_shell() -> ZMQInteractiveShell:
    shell = ZMQInteractiveShell(
        config=basic_config(), profile_dir=_profile(), outlet=_Nothing(), interrupts=_Nothing()
    )
    atexit.unregister(shell.atexit_operations)
    return shell


def _profile() -> ProfileDir:
    profile: ProfileDir = ProfileDir.create_profile_dir_by_name(get_ipython_dir(), "default")
    return profile


def _has_config(profile: ProfileDir) -> bool:
    return any(os.path.exists(os.path.join(profile.location, name)) for name in CONFIG_FILES)


def _rehearse(shell: Any) -> None:
    shell.extension_manager.load_extension("storemagic")
    for cell in ("1+1", "import os\n'a'", "1/0", "x = [1]\nprint(x)", "await __import__('a')"):
        shell.should_run_async(cell, transformed_cell=shell.transform_cell(cell))
    for cell in ("1+1", "x = [1]\nprint(x)", "1/0"):
        shell.run_cell(cell, store_history=True)
    with provisionalcompleter():
        list(shell.Completer.completions("x.ap", 4))


class _ProcessState:
    """What a shell changes in the process around it."""

    def __init__(self) -> None:
        self._main = sys.modules.get("__main__")
        self._builtins = dict(vars(builtins))
        self._hooks = (sys.displayhook, sys.excepthook, sys.stdout, sys.stderr)
        self._path = list(sys.path)
        self._environment = dict(os.environ)

    def restore(self) -> None:
        sys.displayhook, sys.excepthook, sys.stdout, sys.stderr = self._hooks
        sys.path[:] = self._path
        if self._main is not None:
            sys.modules["__main__"] = self._main
        vars(builtins).update(self._builtins)
        os.environ.clear()
        os.environ.update(self._environment)
