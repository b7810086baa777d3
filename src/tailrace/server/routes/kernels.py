"""The kernels that live, whoever started them, and stopping one."""

from pathlib import Path, PurePath

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tailrace.protocol.errors import KernelMissing
from tailrace.protocol.ids import KernelId, is_id
from tailrace.server.application import Application
from tailrace.server.permissions import Routes
from tailrace.server.process_memory import resident_bytes_of


class _Kernel(Struct, frozen=True):
    """`notebook` is what the kernel was started for, below this server's folder or only its
    name; `path` is null while no session of this server has it open."""

    kernel_id: str
    notebook: str
    path: str | None
    pid: int
    python: str
    started_at: float
    alive: bool
    memory_bytes: int | None
    running: bool
    clients: int


class _Kernels(Struct, frozen=True):
    kernels: list[_Kernel]


def kernel_routes(application: Application) -> Routes:
    routes = Routes()

    @routes.http("GET", "/api/v1/kernels", permission="read")
    async def list_kernels(request: Request) -> Response:
        known = await application.kernels.list()
        memory = await resident_bytes_of([kernel.pid for kernel in known if kernel.alive])
        opened = {
            notebook.kernel_id: notebook for notebook in application.directory.open_notebooks()
        }
        listed = []
        for kernel in known:
            notebook = opened.get(kernel.kernel_id)
            listed.append(
                _Kernel(
                    kernel_id=kernel.kernel_id,
                    notebook=_shown(kernel.label, application.workspace.root),
                    path=notebook.path if notebook else None,
                    pid=kernel.pid,
                    python=kernel.python,
                    started_at=kernel.started_at,
                    alive=kernel.alive,
                    memory_bytes=memory.get(kernel.pid),
                    running=notebook.is_running if notebook else False,
                    clients=notebook.clients if notebook else 0,
                )
            )
        return Response(msgspec.json.encode(_Kernels(listed)), media_type="application/json")

    @routes.http("DELETE", "/api/v1/kernels/{kernel_id}", permission="run")
    async def stop_kernel(request: Request, kernel_id: str, kill: bool = False) -> Response:
        known = is_id(kernel_id) and await application.stop_kernel(
            KernelId(kernel_id), kill=kill, reason="stopped from the list of kernels"
        )
        if not known:
            raise KernelMissing("there is no such kernel; it may have ended already")
        return Response(status_code=204)

    return routes


def _shown(label: str, root: Path) -> str:
    """A kernel of another folder is named, but not where it is."""
    place = PurePath(label)
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else place.name
