"""The namespace's variables in the debugger's form, also while nothing stands still."""

import importlib
import os
from typing import Any

_HIDDEN = frozenset(
    {
        "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__",
        "__builtins__", "__builtin__", "__display__", "get_ipython", "debugpy", "exit", "quit",
        "In", "Out", "_oh", "_dh", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "open",
        "special variables", "function variables", "class variables",
    }
)  # fmt: skip


def is_shown(name: str) -> bool:
    """Whether a person made it: not what IPython keeps in the same namespace."""
    return name not in _HIDDEN and not (name.startswith("_i") and name[2:].isdigit())


def shipped(name: str) -> Any:
    """A module that debugpy brings along. Raises `ImportError` where debugpy is missing."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # or it warns under a cell
    importlib.import_module("debugpy.server")  # puts what it ships on the path
    return importlib.import_module(name)


class NamespaceVariables:
    """Raises `ImportError` where debugpy is not installed."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        frames = shipped("_pydevd_bundle.pydevd_suspended_frames")
        presentation = shipped("_pydevd_bundle.pydevd_api").PyDevdAPI.VariablePresentation()
        self._namespace = namespace
        self._frames = frames.SuspendedFramesManager()
        self._new_tracker = lambda: frames._FramesTracker(self._frames, _Database(presentation))
        self._tracker: Any = None

    def all(self) -> list[dict[str, Any]]:
        """The variables as they are now. References of earlier answers end."""
        if self._tracker is not None:
            self._tracker.untrack_all()
        self._tracker = self._new_tracker()
        frame = _Frame(self._namespace)
        listed = shipped("_pydevd_bundle.pydevd_frame_utils").create_frames_list_from_frame
        self._tracker.track("namespace", listed(frame))
        return [each for each in self._children(id(frame)) if is_shown(each["name"])]

    def inside(self, reference: int) -> list[dict[str, Any]]:
        """What one of them consists of. Raises `KeyError` for a reference that has ended."""
        return self._children(reference) if reference else self.all()

    def _children(self, reference: int) -> list[dict[str, Any]]:
        found = self._frames.get_variable(reference).get_children_variables()
        return [each.get_var_data() for each in found]


class _Database:
    def __init__(self, presentation: Any) -> None:
        self.variable_presentation = presentation


class _Code:
    co_filename = "<namespace>"
    co_name = "<module>"


class _Frame:
    """As much of a frame as a debugger looks at."""

    f_back = None
    f_code = _Code()
    f_lineno = 1

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.f_globals = self.f_locals = namespace
