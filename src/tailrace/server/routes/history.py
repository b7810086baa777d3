"""What a cell ran before, and which kernels a notebook may have."""

import asyncio
import os
import sys
from importlib import metadata
from pathlib import Path

from fastapi import Request
from msgspec import Struct
from starlette.responses import Response

from tailrace.kernels import kernelspecs
from tailrace.kernels.environments import environments_near, glimpsed, own_interpreter
from tailrace.protocol.errors import FileMissing, InterpreterUnusable
from tailrace.protocol.ids import CellId, NotebookId, is_id
from tailrace.server.application import Application
from tailrace.server.permissions import Routes
from tailrace.server.routes.notebooks import json_response
from tailrace.session.history import executions_of

routes = Routes()


class _Interpreter(Struct, frozen=True):
    """`setting` is what a notebook says to have it (`kernelspec.interpreter`), relative to
    its own folder; null means the server's own."""

    setting: str | None
    path: str
    python: str
    ipython: str | None
    problem: str | None


class _Kernelspec(Struct, frozen=True):
    """A kernel of Jupyter's, as `kernels/kernelspecs.py` finds them. `folder` is where it is
    installed, `problem` why it cannot be used."""

    setting: str
    name: str
    display_name: str
    language: str
    folder: str
    problem: str | None


class _Interpreters(Struct, frozen=True):
    """`missing` says what to do where the notebook names a kernel that cannot be had."""

    interpreters: list[_Interpreter]
    kernelspecs: list[_Kernelspec]
    missing: str | None = None


@routes.http("GET", "/api/v1/notebooks/{notebook_id}/cells/{cell_id}/executions", permission="read")
async def cell_executions(request: Request, notebook_id: str, cell_id: str) -> Response:
    """The cell's executions that the log has, newest first."""
    if not is_id(notebook_id) or not is_id(cell_id):
        raise FileMissing("there is no such cell")
    application = request.app.state.application
    session = await application.directory.session(NotebookId(notebook_id))
    return json_response(await executions_of(session.log, CellId(cell_id)))


@routes.http("GET", "/api/v1/interpreters", permission="read")
async def interpreters(request: Request, path: str = "", kernel: str = "") -> Response:
    """The server's own interpreter, the environments near the notebook at `path`, and the
    installed kernelspecs; what is wrong with the one named `kernel`. Nothing is run to find
    out: an environment that came with a notebook may hold anything."""
    application: Application = request.app.state.application
    return json_response(await asyncio.to_thread(_near, application, path, kernel))


def _near(application: Application, path: str, kernel: str) -> _Interpreters:
    notebook = application.workspace.resolve(path)
    own = ".".join(map(str, sys.version_info[:3]))
    found = [_Interpreter(None, own_interpreter(), own, metadata.version("ipython"), None)]
    for folder in environments_near(notebook):
        environment, problem = glimpsed(folder)
        found.append(
            _Interpreter(
                setting=Path(os.path.relpath(folder, notebook.parent)).as_posix(),
                path=environment.interpreter,
                python=environment.python,
                ipython=environment.ipython,
                problem=problem,
            )
        )
    specs = [
        _Kernelspec(
            setting=kernelspecs.PREFIX + spec.name,
            name=spec.name,
            display_name=spec.display_name,
            language=spec.language,
            folder=spec.folder,
            problem=spec.problem,
        )
        for spec in kernelspecs.installed()
        if spec.name not in kernelspecs.OURS
    ]
    return _Interpreters(found, specs, _problem_with(kernel) if kernel else None)


def _problem_with(kernel: str) -> str | None:
    try:
        kernelspecs.usable(kernel)
    except InterpreterUnusable as error:
        return error.problem
    return None
