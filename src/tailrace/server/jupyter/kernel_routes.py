"""`/api/kernels`, `/api/sessions`, `/api/kernelspecs`, and a kernel's socket."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tailrace.protocol.errors import FileMissing, KernelMissing
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.jupyter.answers import JupyterRoutes, Unfit, base_of, body_of, json_answer
from tailrace.server.jupyter.channels import Channels
from tailrace.server.jupyter.events import KERNELS, Happenings
from tailrace.server.jupyter.kernels import Kernels
from tailrace.server.jupyter.kernelspecs import model_of
from tailrace.server.jupyter.seats import Seats
from tailrace.server.problems import deny_websocket


def kernel_routes(kernels: Kernels, seats: Seats, happenings: Happenings) -> JupyterRoutes:
    routes = JupyterRoutes()

    def tell(action: str, request: Request, kernel_id: str) -> None:
        about = {"kernel_id": kernel_id, "http_method": request.method, "status": "success"}
        happenings.tell(KERNELS, action, **about)

    @routes.json("GET", "/api/kernels", permission="read")
    async def list_kernels(request: Request) -> Any:
        return [kernels.kernel_model(session) for session in kernels.all()]

    @routes.json("POST", "/api/kernels", permission="run")
    async def start_kernel(request: Request) -> Response:
        wanted = await body_of(request)
        session = await kernels.start(
            _text(wanted, "name"),
            _text(wanted, "path") or "",
            kernel_id=_text(wanted, "kernel_id"),
        )
        model = kernels.kernel_model(session)
        tell("start", request, model["id"])
        location = f"{base_of(request)}api/kernels/{model['id']}"
        return json_answer(model, 201, location=location)

    @routes.json("GET", "/api/kernels/{kernel_id}", permission="read")
    async def kernel(request: Request, kernel_id: str) -> Any:
        return kernels.kernel_model(kernels.find(kernel_id))

    @routes.json("DELETE", "/api/kernels/{kernel_id}", permission="run")
    async def delete_kernel(request: Request, kernel_id: str) -> Response:
        await kernels.delete(kernels.find(kernel_id))
        tell("shutdown", request, kernel_id)
        return Response(status_code=204)

    @routes.json("POST", "/api/kernels/{kernel_id}/interrupt", permission="run")
    async def interrupt_kernel(request: Request, kernel_id: str) -> Response:
        await kernels.interrupt(kernels.find(kernel_id))
        tell("interrupt", request, kernel_id)
        return Response(status_code=204)

    @routes.json("POST", "/api/kernels/{kernel_id}/restart", permission="run")
    async def restart_kernel(request: Request, kernel_id: str) -> Any:
        session = kernels.find(kernel_id)
        await kernels.restart(session)
        tell("restart", request, kernel_id)
        return kernels.kernel_model(session)

    @routes.websocket("/api/kernels/{kernel_id}/channels", permission="run")
    async def channels(websocket: WebSocket, kernel_id: str) -> None:
        try:
            session = kernels.find(kernel_id)
        except KernelMissing as problem:
            await deny_websocket(problem, websocket.scope, websocket._receive, websocket._send)
            return
        await Channels(websocket, session, kernels, seats).serve()

    @routes.json("GET", "/api/sessions", permission="read")
    async def list_sessions(request: Request) -> Any:
        return kernels.sessions()

    @routes.json("POST", "/api/sessions", permission="run")
    async def open_session(request: Request) -> Response:
        wanted = await body_of(request)
        old = wanted.get("notebook")
        path = _text(wanted, "path") or (_text(old, "path") if isinstance(old, dict) else None)
        if path is None:
            raise Unfit("Missing field in JSON data: path")
        kind = _text(wanted, "type") or ("notebook" if isinstance(old, dict) else None)
        if kind is None:
            raise Unfit("Missing field in JSON data: type")
        kernel = wanted.get("kernel")
        kernel = kernel if isinstance(kernel, dict) else {}
        model = await kernels.open(
            path.strip("/"),
            _text(wanted, "name") or "",
            kind,
            _text(kernel, "name"),
            _text(kernel, "id"),
        )
        return json_answer(model, 201, location=f"{base_of(request)}api/sessions/{model['id']}")

    @routes.json("GET", "/api/sessions/{session_id}", permission="read")
    async def session(request: Request, session_id: str) -> Any:
        return kernels.find_session(session_id)[1]

    @routes.json("PATCH", "/api/sessions/{session_id}", permission="run")
    async def change_session(request: Request, session_id: str) -> Any:
        return await kernels.change(session_id, await body_of(request))

    @routes.json("DELETE", "/api/sessions/{session_id}", permission="run")
    async def delete_session(request: Request, session_id: str) -> Response:
        await kernels.delete_session(session_id)
        return Response(status_code=204)

    @routes.json("GET", "/api/kernelspecs", permission="read")
    async def kernelspecs(request: Request) -> Any:
        specs = {
            name: model_of(spec, base_of(request))
            for name, spec in (await kernels.specs.all()).items()
        }
        return {"default": kernels.specs.default, "kernelspecs": specs}

    @routes.json("GET", "/api/kernelspecs/{name}", permission="read")
    async def kernelspec(request: Request, name: str) -> Any:
        spec = (await kernels.specs.all()).get(name)
        if spec is None:
            raise Unfit(f"Kernel spec {name} not found", status=404)
        return model_of(spec, base_of(request))

    @routes.json("GET", "/kernelspecs/{name}/{resource:path}", permission="read")
    async def kernelspec_resource(request: Request, name: str, resource: str) -> Response:
        spec = (await kernels.specs.all()).get(name)
        if spec is None or resource not in spec.resources:
            raise FileMissing(f"{name} has no {resource}")
        data = await asyncio.to_thread((spec.folder / resource).read_bytes)
        kind = "image/svg+xml" if resource.endswith(".svg") else "image/png"
        return Response(data, headers=FILE_HEADERS, media_type=kind)

    return routes


def _text(fields: Any, name: str) -> str | None:
    """A text field, or None where it is missing or empty; anything else is refused."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unfit(f"{name} must be text")
    return value
