"""`%pip`, `%uv`: packages for this very kernel, to be imported at once.

IPython's magics run the installer of this interpreter; here they also make Python look
again at what is there, and say that a restart is needed only where it is: when a package
was changed whose modules are imported already. An environment that was made without pip
is served by uv.
"""

import importlib
import shlex
import shutil
import sys
from importlib import metadata, util
from typing import Any

from IPython.core.magic import line_magic, magics_class
from IPython.core.magics.packaging import PackagingMagics

NO_INSTALLER = (
    "This environment has neither pip nor uv. Make it one of them, for example by:\n"
    "  !{python} -m ensurepip"
)


@magics_class
class PackageMagics(PackagingMagics):
    """Takes the place of IPython's."""

    @line_magic
    def pip(self, line: str) -> None:  # type: ignore[override]
        """Run pip in the kernel's own environment.

        Usage:
          %pip install [pkgs]
        """
        command = _pip_command(line)
        if command is None:
            print(NO_INSTALLER.format(python=shlex.quote(sys.executable)), file=sys.stderr)
        else:
            self._change_packages(command)

    @line_magic
    def uv(self, line: str) -> None:  # type: ignore[override]
        """Run uv in the kernel's own environment.

        Usage:
          %uv pip install [pkgs]
        """
        uv = _uv_command()
        if uv is None:
            print("uv is not installed: `%pip install uv` brings it", file=sys.stderr)
        else:
            self._change_packages(f"{uv} {_for_this_python(line)}")

    def _change_packages(self, command: str) -> None:
        shell: Any = self.shell
        before = _versions()
        shell.system(command)
        importlib.invalidate_caches()
        after = _versions()
        changed = {name for name, version in before.items() if after.get(name) != version}
        stale = sorted(name for name in changed if _is_imported(name))
        if stale:
            print(f"Restart the kernel to use the new {', '.join(stale)}: imported already.")


def _pip_command(line: str) -> str | None:
    if util.find_spec("pip") is not None:
        return f"{shlex.quote(sys.executable)} -m pip {line}"
    uv = _uv_command()
    return None if uv is None else f"{uv} {_for_this_python(f'pip {line}')}"


def _uv_command() -> str | None:
    if util.find_spec("uv") is not None:
        return f"{shlex.quote(sys.executable)} -m uv"
    found = shutil.which("uv")
    return None if found is None else shlex.quote(found)


def _for_this_python(line: str) -> str:
    """uv would change the project around the current folder instead."""
    words = line.split(maxsplit=2)
    if words[:1] != ["pip"] or len(words) < 2 or "--python" in line:
        return line
    rest = words[2] if len(words) > 2 else ""
    return f"pip {words[1]} --python {shlex.quote(sys.executable)} {rest}".rstrip()


def _versions() -> dict[str, str]:
    """Every distribution that is there now; the first of a name counts, as in an import."""
    found: dict[str, str] = {}
    for each in metadata.distributions():
        try:
            found.setdefault(each.metadata["Name"], each.version)
        except (KeyError, TypeError, OSError):
            continue  # half removed, or being written
    return found


def _is_imported(distribution: str) -> bool:
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return distribution.replace("-", "_").lower() in sys.modules
    tops = {file.parts[0].removesuffix(".py") for file in files if file.suffix in (".py", ".so")}
    return any(top in sys.modules for top in tops)
