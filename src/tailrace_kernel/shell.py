"""IPython's shell for a guest.

Its class has the name, and its configuration the section, by which libraries recognise a
notebook (tqdm.auto, rich, pandas, plotly, matplotlib). ipykernel itself is not needed: what
it adds to IPython's shell is the few methods below. `get_ipython().kernel` is a small
object with what ipywidgets and others reach for.
"""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from IPython.core.autocall import ExitAutocall
from IPython.core.error import UsageError
from IPython.core.events import available_events
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import CBool, Instance, Type
from traitlets.config import Config
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

from tailrace_kernel.cell_events import CellEvents
from tailrace_kernel.comms import Comms
from tailrace_kernel.displays import Displays, ResultHook
from tailrace_kernel.kernel_magics import KernelMagics
from tailrace_kernel.known_names import make_known
from tailrace_kernel.packages import PackageMagics
from tailrace_kernel.past import PastInputs

log = logging.getLogger("tailrace_kernel")

FRAMES_SHOWN = 20  # at each end of a recursion

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class ZMQInteractiveShell(InteractiveShell):
    """The name is the one that libraries look for; there is no ZMQ here."""

    outlet: Any = AnyTrait()  # an Outlet
    kernel: Any = AnyTrait()
    displayhook_class = Type(ResultHook)
    display_pub_class = Type(Displays)
    exiter = Instance(ExitAutocall)
    colors_force = CBool(True)
    readline_use = CBool(False)
    autoindent = CBool(False)
    interrupts: Any = AnyTrait()  # an Interrupts

    def _exiter_default(self) -> ExitAutocall:
        return Leaving(self)

    @contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """IPython 9 would keep a copy of all that a cell prints, in memory, for ever."""
        yield

    _lines_shown: tuple[str, ...] | list[str] = ()

    # ── start ────────────────────────────────────────────────────────────────

    def init_events(self) -> None:
        self.events = CellEvents(self, available_events)
        self.events.register("pre_execute", self._clear_warning_registry)

    def init_history(self) -> None:
        self.history_manager = PastInputs(shell=self, parent=self)
        self.configurables.append(self.history_manager)  # type: ignore[arg-type]

    def init_environment(self) -> None:
        """What child processes should know: colours yes, pagers no."""
        for name, value in {
            "TERM": "xterm-color",
            "CLICOLOR": "1",
            "FORCE_COLOR": "1",
            "CLICOLOR_FORCE": "1",
            "PAGER": "cat",
            "GIT_PAGER": "cat",
            "PYTHONUNBUFFERED": "1",  # or a Python child's prints come when it ends
            # What plotly itself chooses under ipykernel; older versions of it would send five
            # megabytes of script before the first figure.
            "PLOTLY_RENDERER": "plotly_mimetype",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }.items():
            if name in ("PAGER", "GIT_PAGER", "TERM"):
                os.environ[name] = value  # those of a terminal we do not have
            else:
                os.environ.setdefault(name, value)

    def init_display_pub(self) -> None:
        super().init_display_pub()
        publisher: Any = self.display_pub
        publisher.outlet = self.outlet

    def init_displayhook(self) -> None:
        super().init_displayhook()
        hook: Any = self.displayhook
        hook.outlet = self.outlet

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", _show_in_cell, 99)

    def init_magics(self) -> None:
        super().init_magics()
        self.register_magics(PackageMagics, KernelMagics)

    # ── errors ───────────────────────────────────────────────────────────────

    def showtraceback(
        self, exc_tuple: ExceptionInfo | None = None, *args: Any, **kwargs: Any
    ) -> None:
        info: ExceptionInfo = self._get_exc_info(exc_tuple)
        if self.interrupts.hit and info[0].__name__ == "CancelledError":
            # It was cancelled while it awaited, because someone pressed interrupt.
            exc_tuple = info = (KeyboardInterrupt, KeyboardInterrupt(), info[2])
        if self.interrupts.hit and issubclass(info[0], KeyboardInterrupt):
            self._showtraceback(info[0], info[1], [self._where_interrupted(info[2])])
            return
        if isinstance(info[1], BaseExceptionGroup) and info[0] is not UsageError:
            # IPython prints these as plain text on stderr; they are errors like others.
            self._showtraceback(info[0], info[1], _formatted(info, hide=os.path.dirname(__file__)))
            return
        if issubclass(info[0], RecursionError):
            exc_tuple = (info[0], info[1], shortened(info[2]))
        super().showtraceback(exc_tuple, *args, **kwargs)

    def _where_interrupted(self, trace: TracebackType | None) -> str:
        """One line instead of a traceback: it was no mistake, and it has to be quick."""
        place = "KeyboardInterrupt"
        while trace is not None:
            code = trace.tb_frame.f_code
            cell = self.compile.format_code_name(code.co_filename)
            if cell is not None:
                inside = "" if code.co_name == "<module>" else f", in {code.co_name}"
                place = f"KeyboardInterrupt: {' '.join(cell)}, line {trace.tb_lineno}{inside}"
            trace = trace.tb_next
        return place

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        name = getattr(etype, "__name__", str(etype))
        lines = [stb] if isinstance(stb, str) else [str(line) for line in stb]
        self._lines_shown = lines
        self.outlet.error(name, message_of(evalue), lines)

    def _format_exception_for_storage(
        self, exception: BaseException, *_: Any, **__: Any
    ) -> dict[str, Any]:
        """For `%notebook`: the lines that were shown. IPython 9 would format them again."""
        return {
            "ename": type(exception).__name__,
            "evalue": message_of(exception),
            "traceback": self._lines_shown,
        }

    def show_plain_error(self, error: BaseException) -> None:
        """An error that IPython itself failed to show."""
        info = (type(error), error, error.__traceback__)
        self._showtraceback(info[0], error, _formatted(info, hide=os.path.dirname(__file__)))

    # ── asking the front end ─────────────────────────────────────────────────

    def ask_exit(self) -> None:
        """`exit` and `quit`: the kernel ends when the cell has."""
        self.exit_now = True

    def set_next_input(self, s: str, replace: bool = False) -> None:
        """`%load`, `%recall`: offer the text; a page that knows the type puts it in a cell."""
        self.outlet.display(
            {
                "text/plain": s,
                "application/vnd.tailrace.next-input+json": {"text": s, "replace": replace},
            },
            {},
        )

    def enable_gui(self, gui: str | None = None) -> None:
        """Windows on the kernel's machine are not shown; `None` and `inline` need nothing."""
        if gui not in (None, "inline"):
            raise UsageError(
                f"the {gui!r} event loop is not run by this kernel: use `%matplotlib inline`"
            )

    # ── what ipykernel's shell has and libraries call ────────────────────────

    def get_parent(self) -> dict[str, Any]:
        return self.kernel.get_parent()  # type: ignore[no-any-return]

    def set_parent(self, parent: Any) -> None:
        """ipykernel's way to attribute output; here the context knows."""

    @property
    def parent_header(self) -> dict[str, Any]:
        header: dict[str, Any] = self.get_parent()["header"]
        return header


class Leaving(ExitAutocall):
    """`exit` and `quit`. With `keep_kernel` only a console would leave."""

    def __call__(self, keep_kernel: bool = False) -> None:
        if not keep_kernel:
            super().__call__()


class Kernel:
    """`get_ipython().kernel`: what libraries use of ipykernel's, on our means."""

    implementation = "tailrace"
    banner = ""
    language = "python"
    iopub_socket = None
    shell_streams: tuple[Any, ...] = ()

    def __init__(self, shell: ZMQInteractiveShell, comms: Comms, kernel_id: str) -> None:
        self.shell = shell
        self.ident = kernel_id
        self.log = log
        self._comms = comms
        self.session = Session(kernel_id)

    @property
    def comm_manager(self) -> Any:
        return self._comms.manager

    @property
    def user_ns(self) -> dict[str, Any]:
        namespace: dict[str, Any] = self.shell.user_ns
        return namespace

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        """The request that runs, as far as anybody looks: its id is the execution's, or the
        one that a Jupyter client gave it."""
        execution_id = self.shell.outlet.execution_now() or ""
        asked = self.shell.outlet.asked_of(execution_id)
        message_id = asked.get("message_id") or execution_id
        header = {
            "msg_id": message_id,
            "msg_type": "execute_request",
            "session": asked.get("session") or self.session.session,
            "username": asked.get("username") or self.session.username,
        }
        return {"header": header, "msg_id": message_id, "metadata": {}, "content": {}}

    @property
    def _parent_header(self) -> dict[str, Any]:
        return self.get_parent()

    def do_shutdown(self, restart: bool) -> dict[str, Any]:
        self.shell.ask_exit()
        return {"status": "ok", "restart": restart}


class Session:
    username = "user"

    def __init__(self, session_id: str) -> None:
        self.session = session_id


make_known(ZMQInteractiveShell)


def basic_config() -> Config:
    """What every guest's shell needs, and by which libraries know a notebook."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.parent_appname = "tailrace"
    return config


CONFIG_FILES = tuple(
    name + ending
    for name in ("ipython_config", "ipython_kernel_config")
    for ending in (".py", ".json")
)


def config_of(profile_dir: str) -> Config:
    """The user's configuration, from the profile's folder only, over ours."""
    config = basic_config()
    for name in CONFIG_FILES:
        if not os.path.exists(os.path.join(profile_dir, name)):
            continue
        loader = PyFileConfigLoader if name.endswith(".py") else JSONFileConfigLoader
        try:
            config.merge(loader(name, path=profile_dir).load_config())
        except Exception:
            print(f"{name} in {profile_dir} was not read:", file=sys.stderr)
            traceback.print_exc()
    return config


def message_of(error: BaseException) -> str:
    """`str(error)`, whatever its class does."""
    try:
        return str(error)
    except BaseException as raised:
        return f"<{type(error).__name__}: str() raised {type(raised).__name__}>"


def shortened(trace: TracebackType | None) -> TracebackType | None:
    """A traceback's first and last frames: IPython takes seconds over a thousand of them."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if len(frames) > 2 * FRAMES_SHOWN:
        frames = frames[:FRAMES_SHOWN] + frames[-FRAMES_SHOWN:]
    link: TracebackType | None = None
    for frame in reversed(frames):
        link = TracebackType(link, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return link


def _formatted(info: ExceptionInfo, *, hide: str) -> list[str]:
    """A plain traceback without the frames of IPython and ours above the cell's."""
    kind, error, trace = info
    ipython = os.path.dirname(os.path.dirname(sys.modules["IPython"].__file__ or ""))
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if not filename.startswith((os.path.join(ipython, "IPython"), hide)):
            break
        trace = trace.tb_next
    return [line.rstrip("\n") for line in traceback.format_exception(kind, error, trace)]


def _show_in_cell(
    shell: ZMQInteractiveShell, data: Any, start: int = 0, screen_lines: int = 0, **_: Any
) -> None:
    """What a pager would show (`name?`) is shown under the cell."""
    if not isinstance(data, dict):
        data = {"text/plain": str(data)}
    shell.outlet.display(data, {"tailrace": {"pager": True, "start": start}})
