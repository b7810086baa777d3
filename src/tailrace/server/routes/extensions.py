"""Front ends of widget packages, for the page to hand to its frames (WID-20).

The frame has no login and no network: the page asks in its place. The answer is bytes to be
saved, whatever they are.
"""

import asyncio

from fastapi import Request
from starlette.responses import Response

from tailrace.files.extensions import extension_file
from tailrace.kernels.environments import own_interpreter, resolved
from tailrace.protocol.errors import FileMissing, InterpreterUnusable
from tailrace.protocol.ids import NotebookId, is_id
from tailrace.server.headers import FILE_HEADERS
from tailrace.server.permissions import Routes
from tailrace.session.directory import Directory
from tailrace.session.session import Session

routes = Routes()


@routes.http("GET", "/api/v1/notebooks/{notebook_id}/extensions/{path:path}", permission="read")
async def extension(request: Request, notebook_id: str, path: str) -> Response:
    """A file of a front end installed in the environment of the notebook's kernel."""
    if not is_id(notebook_id):
        raise FileMissing("there is no such notebook")
    directory: Directory = request.app.state.application.directory
    session = await directory.session(NotebookId(notebook_id))
    found = await asyncio.to_thread(extension_file, _interpreter(session), path)
    headers = {**FILE_HEADERS, "content-disposition": "attachment"}
    return Response(found, media_type="application/octet-stream", headers=headers)


def _interpreter(session: Session) -> str:
    """The one that runs, else the one that would."""
    kernel = session.state.kernel
    if kernel.python is not None:
        return kernel.python
    try:
        chosen = session.chosen_interpreter
        return resolved(chosen, beside=session.place.file.parent) if chosen else own_interpreter()
    except InterpreterUnusable:
        return own_interpreter()
