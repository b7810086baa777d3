"""Which kernels can be started, in Jupyter's words: our Python, and what is installed.

An installed kernelspec that cannot be used is not offered; asking for it by name says what is
wrong. The folders are read off the event loop, at most once in a while.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from tailrace.kernels import kernelspecs as installed
from tailrace.server.jupyter.answers import Unfit

RESOURCES = Path(__file__).parent / "resources"
PYTHON = "python3"
READ_AGAIN_S = 2.0
_LOGOS = frozenset({".svg", ".png"})


class Kernelspec(Struct, frozen=True):
    """`interpreter` is what our sessions start for it; null is the server's own Python, or
    the notebook's choice. `folder` holds the `resources`."""

    name: str
    spec: dict[str, Any]
    folder: Path
    interpreter: str | None = None
    resources: tuple[str, ...] = ()


OURS = Kernelspec(
    PYTHON,
    {
        "argv": ["python", "-m", "tailrace_kernel"],
        "env": {},
        "display_name": "Python 3 (Tailrace)",
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"debugger": True},
    },
    RESOURCES,
    resources=("logo-svg.svg",),
)


class Kernelspecs:
    default = PYTHON

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._found: dict[str, Kernelspec] = {PYTHON: OURS}

    async def all(self) -> dict[str, Kernelspec]:
        if time.monotonic() - self._read_at > READ_AGAIN_S:
            others = await asyncio.to_thread(_read)
            self._found = {PYTHON: OURS} | {spec.name: spec for spec in others}
            self._read_at = time.monotonic()
        return self._found

    async def named(self, name: str | None, *, status: int = 500) -> Kernelspec:
        """Raises `Unfit`: with 500, as Jupyter Server answers who asks for a kernel, or what
        it answers who asks for a session."""
        specs = await self.all()
        spec = specs.get(name or self.default)
        if spec is None:
            known = ", ".join(sorted(specs))
            message = f"No such kernel named {name}; this server has {known}"
            raise Unfit(message, status=status, short=f"{name!r} not found")
        return spec

    def name_of(self, interpreter: str | None) -> str:
        """What a session's kernel is called here."""
        return installed.named_by(interpreter) or self.default


def model_of(spec: Kernelspec, base: str) -> dict[str, Any]:
    """`base` is the path that the API stands below, with a final slash."""
    return {
        "name": spec.name,
        "spec": spec.spec,
        "resources": {
            Path(name).stem: f"{base}kernelspecs/{spec.name}/{name}" for name in spec.resources
        },
    }


def _read() -> list[Kernelspec]:
    found = []
    for each in installed.installed():
        if each.problem is not None or each.name in installed.OURS:
            continue
        folder = Path(each.folder)
        try:
            said = json.loads((folder / "kernel.json").read_text("utf-8"))
            names = sorted(file.name for file in folder.iterdir() if file.suffix in _LOGOS)
        except (OSError, ValueError):
            continue  # it went, or was changed, meanwhile
        spec = {
            "argv": said.get("argv", []),
            "env": said.get("env", {}),
            "display_name": each.display_name,
            "language": each.language,
            "interrupt_mode": said.get("interrupt_mode", "signal"),
            "metadata": {**(said.get("metadata") or {}), "debugger": False},
        }
        logos = tuple(name for name in names if name.startswith("logo-"))
        found.append(Kernelspec(each.name, spec, folder, f"{installed.PREFIX}{each.name}", logos))
    return found
