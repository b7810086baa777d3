"""Which Python runs a notebook: resolve what was asked for, find what lies near, look inside.

A setting is a virtual environment's folder, a Python executable, or null for the server's
own. What is missing is named exactly, with what to do about it. The other interpreter is
asked by running it on a few lines that any Python 3 understands.
"""

import asyncio
import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tailrace.protocol.errors import InterpreterUnusable

OLDEST_PYTHON = (3, 11)
OLDEST_IPYTHON = (8, 20)
_FOLDER_NAMES = (".venv", "venv")
_ANSWER_S = 20.0  # a cold start from a network disk
_PLACES = (("bin", "python"), ("bin", "python3"), ("Scripts", "python.exe"))
_QUESTION = """\
import json, sys
ipython = None
try:
    import importlib.metadata as metadata
    import importlib.util
    if importlib.util.find_spec("IPython"):
        ipython = metadata.version("ipython")
except Exception:
    pass
print("tailrace:" + json.dumps([list(sys.version_info[:3]), ipython, sys.prefix]))
"""


class Environment(Struct, frozen=True):
    """An interpreter as it was found. `ipython` is its version, null when it has none."""

    interpreter: str
    python: str
    ipython: str | None
    prefix: str


def own_interpreter() -> str:
    return sys.executable


def resolved(interpreter: str | None, *, beside: Path | None = None) -> str:
    """The executable that a setting names, absolute. Raises `InterpreterUnusable`.

    A relative path counts from `beside` (the notebook's folder); a bare name like
    `python3.12` is looked up on PATH. Links are not followed: a virtual environment is
    known by the path of its link.
    """
    if interpreter is None:
        return own_interpreter()
    if os.sep not in interpreter and "/" not in interpreter:
        near = (beside or Path.cwd()) / interpreter
        found = None if near.exists() else shutil.which(interpreter)
        path = Path(found) if found else near
    else:
        path = (beside or Path.cwd()) / Path(interpreter).expanduser()
    path = Path(os.path.abspath(path))
    if path.is_dir():
        for place in _PLACES:
            executable = path.joinpath(*place)
            if executable.exists() or executable.is_symlink():
                path = executable
                break
        else:
            raise InterpreterUnusable(
                str(path),
                "this folder holds no Python; make it a virtual environment, run: "
                f"python3 -m venv {path}",
            )
    if not path.exists():
        if path.is_symlink():
            raise InterpreterUnusable(
                str(path),
                f"it is a link to {os.readlink(path)}, which is not there (any more); "
                "make the environment anew",
            )
        raise InterpreterUnusable(str(path), "it was not found; choose another interpreter")
    if not os.access(path, os.X_OK):
        raise InterpreterUnusable(str(path), f"it is not executable; run: chmod +x {path}")
    return str(path)


def environments_near(notebook: Path) -> list[str]:
    """Virtual environments in the notebook's folder and above it, the nearest first."""
    found = []
    for folder in Path(os.path.abspath(notebook)).parents:
        for name in _FOLDER_NAMES:
            if (folder / name / "pyvenv.cfg").is_file():
                found.append(str(folder / name))
    return found


def glimpsed(folder: str) -> tuple[Environment, str | None]:
    """A virtual environment as its files describe it, and what speaks against it. Nothing of
    it is run: it may have come with somebody else's notebook. What the files do not say is
    empty or null, and then nothing speaks against it."""
    found: dict[str, str] = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in (Path(folder) / "pyvenv.cfg").read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            found[name.strip().lower()] = value.strip()
    python = ".".join((found.get("version") or found.get("version_info") or "").split(".")[:3])
    try:
        executable = resolved(folder)
    except InterpreterUnusable as error:
        return Environment(folder, python, None, folder), str(error)
    environment = Environment(executable, python, _installed_ipython(Path(folder)), folder)
    borrows = found.get("include-system-site-packages", "").lower() == "true"
    if not python or (environment.ipython is None and borrows):
        return environment, None
    return environment, problem_of(environment)


def _installed_ipython(folder: Path) -> str | None:
    """The version in the name of its metadata's folder, as installers write it."""
    for packages in (*folder.glob("lib/python*/site-packages"), folder / "Lib/site-packages"):
        for metadata in packages.glob("[iI][pP]ython-*.dist-info"):
            return metadata.name.removesuffix(".dist-info").partition("-")[2]
    return None


def packages_of(interpreter: str | None, beside: Path) -> list[str] | None:
    """The folders with libraries of a setting's environment, by its files alone; None for
    the server's own, whose libraries this process sees."""
    if interpreter is None:
        return None
    try:
        executable = Path(resolved(interpreter, beside=beside))
    except InterpreterUnusable:
        return None
    if str(executable) == own_interpreter():
        return None
    prefix = executable.parent.parent
    patterns = "lib/python3*/site-packages", "lib/python3/dist-packages", "Lib/site-packages"
    return [str(found) for pattern in patterns for found in sorted(prefix.glob(pattern))]


async def described(interpreter: str, env: dict[str, str] | None = None) -> Environment:
    """What the interpreter says of itself. Raises `InterpreterUnusable` when it cannot."""
    try:
        process = await asyncio.create_subprocess_exec(
            interpreter,
            "-c",
            _QUESTION,
            cwd="/" if os.name == "posix" else None,  # nothing there shadows a module
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise InterpreterUnusable(interpreter, f"it cannot be run: {error}") from error
    try:
        async with asyncio.timeout(_ANSWER_S):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise InterpreterUnusable(
            interpreter, f"it did not answer within {_ANSWER_S:.0f} s"
        ) from None
    for line in output.decode("utf-8", "replace").splitlines():
        if line.startswith("tailrace:"):
            version, ipython, prefix = json.loads(line.removeprefix("tailrace:"))
            return Environment(interpreter, ".".join(map(str, version)), ipython, prefix)
    said = errors.decode("utf-8", "replace").strip().splitlines()
    raise InterpreterUnusable(
        interpreter,
        f"it does not behave like Python (exit code {process.returncode})"
        + (f": {said[-1]}" if said else ""),
    )


def problem_of(environment: Environment) -> str | None:
    """What keeps it from running a notebook, with what to do; None when nothing does."""
    if _version(environment.python) < OLDEST_PYTHON:
        return (
            f"it is Python {environment.python}, and {_dotted(OLDEST_PYTHON)} or newer is "
            "needed; choose another interpreter"
        )
    install = f"run: {environment.interpreter} -m pip install"
    if environment.ipython is None:
        return f"IPython is missing there; {install} ipython"
    if _version(environment.ipython) < OLDEST_IPYTHON:
        return (
            f"its IPython {environment.ipython} is older than {_dotted(OLDEST_IPYTHON)}; "
            f"{install} -U ipython"
        )
    return None


async def usable(interpreter: str, env: dict[str, str] | None = None) -> Environment:
    """The interpreter looked into. Raises `InterpreterUnusable` naming what is missing."""
    environment = await described(interpreter, env)
    problem = problem_of(environment)
    if problem is not None:
        raise InterpreterUnusable(interpreter, problem)
    return environment


def activated(interpreter: str, env: dict[str, str]) -> dict[str, str]:
    """`env` as it would be with the interpreter's environment activated, so that `!pip` and
    the scripts installed there are the ones that belong to it."""
    folder = Path(interpreter).parent
    if not (folder.parent / "pyvenv.cfg").is_file():
        return env
    path = env.get("PATH", os.defpath).split(os.pathsep)
    places = [str(folder), *(place for place in path if place != str(folder))]
    changed = {**env, "VIRTUAL_ENV": str(folder.parent), "PATH": os.pathsep.join(places)}
    changed.pop("PYTHONHOME", None)
    return changed


def _version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.split(".")[:2]:
        digits = "".join(character for character in part if character.isdigit())
        numbers.append(int(digits or 0))
    return tuple(numbers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
