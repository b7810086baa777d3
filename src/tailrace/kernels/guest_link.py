"""A running kernel as the session sees it: two connections to the guest, and its host.

What the guest says goes into the sink, once and in order; when it dies, everything that
it could still send comes first, then what it left behind in its folder, then `Died`. A
connection that is lost while the kernel lives is made again from where it stopped.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from tailrace.kernels.addresses import Address
from tailrace.kernels.framing import FrameCutter
from tailrace.kernels.guest_channels import Channel, ControlChannel, OutputChannel
from tailrace.kernels.guest_frames import ReportReader
from tailrace.kernels.kernel import ReportSink
from tailrace.kernels.run_folder import KernelFolder, read_json
from tailrace.protocol.asked import Asked
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.errors import KernelError, KernelUnreachable, ProtocolError
from tailrace.protocol.ids import CellId, CommId, ExecutionId, KernelId, PromptId
from tailrace.protocol.reports import Died, Report

log_ = logging.getLogger("tailrace.kernels")

_DRAIN_S = 2.0  # for the end of a dead kernel's output, should somebody still hold its socket
_CAUSE_S = 1.0  # between the end of the output and the host's word on why
_LOOK_AGAIN_S = 0.05
_REATTACH_S = (0.0, 0.05, 0.2, 1.0, 2.0)  # before each try; then the kernel counts as lost
_LEFT_BATCH = 1 << 20
PORT_S = 60.0  # a cold import of IPython from a network disk
_PORT_LOOK_S = 0.01


class Host(Protocol):
    """What a kernel needs of its parent."""

    async def cause_of(self, kernel_id: KernelId) -> DeathCause | None: ...

    async def interrupt(self, kernel_id: KernelId) -> None: ...

    async def begin_stop(
        self, kernel_id: KernelId, *, kill: bool, grace_s: float
    ) -> asyncio.Future[dict[str, Any]]: ...


class GuestKernel:
    """Implements `Kernel`. Made by the provider, which calls `died` and `let_go`."""

    def __init__(
        self, kernel_id: KernelId, folder: KernelFolder, sink: ReportSink, host: Host, received: int
    ) -> None:
        self._kernel_id = kernel_id
        self._folder = folder
        self._sink = sink
        self._host = host
        self._reader = ReportReader(received)
        self._output: OutputChannel | None = None
        self._control: ControlChannel | None = None
        self._output_lost = asyncio.Event()
        self._cause: asyncio.Future[DeathCause] = asyncio.get_running_loop().create_future()
        self._life: asyncio.Task[None] | None = None
        self._newest: ExecutionId | None = None
        self._ended = False
        self._detached = False

    @property
    def kernel_id(self) -> KernelId:
        return self._kernel_id

    @property
    def has_ended(self) -> bool:
        """Whether `Died` was reported, or the link was let go."""
        return self._ended or self._detached

    # ── what the session asks ────────────────────────────────────────────────

    def execute(
        self,
        execution_id: ExecutionId,
        cell_id: CellId,
        source: str,
        asked: Asked | None = None,
    ) -> None:
        header: dict[str, Any] = {
            "kind": "execute",
            "execution_id": execution_id,
            "cell_id": cell_id,
            "source": source.encode("utf-8", "backslashreplace").decode(),
        }
        if asked is not None:
            header["asked"] = msgspec.to_builtins(asked)
        self._newest = execution_id
        self._send(header)

    def acknowledge(self, seq: int) -> None:
        self._send({"kind": "acknowledge", "seq": seq})

    def resume(self) -> None:
        if self._output is not None:
            self._output.resume()

    async def interrupt(self) -> None:
        if self.has_ended:
            return
        await self._host.interrupt(self._kernel_id)
        if self._newest is not None:  # it may not have begun when the signal came
            self._send({"kind": "interrupted", "execution_id": self._newest})

    async def stop(self, *, kill: bool, grace_s: float = 3.0) -> None:
        if self._ended:
            return
        ended = await self._host.begin_stop(self._kernel_id, kill=kill, grace_s=grace_s)
        if not kill:
            self._send({"kind": "shutdown"})
        try:
            async with asyncio.timeout(grace_s + 10):
                await ended
        except TimeoutError:
            raise KernelUnreachable(
                f"kernel {self._kernel_id} did not end; its process cannot be killed"
            ) from None

    def answer(self, prompt_id: PromptId, value: str | None) -> None:
        self._send({"kind": "input", "prompt_id": prompt_id, "value": value})

    def send_comm(
        self,
        kind: str,
        comm_id: CommId,
        data: dict[str, Any],
        metadata: dict[str, Any],
        buffers: Sequence[bytes],
        target: str = "",
        message_id: str | None = None,
    ) -> None:
        header = {"kind": kind, "comm_id": comm_id, "data": data, "metadata": metadata}
        if kind == "comm-open":
            header["target"] = target
        if message_id is not None:
            header["message_id"] = message_id
        sizes = [len(buffer) for buffer in buffers]
        self._send({**header, "buffer_sizes": sizes}, b"".join(buffers))

    async def ask(
        self, kind: str, arguments: dict[str, Any], *, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        if self._control is None:
            raise KernelUnreachable("the kernel is gone")
        return await self._control.ask(kind, arguments, timeout_s=timeout_s)

    async def detach(self) -> None:
        await self.let_go()

    def _send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        if self._control is not None:
            self._control.send(header, payload)

    # ── its life, as the provider directs it ─────────────────────────────────

    async def connect(self) -> None:
        """Open both channels; what is asked from now on reaches the guest when it gets to
        it. Raises `KernelUnreachable` when nobody listens any more."""
        self._close_channels()
        self._output_lost.clear()
        try:
            address, secret = await self._address()
            self._output = OutputChannel(self._reader, self._sink, self._on_lost)
            self._control = ControlChannel(self._on_lost)
            for channel in (self._output, self._control):
                await channel.open(address, received=self._reader.received, secret=secret)
        except OSError as error:
            self._close_channels()
            raise KernelUnreachable(f"the kernel cannot be reached: {error}") from error

    async def wait_until_attached(self, timeout_s: float) -> bool:
        """Whether the guest answered in time. One that is busy in C may take long, and is
        alive all the same. Raises `KernelUnreachable`, `KernelError` when refused."""
        if self._output is None or self._control is None:
            raise KernelUnreachable("the kernel closed the connection")
        answers = (self._output.attached, self._control.attached)
        done, _ = await asyncio.wait(answers, timeout=timeout_s)
        for answer in done:
            answer.result()
        return len(done) == len(answers)

    def live(self) -> None:
        """Look after the connection from now on, until the end is reported."""
        self._life = asyncio.create_task(self._watched_life())

    def died(self, cause: DeathCause) -> None:
        """The host says that it is dead, and why."""
        if not self._cause.done():
            self._cause.set_result(cause)

    async def wait_for_cause(self, timeout_s: float) -> DeathCause | None:
        """Why it died, if that becomes known in time."""
        await asyncio.wait((self._cause,), timeout=timeout_s)
        return self._cause.result() if self._cause.done() else None

    async def report_end(self, cause: DeathCause) -> None:
        """Report what the guest left behind, then its death."""
        self._close_channels()
        for reports, size in self._left_behind():
            room = self._sink.put_reports(reports, size)
            while not room and not self._detached:
                await asyncio.sleep(_LOOK_AGAIN_S)
                room = self._sink.put_reports((), 0)
        if not self._detached:
            self._ended = True
            self._sink.put_reports((Died(0, self._kernel_id, cause),), 0)

    async def let_go(self) -> None:
        """Close the connection; whatever happens to the kernel is no longer reported."""
        self._detached = True
        self._close_channels()
        if self._life is not None and self._life is not asyncio.current_task():
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            self._life = None

    async def _address(self) -> tuple[Address, str | None]:
        """Where it listens; waits for a guest that chooses its port itself."""
        description = read_json(self._folder.description) or {}
        port = description.get("port")
        if port is None and not description.get("loopback"):
            return Address(path=self._folder.socket), None
        until = asyncio.get_running_loop().time() + PORT_S
        while port is None and (port := self._folder.chosen_port()) is None:
            if self._cause.done() or asyncio.get_running_loop().time() > until:
                raise KernelUnreachable("the kernel does not listen")
            await asyncio.sleep(_PORT_LOOK_S)
        return Address(port=port), self._folder.secret.read_text("ascii")

    def _on_lost(self, channel: Channel) -> None:
        if channel is self._output:
            self._output_lost.set()
        elif channel is self._control and self._output is not None:
            # One without the other is of no use, and the guest closes neither on its own.
            # What the output still holds is read first: it ends there too when the guest died.
            self._cause_is_near()

    def _cause_is_near(self) -> None:
        if not self._detached and self._life is not None:
            asyncio.get_running_loop().call_later(_DRAIN_S, self._drop_output, self._output)

    def _drop_output(self, output: OutputChannel | None) -> None:
        if output is None or not output.is_open:
            return
        if output.is_paused:
            asyncio.get_running_loop().call_later(_DRAIN_S, self._drop_output, output)
        else:
            output.close()

    def _close_channels(self) -> None:
        output, control = self._output, self._control
        self._output = self._control = None
        for channel in (output, control):
            if channel is not None:
                channel.close()

    async def _watched_life(self) -> None:
        try:
            cause = await self._lived()
        except KernelError as error:
            cause = DeathCause("unknown", str(error))
        except Exception:
            log_.exception("the link to kernel %s failed", self._kernel_id)
            cause = DeathCause("unknown", "the server's link to the kernel failed; see its log")
        await self.report_end(cause)

    async def _lived(self) -> DeathCause:
        """Wait for the end, attaching again where the connection alone was lost."""
        waits = list(_REATTACH_S)
        while True:
            await self._until_output_is_lost()
            cause = await self.wait_for_cause(0) or await self._host.cause_of(self._kernel_id)
            cause = cause or await self.wait_for_cause(_CAUSE_S)
            if cause is not None:
                return cause
            if self._control is not None and self._control.was_replaced:
                return DeathCause("unknown", "Another server has taken the kernel over.")
            if not waits:
                # It lives, but nobody can talk to it: a cell closed its sockets, say.
                await self._host.begin_stop(self._kernel_id, kill=True, grace_s=0.0)
                return DeathCause(
                    "unknown", "The kernel could not be reached any more, and was stopped."
                )
            await asyncio.sleep(waits.pop(0))
            try:
                await self.connect()
            except KernelUnreachable:
                self._output_lost.set()

    async def _until_output_is_lost(self) -> None:
        lost = asyncio.ensure_future(self._output_lost.wait())
        try:
            either: set[asyncio.Future[Any]] = {lost, self._cause}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not lost.done():  # dead: what is on the way arrives first
                self._cause_is_near()
                await lost
        finally:
            lost.cancel()

    def _left_behind(self) -> list[tuple[list[Report], int]]:
        """Frames that the guest wrote down because nobody took them in time (KER-18)."""
        batches = []
        cutter = FrameCutter()
        try:
            with (self._folder.path / "left.frames").open("rb") as file:
                while data := file.read(_LEFT_BATCH):
                    reports, size = self._reader.read(cutter.feed(data))
                    if reports:
                        batches.append((reports, size))
        except FileNotFoundError:
            pass
        except (OSError, ProtocolError) as error:
            log_.error("what kernel %s left behind cannot be read: %s", self._kernel_id, error)
        return batches
