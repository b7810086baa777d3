"""The actor of one open notebook: the only one who changes its state and appends to its log.

Its turn has always the same steps:

    drain    take what is waiting in the mailbox (bounded)
    stamp    add time, actor, and the facts the core cannot look up
    decide   operation or report → events, or a refusal for the asker
    evolve   each event → next state
    append   all events of the turn, one write, expected sequence checked
    publish  the same bytes to every lane
    perform  the effects of those events

Append comes before publish: nobody is shown what could be lost, and the evolved state
counts only once the append has succeeded. When there is no space the turn's reports go
back to the mailbox (the kernel then waits, nothing is lost), its operations are refused,
and the actor tries again each second. When the log was taken over by somebody else the
actor ends; whoever opens the notebook next reads the log.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tailrace.core.effects import Effect
from tailrace.core.inputs import CellFacts, Stamped
from tailrace.core.step import decide, effects_of, evolve, missing_effects
from tailrace.documents.room import Room
from tailrace.log.codec import decode_record, encode_record
from tailrace.log.event_log import EventLog, LogRecord, LogSnapshot
from tailrace.protocol import events as ev
from tailrace.protocol import operations as op
from tailrace.protocol import reports as rp
from tailrace.protocol.errors import BlobFull, LogFull, ProtocolError
from tailrace.protocol.frames import Answer, Durable, Refusal, Status
from tailrace.protocol.ids import KernelId, NotebookId, OperationId
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState
from tailrace.session.clock import Clock
from tailrace.session.fanout import Fanout, in_frames
from tailrace.session.mailbox import Item, Joined, Mailbox, Noted, Reported, Submitted, Woken
from tailrace.session.notebook_file import IN_THE_FILE
from tailrace.session.opening import Opened, StoredState, replayed, span_of
from tailrace.session.pieces import in_pieces
from tailrace.session.references import needed
from tailrace.session.resume import Recent, welcome
from tailrace.session.shrink import Shrink

SNAPSHOT_AFTER_RECORDS = 4_000
SNAPSHOT_AFTER_BYTES = 16 << 20  # replaying this much takes well under a second
COMPACT_ABOVE_BYTES = 256 << 20  # a log below this keeps its whole history
SWEEP_ABOVE_BYTES = 256 << 20  # of blobs stored since the last sweep: a film of figures
RETRY_S = 1.0  # how often a full disk is tried again
DURABLE_EVERY_S = 0.1

_WITH_CELLS = op.RunCells | op.RunAll | op.RunAbove | op.RunBelow | op.RestartKernel

log_ = logging.getLogger("tailrace.session")


class Performer(Protocol):
    """Carries out effects; every outcome returns through the mailbox."""

    def perform(self, effect: Effect) -> None: ...

    def acknowledge(self, received: int, size_bytes: int) -> None: ...

    def bury(self, kernel_id: KernelId) -> None:
        """The kernel's death is in the log: the host need not remember it any more."""
        ...

    def resume(self) -> None: ...


class Actor:
    def __init__(
        self,
        notebook_id: NotebookId,
        path: str,
        opened: Opened,
        mailbox: Mailbox,
        performer: Performer,
        clock: Clock,
        shrink: Shrink,
        *,
        interpreter: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.notebook_id = notebook_id
        self.path = path
        self.state: SessionState = opened.state
        self.room: Room = opened.room
        self.log: EventLog = opened.log
        self.fanout = Fanout()
        self.status = Status(storage="writable")
        if opened.damage is not None:
            self.status = Status(storage="damaged", message=opened.damage)
        self.changed_at = opened.changed
        """The last record that changed what the file should hold."""
        self.emptied_by_hand = opened.emptied_by_hand
        """Whether the last edit of the document was a client's."""
        self._mailbox = mailbox
        self._performer = performer
        self._clock = clock
        self._shrink = shrink
        self._interpreter = interpreter
        self.unwritten: tuple[LogRecord, ...] = opened.unwritten
        """First records, which are written with the first change."""
        self._base = opened.base
        self._recent = Recent(opened.state.sequence - len(opened.unwritten))
        self._recent.add_stored(opened.unwritten)
        self._since_snapshot = len(opened.unwritten)
        if opened.damage is not None:
            self._since_snapshot = SNAPSHOT_AFTER_RECORDS  # read the damaged part no more
        self._bytes_since_snapshot = 0
        self._tidy_above_bytes = COMPACT_ABOVE_BYTES
        self._stalled = False
        self._durable_timer: asyncio.TimerHandle | None = None
        self._watchers: set[asyncio.Future[None]] = set()

    # ── life ─────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Take turns until cancelled, or until the log is lost (`LogFenced`)."""
        self.log.on_durable(self._on_durable)
        try:
            while True:
                items = await self._mailbox.take()
                try:
                    await self._turn(items)
                except BaseException:
                    self._mailbox.put_back(items)  # whoever ends the session answers them
                    raise
                if not self._mailbox.is_full:
                    self._performer.resume()
        finally:
            self.log.on_durable(None)
            if self._durable_timer is not None:
                self._durable_timer.cancel()

    @property
    def has_unwritten(self) -> bool:
        """Whether the log does not have the first records yet: nothing was changed here."""
        return bool(self.unwritten)

    async def changed(self, since: int) -> None:
        """Wait for a record that changes what the file should hold, beyond `since`."""
        if self.changed_at > since:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._watchers.add(waiter)
        try:
            await waiter
        finally:
            self._watchers.discard(waiter)

    async def keep_base(self) -> None:
        """Have the file as it was read at hand, for comparisons with what it becomes, and its
        large values, which records are about to name."""
        await self._shrink.write_held()
        if self._base is not None:
            await self._shrink.keep(self._base)
            self._base = None

    async def save_snapshot(self) -> None:
        """Keep the state now, so that the next opening need not replay the log."""
        if self.log.last != self.state.sequence or self._since_snapshot == 0:
            return
        try:
            await self._write_snapshot()
            await self._tidy()
        except LogFull:
            self._since_snapshot = 1  # tried again after the next records

    async def _write_snapshot(self) -> None:
        state = await in_pieces(self.state, msgspec.msgpack.encode)
        stored = StoredState(state, self.room.state(), self.changed_at, self.emptied_by_hand)
        body = msgspec.msgpack.encode(stored)
        await self.log.save_snapshot(LogSnapshot(self.state.sequence, body))
        self._since_snapshot = self._bytes_since_snapshot = 0

    async def _tidy(self) -> None:
        """Drop what nothing refers to any more, once there is enough that it may be worth it."""
        is_large = await self.log.size_bytes() > self._tidy_above_bytes
        if not is_large and self._shrink.stored_bytes < SWEEP_ABOVE_BYTES:
            return
        needs = await needed(self.state, self.log)
        if is_large:
            shown = [*self.state.executions, *needs.topics]
            await self.log.compact(self.state.sequence, keep_topics=shown)
            left = await self.log.size_bytes()
            self._tidy_above_bytes = max(COMPACT_ABOVE_BYTES, left + left // 2)
        await self._shrink.sweep(needs.blobs)

    def set_status(self, **changes: object) -> None:
        """Change what clients are told of the store and the file."""
        status = msgspec.structs.replace(self.status, **changes)
        if status != self.status:
            self.status = status
            self.fanout.tell(status)

    # ── the turn ─────────────────────────────────────────────────────────────

    async def _turn(self, items: Sequence[Item]) -> None:
        state, room_changed = self.state, False
        records: list[Record] = []
        logged: list[LogRecord] = []
        effects: list[Effect] = []
        answers: list[tuple[Submitted, Refusal | None]] = []
        joins: list[Joined] = []
        noted: list[Noted] = []
        received = received_bytes = 0

        def take(
            events: Sequence[ev.Event], actor: str, operation_id: OperationId | None, upto: int
        ) -> None:
            nonlocal state
            for event in events:
                span = span_of(state, event)
                record = Record(
                    state.sequence + 1, self._clock.now(), actor, event, operation_id, upto
                )
                state = evolve(state, record)
                records.append(record)
                logged.append(encode_record(record, span))
                effects.extend(effects_of(state, event))

        for item in items:
            match item:
                case Joined():
                    joins.append(item)
                case Woken():
                    pass
                case Noted(events=events):
                    for event in events:
                        if isinstance(event, ev.DocumentUpdated):
                            self.room.apply_stored(event.update)
                            room_changed = True
                    take(events, "server", None, 0)
                    noted.append(item)
                case Reported(report=report, kernel_id=kernel_id):
                    if kernel_id != state.kernel.kernel_id:
                        continue
                    received_bytes += item.size_bytes
                    if not isinstance(report, rp.Text):
                        try:
                            report = await self._shrink(report)
                        except BlobFull as error:
                            await self._hold(items, room_changed, error)
                            return
                    stamped = self._stamp(report, f"kernel:{kernel_id}")
                    decision = decide(state, stamped)
                    take(decision.events, stamped.actor, None, report.seq)
                    effects.extend(decision.effects)
                    received = max(received, report.seq)
                    if isinstance(report, rp.Attached):
                        effects.extend(missing_effects(state, report))
                case Submitted(operation=operation, operation_id=operation_id):
                    if operation_id in state.answered:
                        answers.append((item, None))
                        continue
                    if item.guard is not None and (barred := item.guard(self.room)) is not None:
                        answers.append((item, barred))
                        continue
                    stamped = self._stamp(operation, item.actor, operation_id)
                    decision = decide(state, stamped)
                    refusal = None
                    if decision.refused is not None:
                        refusal = Refusal(decision.refused.code, decision.refused.message)
                    elif isinstance(operation, op.UpdateDocument):
                        try:
                            self.room.apply(operation.update)
                            room_changed = True
                        except ProtocolError as error:
                            refusal = Refusal(error.code, str(error))
                    if refusal is None:
                        take(decision.events, item.actor, operation_id, 0)
                        effects.extend(decision.effects)
                    answers.append((item, refusal))

        if logged:
            bodies = [record.body for record in logged]
            try:
                await self.keep_base()
                await self.log.append([*self.unwritten, *logged], expected=self.log.last)
            except (LogFull, BlobFull) as error:
                await self._hold(items, room_changed, error)
                return
            self.unwritten = ()
            self._has_space()
            self.state = state
            frames = in_frames(records, bodies)
            self._recent.add(frames)
            self.fanout.publish(frames)
            self._since_snapshot += len(records)
            self._bytes_since_snapshot += sum(map(len, bodies))
            if self._note_changes(records):
                for waiter in self._watchers:
                    if not waiter.done():
                        waiter.set_result(None)
        for submitted, refusal in answers:
            self._answer(submitted, refusal)
        for note in noted:
            if note.done is not None and not note.done.done():
                note.done.set_result(None)
        for effect in effects:
            self._performer.perform(effect)
        for record in records:
            if isinstance(record.event, ev.KernelDied | ev.KernelStopped):
                self._performer.bury(record.event.kernel_id)
        if received:
            self._performer.acknowledge(received, received_bytes)
        for joined in joins:
            await self._join(joined)
        if (
            self._since_snapshot > SNAPSHOT_AFTER_RECORDS
            or self._bytes_since_snapshot > SNAPSHOT_AFTER_BYTES
        ):
            await self.save_snapshot()
        elif self._stalled:
            await self._look_for_space()

    def _note_changes(self, records: Sequence[Record]) -> bool:
        """Whether any of them is one that the file should say something of."""
        before = self.changed_at
        for record in records:
            if isinstance(record.event, IN_THE_FILE):
                self.changed_at = record.sequence
                if isinstance(record.event, ev.DocumentUpdated):
                    self.emptied_by_hand = record.actor.startswith("client:")
        return self.changed_at != before

    def _answer(self, submitted: Submitted, refusal: Refusal | None) -> None:
        answer = Answer(submitted.operation_id, self.state.sequence, refusal)
        if submitted.lane is not None:
            submitted.lane.put(answer)
        if submitted.done is not None and not submitted.done.done():
            submitted.done.set_result(answer)

    def _stamp(
        self,
        given: op.Operation | rp.Report,
        actor: str,
        operation_id: OperationId | None = None,
    ) -> Stamped:
        cells: tuple[CellFacts, ...] = ()
        interpreter = None
        if isinstance(given, _WITH_CELLS | op.RunCode | op.StartKernel):
            interpreter = self._interpreter()
            if isinstance(given, _WITH_CELLS):
                cells = self.room.cells()
        return Stamped(
            given, actor, self._clock.now(), self._clock.seed(), operation_id, cells, interpreter
        )

    # ── joining ──────────────────────────────────────────────────────────────

    async def _join(self, joined: Joined) -> None:
        lane, hello = joined.lane, joined.hello
        if lane.is_closed:
            self.fanout.remove(lane)
            return
        if hello is not None:
            lane.put(welcome(self, lane.may))
        after = hello.after if hello is not None and hello.epoch == self.log.epoch else None
        lane.begin(await self._recent.frames_after(self, after, lane.encoding))
        lane.put(self.status)
        if not lane.is_closed:  # it may have left meanwhile
            self.fanout.add(lane)

    # ── no space ─────────────────────────────────────────────────────────────

    async def _hold(
        self, items: Sequence[Item], room_changed: bool, error: LogFull | BlobFull
    ) -> None:
        """Nothing was recorded: keep the reports, refuse the operations, try again soon."""
        self._stalled = True
        self.set_status(storage="full", message=str(error))
        if room_changed:
            self.room = await _room_of(self)
        kept: list[Item] = []
        for item in items:
            match item:
                case Submitted(operation=operation):
                    refusal: Refusal | None = Refusal(LogFull.code, str(error))
                    if item.operation_id in self.state.answered:
                        refusal = None  # sent again: it was done before the disk was full
                    effect = urgent_effect(self.state, operation)
                    if effect is not None:
                        self._performer.perform(effect)
                        refusal = None
                    self._answer(item, refusal)
                case Joined():
                    await self._join(item)
                case Reported() | Noted():
                    kept.append(item)
                case Woken():
                    pass
        self._mailbox.put_back(kept or [Woken()])
        await self._wait_for_space()

    async def _look_for_space(self) -> None:
        """Nothing waits to be recorded, so something that is of use anyhow is written: the
        first records where the log has none, else a snapshot (LOG-10)."""
        try:
            if self.unwritten:
                await self.keep_base()
                await self.log.append(self.unwritten, expected=self.log.last)
                self.unwritten = ()
            else:
                await self._write_snapshot()
        except (LogFull, BlobFull):
            self._mailbox.put_back([Woken()])
            await self._wait_for_space()
        else:
            self._has_space()

    def _has_space(self) -> None:
        if self._stalled:
            self._stalled = False
            self.set_status(storage="writable", message="")

    async def _wait_for_space(self) -> None:
        """Sleep, but wake for an operation: people must be able to interrupt and to join."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_S):
                await self._mailbox.urgent()

    # ── durability ───────────────────────────────────────────────────────────

    def _on_durable(self, sequence: int) -> None:
        if self._durable_timer is None and len(self.fanout):
            loop = asyncio.get_running_loop()
            self._durable_timer = loop.call_later(DURABLE_EVERY_S, self._tell_durable)

    def _tell_durable(self) -> None:
        self._durable_timer = None
        self.fanout.tell(Durable(self.log.durable))


def urgent_effect(state: SessionState, operation: op.Operation) -> Effect | None:
    """What must work even when nothing can be recorded: to stop what runs."""
    from tailrace.core.effects import SendInterrupt, StopKernelProcess

    kernel_id = state.kernel.kernel_id
    if kernel_id is None or state.kernel.phase not in ("starting", "ready"):
        return None
    if isinstance(operation, op.Interrupt):
        return SendInterrupt(kernel_id)
    if isinstance(operation, op.StopKernel):
        return StopKernelProcess(kernel_id, operation.kill)
    return None


async def _room_of(actor: Actor) -> Room:
    """The document as it was before the turn that failed."""
    found = await replayed(actor.log)
    updates = [] if found.room is None else [found.room.state()]
    for stored in actor.unwritten:
        match decode_record(stored).event:
            case ev.DocumentCreated(update=update):
                updates = [update]
            case ev.DocumentUpdated(update=update):
                updates.append(update)
            case _:
                pass
    return Room.from_update(*updates)
