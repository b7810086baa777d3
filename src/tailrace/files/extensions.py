"""Front-end files that widget packages install into an environment: WID-20.

A package puts its front end below `share/jupyter/nbextensions/<name>` (an AMD module) or
`share/jupyter/labextensions/<name>` (for JupyterLab) of the environment it is installed in,
or of the user's or the system's Jupyter folders. Only files of these two kinds of folder are
read, by names checked part by part; a link that leads out of its folder is refused.
"""

import os
import sys
from pathlib import Path

from tailrace.files.beneath import parts_of
from tailrace.protocol.errors import FileMissing

KINDS = ("nbextensions", "labextensions")
LIMIT_BYTES = 64 << 20  # the largest front ends have some 10 MB


def jupyter_folders(interpreter: str, environ: dict[str, str] | None = None) -> list[Path]:
    """Where that interpreter's Jupyter looks, the most particular place first."""
    env = os.environ if environ is None else environ
    named = [Path(each) for each in env.get("JUPYTER_PATH", "").split(os.pathsep) if each]
    own = Path(interpreter).parent.parent / "share" / "jupyter"
    user = env.get("JUPYTER_DATA_DIR")
    home = Path(env.get("HOME", os.path.expanduser("~")))
    if user is None and sys.platform == "darwin":
        user = str(home / "Library" / "Jupyter")
    data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    system = [Path("/usr/local/share/jupyter"), Path("/usr/share/jupyter")]
    return [*named, own, Path(user) if user else data / "jupyter", *system]


def extension_file(interpreter: str, path: str) -> bytes:
    """The file at `nbextensions/…` or `labextensions/…`. Raises `FileMissing`, `PathOutside`."""
    kind, *parts = parts_of(path) or ("",)
    if kind not in KINDS or not parts:
        raise FileMissing(f"there is no front end at “{path}”")
    for folder in jupyter_folders(interpreter):
        found = _within(folder / kind, parts)
        if found is not None:
            return found.read_bytes()
    raise FileMissing(f"no installed package brings {path}")


def _within(root: Path, parts: list[str]) -> Path | None:
    try:
        real = root.resolve(strict=True)
        found = real.joinpath(*parts).resolve(strict=True)
        if not found.is_relative_to(real) or not found.is_file():
            return None
        return found if found.stat().st_size <= LIMIT_BYTES else None
    except (OSError, ValueError):
        return None
