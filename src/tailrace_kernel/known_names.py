"""The module that libraries look for to know a notebook: `ipykernel.zmqshell`.

tqdm asks whether it was imported, plotly where the shell's class comes from. It stands in
`sys.modules` with our shell under its usual name; what else is asked of it comes from the
real module, where ipykernel is installed (ADR 4).
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

NAME = "ipykernel.zmqshell"


class _KnownModule(ModuleType):
    """`ipykernel.zmqshell` with our shell; the rest is the real one's."""

    def __init__(self, shell_class: type) -> None:
        super().__init__(NAME, "Stands in for ipykernel's module of this name.")
        self.__spec__ = ModuleSpec(NAME, None)
        self.ZMQInteractiveShell = shell_class

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def _real(self) -> ModuleType:
        try:
            import ipykernel
        except ImportError as error:
            raise AttributeError(f"ipykernel is not installed ({error})") from error
        spec = PathFinder.find_spec(NAME, ipykernel.__path__)
        if spec is None or spec.loader is None:
            raise AttributeError(f"{NAME} is not there")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            self.__dict__.setdefault(name, value)
        return module


def make_known(shell_class: type) -> None:
    """Let libraries find the shell under the name that they know."""
    shell_class.__module__ = NAME
    if NAME not in sys.modules:
        sys.modules[NAME] = _KnownModule(shell_class)
