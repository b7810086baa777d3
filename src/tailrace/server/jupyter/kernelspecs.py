"""Which kernels can be started, in Jupyter's words."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from tailrace.server.jupyter.answers import Unfit

RESOURCES = Path(__file__).parent / "resources"
PYTHON = "python3"


class Kernelspec(Struct, frozen=True):
    """`interpreter` is what our sessions start for it; null is the server's own, or the
    notebook's choice."""

    name: str
    display_name: str
    language: str
    interpreter: str | None = None
    resources: tuple[str, ...] = ()


class Kernelspecs:
    """Python, as this server runs it."""

    default = PYTHON

    def all(self) -> dict[str, Kernelspec]:
        logos = ("logo-svg.svg",)
        python = Kernelspec(PYTHON, "Python 3 (Tailrace)", "python", resources=logos)
        return {PYTHON: python}

    def named(self, name: str | None) -> Kernelspec:
        """Raises `Unfit` (Jupyter Server answers 500 and so do we)."""
        specs = self.all()
        spec = specs.get(name or self.default)
        if spec is None:
            known = ", ".join(sorted(specs))
            raise Unfit(f"No such kernel named {name}; this server has {known}", status=500)
        return spec


def model_of(spec: Kernelspec, base: str) -> dict[str, Any]:
    """`base` is the path that the API stands below, with a final slash."""
    return {
        "name": spec.name,
        "spec": {
            "argv": ["python", "-m", "tailrace_kernel"],
            "env": {},
            "display_name": spec.display_name,
            "language": spec.language,
            "interrupt_mode": "signal",
            "metadata": {"debugger": True},
        },
        "resources": {
            Path(name).stem: f"{base}kernelspecs/{spec.name}/{name}" for name in spec.resources
        },
    }
