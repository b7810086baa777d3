"""Jupyter's kernels and sessions over our sessions.

A Jupyter kernel is one of our sessions that has, or had, an interpreter: its id is made from
the notebook's and stays the same when the kernel is restarted, and over restarts of the
server (JUP-22). A notebook's Jupyter session is the same thing by another id. Kernels that no
notebook belongs to are consoles (`session/consoles.py`).
"""

import asyncio
import re
import secrets
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from tailrace.files.workspace import Workspace
from tailrace.formats.forms import may_be_notebook
from tailrace.jupyter.times import iso_time
from tailrace.protocol import operations as op
from tailrace.protocol.errors import FileError, KernelMissing, TailraceError
from tailrace.protocol.ids import ClientId, OperationId
from tailrace.server.jupyter.answers import Unfit
from tailrace.server.jupyter.kernelspecs import Kernelspecs
from tailrace.session.consoles import Console, Consoles, console_of
from tailrace.session.directory import Directory
from tailrace.session.moves import Moves
from tailrace.session.session import Session
from tailrace.session.tail import until_kernel_is_known

_NAMES = uuid.UUID("5f2f0a8e-6c1f-4d0a-9c39-4f1c2f7b8a10")
_VSCODE = re.compile(r"-jvsc-[0-9a-f-]{32,36}(?=\.ipynb\Z)")
"""What VS Code adds to a notebook's name for the file that it asks a session for."""
START_S = 60.0
_KERNEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class Bound(Struct):
    """A Jupyter session that a client made for a kernel that was there, or what it made of
    one of ours."""

    session_id: str
    kernel_id: str
    path: str
    name: str
    kind: str


class Served(Protocol):
    """What this needs of the application."""

    @property
    def workspace(self) -> Workspace: ...

    @property
    def directory(self) -> Directory: ...

    @property
    def consoles(self) -> Consoles: ...

    @property
    def moves(self) -> Moves: ...

    @property
    def backup_folder(self) -> Path: ...


class Kernels:
    def __init__(self, served: Served, specs: Kernelspecs) -> None:
        self._served = served
        self.specs = specs
        self._bound: dict[str, Bound] = {}
        self._seen_at: dict[str, float] = {}
        self.started_at = time.time()

    # ── kernels ──────────────────────────────────────────────────────────────

    def all(self) -> list[Session]:
        """The sessions whose kernel lives, is being started, or has died."""
        return [
            session
            for session in self._served.directory.open_notebooks()
            if session.state.kernel.phase != "none" and not session.is_ended
        ]

    def kernel_id(self, session: Session) -> str:
        if self._served.consoles.has(session):
            return session.place.file.stem
        return str(uuid.uuid5(_NAMES, f"kernel {session.notebook_id}"))

    def find(self, kernel_id: str) -> Session:
        """Raises `KernelMissing`."""
        for session in self.all():
            if self.kernel_id(session) == kernel_id:
                return session
        raise KernelMissing(f"Kernel does not exist: {kernel_id}")

    def kernel_model(self, session: Session) -> dict[str, Any]:
        kernel_id = self.kernel_id(session)
        return {
            "id": kernel_id,
            "name": self._spec_name(session),
            "last_activity": iso_time(self.last_activity(session)),
            "execution_state": execution_state(session),
            "connections": session.clients,
        }

    def last_activity(self, session: Session) -> float:
        times = [self._seen_at.setdefault(session.notebook_id, time.time())]
        for execution in session.state.executions.values():
            at = execution.finished_at or execution.started_at or execution.queued_at
            times += [at] if at is not None else []
        return max(times)

    async def start(self, name: str | None, path: str, *, kernel_id: str | None = None) -> Session:
        """A kernel of no notebook, working in the folder that `path` names or is in. Raises
        `Unfit` for an id that is taken or could be no file's name."""
        if kernel_id is not None:
            self._must_be_free(kernel_id)
        spec = await self.specs.named(name)
        console = Console(spec.name, str(await self._folder(path)))
        session = await self._served.consoles.open(
            kernel_id or str(uuid.uuid4()), console, spec.interpreter
        )
        await self._start_kernel(session, spec.interpreter)
        return session

    def _must_be_free(self, kernel_id: str) -> None:
        if not _KERNEL_ID.fullmatch(kernel_id):
            raise Unfit("kernel_id must be 1 to 64 letters, digits and hyphens")
        if any(self.kernel_id(session) == kernel_id for session in self.all()):
            raise Unfit(f"Kernel already exists: {kernel_id}", status=409)

    async def restart(self, session: Session, interpreter: str | None = None) -> None:
        await self._do(session, op.RestartKernel(interpreter=interpreter))
        await self._until_known(session)

    async def interrupt(self, session: Session) -> None:
        await self._do(session, op.Interrupt(), but="kernel.idle")

    async def stop(self, session: Session) -> None:
        await self._do(session, op.StopKernel(), but="kernel.none")

    async def delete(self, session: Session) -> None:
        kernel_id = self.kernel_id(session)
        await self.stop(session)
        self._bound = {
            each: bound for each, bound in self._bound.items() if bound.kernel_id != kernel_id
        }
        if self._served.consoles.has(session):
            await self._served.consoles.discard(session)

    # ── sessions ─────────────────────────────────────────────────────────────

    def sessions(self) -> list[dict[str, Any]]:
        bound = self._living_bound()
        renamed = {each.session_id for each in bound}
        models = [self.session_model(session) for session in self.all()]
        found = [model for model in models if model is not None and model["id"] not in renamed]
        return found + [self._bound_model(each) for each in bound]

    def session_id(self, session: Session) -> str:
        return str(uuid.uuid5(_NAMES, f"session {self.kernel_id(session)}"))

    def session_model(self, session: Session) -> dict[str, Any] | None:
        """None for a kernel that was started without a session."""
        if not self._served.consoles.has(session):
            return self._model(
                self.session_id(session), session, session.path, Path(session.path).name, "notebook"
            )
        console = console_of(session.room)
        if console is None or console.path is None:
            return None
        return self._model(
            self.session_id(session), session, console.path, console.title, console.kind
        )

    def find_session(self, session_id: str) -> tuple[Session, dict[str, Any]]:
        """The kernel's session and the model. Raises `Unfit` (404)."""
        for bound in self._living_bound():  # first: it may be the new name of one of ours
            if bound.session_id == session_id:
                return self.find(bound.kernel_id), self._bound_model(bound)
        for session in self.all():
            if self.session_id(session) == session_id:
                model = self.session_model(session)
                if model is not None:
                    return session, model
        raise Unfit(f"Session not found: session_id={session_id!r}", status=404)

    async def open(
        self, path: str, name: str, kind: str, kernel_name: str | None, kernel_id: str | None
    ) -> dict[str, Any]:
        """The session of a path: that of the notebook there, else one of its own."""
        if kernel_id is not None:
            return self._bind(self.find(kernel_id), path, name, kind)
        for bound in self._living_bound():
            if bound.path == path and bound.kind == kind:
                return self._bound_model(bound)
        session = await self._of_notebook(path)
        if session is not None:
            if session.kernel_id is None:
                spec = await self.specs.named(kernel_name, status=501)
                await self._start_kernel(session, spec.interpreter if kernel_name else None)
            model = self.session_model(session)
            assert model is not None, "a notebook's session has a model"
            return model
        for session in self.all():
            model = self.session_model(session)
            if model is not None and (model["path"], model["type"]) == (path, kind):
                return model
        spec = await self.specs.named(kernel_name, status=501)
        console = Console(
            spec.name, str(await self._folder(path)), path, name or path.rpartition("/")[2], kind
        )
        session = await self._served.consoles.open(str(uuid.uuid4()), console, spec.interpreter)
        await self._start_kernel(session, spec.interpreter)
        model = self.session_model(session)
        assert model is not None, "it was opened with a path"
        return model

    async def change(self, session_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Another name, or another kernel, for a session."""
        session, model = self.find_session(session_id)
        kernel = changes.get("kernel")
        kernel = kernel if isinstance(kernel, dict) else {}
        if kernel.get("id") is not None:
            session = await self._exchanged(session_id, session, str(kernel["id"]))
        elif kernel.get("name"):
            spec = await self.specs.named(str(kernel["name"]), status=501)
            interpreter = spec.interpreter
            if interpreter is None and self._spec_name(session) != spec.name:
                interpreter = sys.executable  # null would be what the session had before
            await self.restart(session, interpreter)
        path = str(changes.get("path") or model["path"])
        name = str(changes.get("name") or model["name"])
        kind = str(changes.get("type") or model["type"])
        own = self.session_model(session)
        self._bound.pop(session_id, None)
        if own is not None and own["id"] == session_id:
            owned = (own["path"], own["name"], own["type"])
            if (path, name, kind) == owned:
                return own
        bound = Bound(session_id, self.kernel_id(session), path, name, kind)
        self._bound[session_id] = bound
        return self._bound_model(bound)

    async def _exchanged(self, session_id: str, session: Session, kernel_id: str) -> Session:
        """The session of another kernel. The one before ends, if it was this session's own and
        no other session has it."""
        before = self.kernel_id(session)
        try:
            found = self.find(kernel_id)
        except KernelMissing:
            raise Unfit(f"No such kernel: {kernel_id}") from None
        others = [each for each in self._living_bound() if each.session_id != session_id]
        is_shared = any(each.kernel_id == before for each in others)
        if kernel_id != before and session_id == self.session_id(session) and not is_shared:
            await self.delete(session)
        return found

    async def delete_session(self, session_id: str) -> None:
        """With its kernel, as Jupyter does; a kernel that others use as well stays."""
        session, _ = self.find_session(session_id)
        self._bound.pop(session_id, None)
        if session_id == self.session_id(session):
            await self.delete(session)

    # ── inside ───────────────────────────────────────────────────────────────

    def _spec_name(self, session: Session) -> str:
        return self.specs.name_of(session.state.kernel.interpreter)

    def _bind(self, session: Session, path: str, name: str, kind: str) -> dict[str, Any]:
        model = self.session_model(session)
        if model is not None and (model["path"], model["type"]) == (path, kind):
            return model
        bound = Bound(str(uuid.uuid4()), self.kernel_id(session), path, name, kind)
        self._bound[bound.session_id] = bound
        return self._bound_model(bound)

    def _living_bound(self) -> list[Bound]:
        living = {self.kernel_id(session) for session in self.all()}
        self._bound = {
            each: bound for each, bound in self._bound.items() if bound.kernel_id in living
        }
        return list(self._bound.values())

    def _bound_model(self, bound: Bound) -> dict[str, Any]:
        session = self.find(bound.kernel_id)
        return self._model(bound.session_id, session, bound.path, bound.name, bound.kind)

    def _model(
        self, session_id: str, session: Session, path: str, name: str, kind: str
    ) -> dict[str, Any]:
        model: dict[str, Any] = {
            "id": session_id,
            "path": path,
            "name": name,
            "type": kind,
            "kernel": self.kernel_model(session),
        }
        if kind == "notebook":
            model["notebook"] = {"path": path, "name": name}
        return model

    async def _of_notebook(self, path: str) -> Session | None:
        """The open session of the notebook at `path`, or None where there is no notebook."""
        meant = _VSCODE.sub("", path)
        for wanted in dict.fromkeys((meant, path)):
            try:
                if not await asyncio.to_thread(self._is_notebook, wanted):
                    continue
                place = await asyncio.to_thread(self._served.directory.place, wanted)
            except FileError:
                continue
            return await self._served.directory.session(place.notebook_id)
        if meant == path:
            return None
        # VS Code does not say in which folder: it is meant where only one of that name is open.
        called = [
            session
            for session in self._served.directory.open_notebooks()
            if session.path.rpartition("/")[2] == meant and not session.is_ended
        ]
        return called[0] if len(called) == 1 else None

    def _is_notebook(self, path: str) -> bool:
        """A script that is no notebook may have a kernel, and stays a script."""
        if path.lower().endswith(".ipynb"):
            return True
        return may_be_notebook(path) and self._served.workspace.entry(path).kind == "notebook"

    async def _folder(self, path: str) -> Path:
        """Where a kernel works: the folder at `path`, else the nearest one above it."""
        workspace = self._served.workspace
        parts = [part for part in path.split("/") if part]
        while parts:
            try:
                found = await asyncio.to_thread(workspace.resolve, "/".join(parts))
            except TailraceError:
                found = None
            if found is not None and found.is_dir():
                return found
            parts.pop()
        return workspace.root

    async def _start_kernel(self, session: Session, interpreter: str | None) -> None:
        await self._do(session, op.StartKernel(interpreter), but="kernel.alive")
        await self._until_known(session)
        kernel = session.state.kernel
        if kernel.phase == "dead":
            raise Unfit(
                kernel.cause.message if kernel.cause else "the kernel did not start", status=500
            )

    async def _until_known(self, session: Session) -> None:
        client_id = ClientId(f"jupyter-start-{secrets.token_hex(4)}")
        try:
            async with asyncio.timeout(START_S):
                await until_kernel_is_known(session, client_id)
        except TimeoutError:
            raise Unfit("the kernel did not start in time", status=500) from None

    async def _do(self, session: Session, operation: op.Operation, *, but: str = "") -> None:
        """Submit it; a refusal called `but` is as good as done."""
        operation_id = OperationId(f"jupyter-{secrets.token_hex(8)}")
        answer = await session.submit(operation_id, operation, "client:jupyter")
        if answer.refusal is not None and answer.refusal.code != but:
            raise Unfit(answer.refusal.message, status=409)


def execution_state(session: Session) -> str:
    match session.state.kernel.phase:
        case "starting":
            return "starting"
        case "ready":
            return "busy" if session.is_running else "idle"
        case _:
            return "dead"
