"""A notebook that is open: its actor, its kernel, its file, and the doors to them.

Clients come in through `join`, `submit` and `ask`; HTTP reads `state` and `log`. A session
ends by `close`, which leaves the kernel running and the log and the file complete.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any, assert_never

from msgspec import to_builtins
from msgspec.structs import replace

from tailrace.blobs.held import HeldBlobs
from tailrace.core.step import effects_on_open
from tailrace.documents.room import Room
from tailrace.kernels import kernelspecs
from tailrace.kernels.kernel import Kernel, KernelProvider
from tailrace.log.event_log import EventLog
from tailrace.protocol import operations as op
from tailrace.protocol.errors import KernelError, KernelUnreachable, LogError, LogFenced
from tailrace.protocol.events import DebuggerReported, DocumentUpdated
from tailrace.protocol.frames import (
    Answer,
    Complete,
    Goodbye,
    Hello,
    Inspect,
    ListVariables,
    Refusal,
    Request,
    Table,
    Usage,
)
from tailrace.protocol.ids import KernelId, NotebookId, OperationId
from tailrace.protocol.state import SessionState
from tailrace.session import kernel_words
from tailrace.session.actor import Actor
from tailrace.session.checkpointing import Checkpointing
from tailrace.session.clock import Clock
from tailrace.session.fanout import Lane
from tailrace.session.mailbox import Guard, Joined, Mailbox, Noted, Submitted
from tailrace.session.opening import Opened
from tailrace.session.performer import KernelPerformer
from tailrace.session.place import Place
from tailrace.session.shrink import Shrink
from tailrace.session.unwritten import WithUnwritten

FINISH_S = 5.0  # longer than saving takes, shorter than people wait for a server to end
MOVED = Goodbye("session.moved", "this notebook has another name now; following it")
ENDED = Goodbye("server.closing", "the server is closing; reconnecting")

log_ = logging.getLogger("tailrace.session")

_NEEDS_RUN = (
    op.RunCells,
    op.RunCode,
    op.RunAll,
    op.RunAbove,
    op.RunBelow,
    op.CancelExecutions,
    op.Interrupt,
    op.StartKernel,
    op.RestartKernel,
    op.StopKernel,
    op.AnswerInput,
    op.CancelInput,
    op.OpenComm,
    op.SendComm,
    op.CloseComm,
)


def permission_for(operation: op.Operation) -> str:
    """What one must be allowed to do to submit it."""
    return "run" if isinstance(operation, _NEEDS_RUN) else "edit"


class Session:
    def __init__(
        self,
        place: Place,
        opened: Opened,
        provider: KernelProvider,
        blobs: HeldBlobs,
        clock: Clock,
        *,
        autosave_s: float,
        backup_folder: Path | None = None,
        interpreter: str | None = None,
        env: dict[str, str] | None = None,
        label: str | None = None,
        cwd: str | None = None,
    ) -> None:
        """`label` is how the host lists the kernel. It is the file's path unless given; then
        the kernel is this session's alone, and no server looks for it."""
        self.place = place
        self.blobs = blobs
        self._provider = provider
        self._env = env
        self._label = label
        self._cwd = cwd or str(place.folder)
        self._interpreter = interpreter
        self._mailbox = Mailbox()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._goodbye = ENDED
        self._performer: KernelPerformer | None = None
        self.actor = Actor(
            place.notebook_id,
            place.name,
            opened,
            self._mailbox,
            self,
            clock,
            Shrink(blobs),
            interpreter=lambda: self.chosen_interpreter,
        )
        self.topics = WithUnwritten(opened.log, lambda: self.actor.unwritten)
        self.checkpointing = Checkpointing(
            self.actor,
            self._mailbox,
            place,
            blobs,
            clock,
            self.topics,
            autosave_s=autosave_s,
            original=opened.original,
            backup_folder=backup_folder,
        )
        self.failure: BaseException | None = None

    # ── what lists and routes show ───────────────────────────────────────────

    @property
    def notebook_id(self) -> NotebookId:
        return self.place.notebook_id

    @property
    def path(self) -> str:
        return self.place.name

    @property
    def state(self) -> SessionState:
        return self.actor.state

    @property
    def log(self) -> EventLog:
        return self.actor.log

    @property
    def room(self) -> Room:
        return self.actor.room

    @property
    def kernel_id(self) -> KernelId | None:
        kernel = self.state.kernel
        return kernel.kernel_id if kernel.phase in ("starting", "ready") else None

    @property
    def chosen_interpreter(self) -> str | None:
        """The command line's choice, else the notebook's (`kernelspec.interpreter`), else
        the kernel that its kernelspec names; None: the server's own Python."""
        if self._interpreter is not None:
            return self._interpreter
        spec = self.room.metadata().get("kernelspec")
        chosen = spec.get("interpreter") if isinstance(spec, dict) else None
        if isinstance(chosen, str) and chosen:
            return chosen
        return kernelspecs.wanted_by(self.room.metadata())

    @property
    def is_running(self) -> bool:
        return self.state.running is not None or bool(self.state.queue)

    @property
    def clients(self) -> int:
        return len(self.actor.fanout)

    @property
    def is_ended(self) -> bool:
        return self._ended.is_set()

    # ── the doors ────────────────────────────────────────────────────────────

    def join(self, lane: Lane, hello: Hello) -> None:
        self._join(Joined(lane, hello))

    def rejoin(self, lane: Lane) -> None:
        """The lane was cut and has been read empty: it goes on from a snapshot."""
        self._join(Joined(lane, None))

    def _join(self, joined: Joined) -> None:
        if self.is_ended:
            joined.lane.close(ENDED)
        else:
            self._mailbox.put(joined)

    def leave(self, lane: Lane) -> None:
        lane.close()
        self.actor.fanout.remove(lane)

    def submit(
        self,
        operation_id: OperationId,
        operation: op.Operation,
        actor: str,
        lane: Lane | None = None,
        *,
        may: frozenset[str] = frozenset({"read", "run", "edit"}),
        guard: Guard | None = None,
    ) -> asyncio.Future[Answer]:
        """Put an operation in the mailbox; the future is its answer (the lane gets it too).
        It is refused where `guard`, asked in the same turn, refuses it."""
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        needed = permission_for(operation)
        if needed not in may:
            refusal = Refusal("auth.forbidden", f"this needs the permission {needed!r}")
            answer = Answer(operation_id, self.state.sequence, refusal)
            if lane is not None:
                lane.put(answer)
            done.set_result(answer)
        elif self.is_ended:
            done.set_result(self._unanswered(operation_id))
        else:
            self._mailbox.put(Submitted(operation_id, operation, actor, lane, done, guard))
        return done

    async def ask(self, request: Request) -> dict[str, Any]:
        """Answer a question from the kernel. Raises `KernelError` when it cannot."""
        kernel = self._performer.kernel if self._performer is not None else None
        if kernel is None:
            raise KernelUnreachable("no kernel runs; run a cell to start one")
        match request:
            case Complete() | Inspect() | Table():
                arguments = to_builtins(request)
                return await kernel.ask(arguments.pop("kind"), arguments)
            case ListVariables():
                return await kernel.ask("variables", {})
            case Usage():
                return await kernel.ask("usage", {})
            case _:
                assert_never(request)

    @property
    def can_be_asked(self) -> bool:
        """Whether a kernel is attached that answers questions."""
        return self._performer is not None and self._performer.kernel is not None

    async def ask_kernel(
        self, kind: str, arguments: dict[str, Any], *, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        """As `ask`, in the words of docs/spec/kernel.md."""
        kernel = self._performer.kernel if self._performer is not None else None
        if kernel is None:
            raise KernelUnreachable("no kernel runs; run a cell to start one")
        return await kernel.ask(kind, arguments, timeout_s=timeout_s)

    def tell_of_debugger(self, event: dict[str, Any]) -> None:
        """Have every client hear an event of the debugger that the kernel did not say."""
        if not self.is_ended:
            self._mailbox.put(Noted((DebuggerReported(event),)))

    async def ask_table(self, question: dict[str, Any]) -> dict[str, Any]:
        """As `ask` of a table; `export` too, whose pieces a download is made of."""
        kernel = self._performer.kernel if self._performer is not None else None
        if kernel is None:
            raise KernelUnreachable("no kernel runs; run a cell to start one")
        return await kernel.ask("table", question)

    # ── life ─────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Live until `close`, or until the log is lost. Never raises: why it ended is told to
        the clients, who then come back to a session opened anew."""
        goodbye: Goodbye | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                self._performer = KernelPerformer(
                    self._mailbox,
                    self._provider,
                    tasks,
                    cwd=self._cwd,
                    label=self._label or str(self.place.file),
                    save=self.checkpointing.request,
                    settle=self.checkpointing.settle,
                    met=self._met,
                    env=self._env,
                )
                await self._find_kernel(self._performer)
                work = [
                    tasks.create_task(self.actor.run()),
                    tasks.create_task(self.checkpointing.run()),
                ]
                await self._stopping.wait()
                for task in work:
                    task.cancel()
                await self._performer.detach()
        except BaseExceptionGroup as group:
            fenced, rest = group.split(LogFenced)
            self.failure = rest or fenced
            goodbye = Goodbye(
                "session.failed", "this notebook's session failed and is opened again; reconnecting"
            )
            log_.error("the session of %s ended", self.place.name, exc_info=self.failure)
            if self._performer is not None:
                await self._performer.detach()
        finally:
            self._dismiss(goodbye or self._goodbye)
            self._ended.set()

    def _dismiss(self, goodbye: Goodbye) -> None:
        """Nobody waits for this session any more: neither a client nor an operation."""
        self.actor.fanout.close(goodbye)
        for item in self._mailbox.drain():
            match item:
                case Joined(lane=lane):
                    lane.close(goodbye)
                case Submitted(operation_id=operation_id, done=done) if done is not None:
                    # Not into the lane: its client asks again, and it is done once.
                    if not done.done():
                        done.set_result(self._unanswered(operation_id))
                case Noted(done=noted) if noted is not None and not noted.done():
                    noted.set_exception(LogError("the session ended before this was recorded"))

    def _unanswered(self, operation_id: OperationId) -> Answer:
        refusal = Refusal("session.ended", "the notebook's session ended; ask again")
        return Answer(operation_id, self.state.sequence, refusal)

    async def _find_kernel(self, performer: KernelPerformer) -> None:
        """Go on with the kernel of an earlier server, or say that it is lost."""
        kernel_id = self.kernel_id
        if self._label is None:
            await performer.end_strays(kernel_id)
        if kernel_id is None:
            return
        if await performer.attach(kernel_id, self.state.kernel.received):
            return
        missing = effects_on_open(self.state)
        for effect in missing:  # asked for, but the server died before it was started
            performer.perform(effect)
        if not missing:
            performer.report_lost(kernel_id)

    async def _met(self, kernel: Kernel) -> None:
        """Have the notebook say which language its kernel speaks (KER-50)."""
        metadata = self.room.metadata()
        name = kernelspecs.named_by(self.state.kernel.interpreter)
        if self._interpreter is not None or (
            name is None and kernelspecs.is_python(kernelspecs.language_of(metadata))
        ):
            return
        try:
            spec = await asyncio.to_thread(kernelspecs.usable, name) if name else None
            about = (await kernel.ask("kernel-info", {})).get("language_info") or {}
        except KernelError as error:
            log_.warning("the kernel of %s did not tell its language: %s", self.path, error)
            return
        wanted = kernel_words.told(self.room.metadata(), about, spec)
        if wanted is None or self.state.kernel.kernel_id != kernel.kernel_id:
            return
        room = Room.from_update(self.room.state())
        update = room.merge_notebook(replace(room.to_notebook(), metadata=wanted))
        if update is not None:
            self._mailbox.put(Noted((DocumentUpdated(self.state.generation or "", update),)))

    async def close(self, goodbye: Goodbye = ENDED) -> None:
        """Save what is unsaved, keep a snapshot, sync, let go. The kernel runs on.
        `goodbye` is what the clients are told."""
        self._goodbye = goodbye
        try:
            if not self.is_ended:
                await self._finish()
            self._stopping.set()
            await self._ended.wait()
            if self.failure is None:
                await self.actor.save_snapshot()
        finally:
            await self.log.close()

    async def _finish(self) -> None:
        """Save, within a time: on a full disk the log has what the file has not."""
        try:
            async with asyncio.timeout(FINISH_S):
                await self.checkpointing.finish()
        except TimeoutError:
            log_.warning("%s could not be saved before it was closed", self.path)

    # ── the actor's performer ────────────────────────────────────────────────

    def perform(self, effect: Any) -> None:
        if self._performer is not None:
            self._performer.perform(effect)

    def acknowledge(self, received: int, size_bytes: int) -> None:
        if self._performer is not None:
            self._performer.acknowledge(received, size_bytes)

    def bury(self, kernel_id: KernelId) -> None:
        if self._performer is not None:
            self._performer.bury(kernel_id)

    def resume(self) -> None:
        if self._performer is not None:
            self._performer.resume()
