"""Kernels of other languages, as Jupyter knows them: by kernelspec.

A kernelspec is a folder with a `kernel.json` in one of Jupyter's data folders
(https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs). A setting that
names one is `kernelspec:NAME`, where an interpreter's path would stand.

`jupyter_client` is imported when it is needed: it takes a fifth of a second.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.protocol.errors import InterpreterUnusable

PREFIX = "kernelspec:"
OURS = frozenset({"", "python", "python3"})  # names that mean: Python, as it is here
_NAME = re.compile(r"[A-Za-z0-9._\-]{1,128}")


@dataclass(frozen=True, slots=True)
class Kernelspec:
    """One that was found. `problem` says why it cannot be used, and what to do about it."""

    name: str
    display_name: str
    language: str
    folder: str
    problem: str | None = None


def named_by(interpreter: str | None) -> str | None:
    """The kernelspec that a setting names; None when it names an interpreter."""
    if interpreter is None or not interpreter.startswith(PREFIX):
        return None
    return interpreter.removeprefix(PREFIX)


def wanted_by(metadata: Mapping[str, Any]) -> str | None:
    """The setting that a notebook's `kernelspec` metadata stands for; None: our own Python.

    A Python notebook often names an environment of somebody else's computer: where there is
    no kernelspec of that name, it runs on the server's own Python, as it would elsewhere.
    """
    spec = metadata.get("kernelspec")
    if not isinstance(spec, dict):
        return None
    name = spec.get("name")
    if not isinstance(name, str) or name in OURS:
        return None
    about = metadata.get("language_info")
    language = spec.get("language") or (about.get("name") if isinstance(about, dict) else None)
    if str(language or "python").lower() == "python" and not _is_installed(name):
        return None
    return PREFIX + name


def as_metadata(spec: Kernelspec) -> dict[str, str]:
    """What a notebook says of its kernel, in Jupyter's words."""
    return {"display_name": spec.display_name, "language": spec.language, "name": spec.name}


def language_of(metadata: Mapping[str, Any]) -> str:
    """The language that a notebook's code cells are in, in small letters."""
    spec, about = metadata.get("kernelspec"), metadata.get("language_info")
    for told in (
        spec.get("language") if isinstance(spec, dict) else None,
        about.get("name") if isinstance(about, dict) else None,
    ):
        if isinstance(told, str) and told:
            return told.lower()
    return "python"


def is_python(language: str) -> bool:
    return language.lower() in ("", "python", "ipython")


def _is_installed(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and any(
        os.path.isfile(os.path.join(folder, name, "kernel.json")) for folder in _folders()
    )


def _folders() -> list[str]:
    from jupyter_core.paths import jupyter_path

    return [str(folder) for folder in jupyter_path("kernels")]


def installed() -> list[Kernelspec]:
    """All that Jupyter would find, the broken ones with what is wrong."""
    found: dict[str, Kernelspec] = {}
    for folder in _folders():
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue  # one of the usual places, which need not exist
        for name in names:
            place = Path(folder) / name
            if name not in found and _NAME.fullmatch(name) and (place / "kernel.json").is_file():
                found[name] = _read(name, place)
    return sorted(found.values(), key=lambda each: each.display_name.lower())


def usable(name: str) -> Kernelspec:
    """The kernelspec of this name. Raises `InterpreterUnusable`, which says what to do."""
    for spec in installed():
        if spec.name.lower() == name.lower():
            if spec.problem is not None:
                raise InterpreterUnusable(PREFIX + name, spec.problem)
            return spec
    known = ", ".join(spec.name for spec in installed()) or "none"
    raise InterpreterUnusable(
        PREFIX + name,
        f"no kernel of this name is installed (found: {known}); {_how_to_install(name)}, or "
        "choose another kernel for the notebook",
    )


# How the kernels that people use most are installed, by how their names begin.
_INSTALLS = (
    ("ir", 'run in R: install.packages("IRkernel"); IRkernel::installspec()'),
    ("julia", 'run in Julia: using Pkg; Pkg.add("IJulia")'),
    ("bash", "run: pip install bash_kernel && python -m bash_kernel.install"),
    ("deno", "run: deno jupyter --install"),
    ("tslab", "run: npm install -g tslab && tslab install"),
    ("jslab", "run: npm install -g tslab && tslab install"),
    ("octave", "run: pip install octave_kernel"),
    ("rust", "run: cargo install evcxr_jupyter && evcxr_jupyter --install"),
    (".net", "run: dotnet tool install -g Microsoft.dotnet-interactive"),
)


def _how_to_install(name: str) -> str:
    known = (advice for start, advice in _INSTALLS if name.lower().startswith(start))
    return next(known, "install it")


def _read(name: str, place: Path) -> Kernelspec:
    file = place / "kernel.json"
    try:
        said = json.loads(file.read_text("utf-8"))
        argv = said["argv"]
        if not isinstance(argv, list) or not argv or not all(isinstance(a, str) for a in argv):
            raise ValueError("argv is not a list of words")
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{file} cannot be read ({error!r}); install the kernel anew"
        return Kernelspec(name, name, "", str(place), problem)
    title = str(said.get("display_name") or name)
    language = str(said.get("language") or "")
    trouble: str | None = None
    program = argv[0].replace("{resource_dir}", str(place))
    if program not in ("python", "python3") and shutil.which(program) is None:
        trouble = f"its program {program} is not there (any more); install the kernel anew"
    return Kernelspec(name, title, language, str(place), trouble)
