"""Random people, a kernel that repeats itself, and a server that dies at any moment.

The machine keeps a guest as the kernel's spec has it: it numbers its frames, keeps those
that were not acknowledged, sends them again after an attach, and ignores an execution it
was handed before. What the session says and what the guest did must always agree.
"""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tailrace.core.effects import (
    Effect,
    SendInput,
    SendInterrupt,
    StartExecution,
    StartKernelProcess,
    StopKernelProcess,
)
from tailrace.core.step import effects_on_open, missing_effects
from tailrace.protocol.causes import DeathCause
from tailrace.protocol.events import (
    ExecutionFinished,
    ExecutionQueued,
    InputRequested,
    OutputsCleared,
    TextAppended,
)
from tailrace.protocol.ids import CellId, ExecutionId, KernelId, OperationId, PromptId
from tailrace.protocol.operations import (
    AnswerInput,
    CancelExecutions,
    ClearOutputs,
    Interrupt,
    Operation,
    RestartKernel,
    RunAbove,
    RunAll,
    RunBelow,
    RunCells,
    StartKernel,
    StopKernel,
)
from tailrace.protocol.records import Record
from tailrace.protocol.reports import (
    Attached,
    Clear,
    Died,
    Finished,
    InputDone,
    InputRequest,
    Report,
    Text,
)

from .session import Session, replayed

cell_ids = st.sampled_from([CellId(name) for name in "abcmx"])
operations = st.one_of(
    st.builds(RunCells, st.lists(cell_ids, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(RunAll),
    st.builds(RunAbove, cell_ids),
    st.builds(RunBelow, cell_ids),
    st.just(CancelExecutions()),
    st.just(Interrupt()),
    st.just(StartKernel()),
    st.builds(RestartKernel, st.booleans()),
    st.builds(StopKernel, st.booleans()),
    st.builds(ClearOutputs, st.none() | st.lists(cell_ids, max_size=2).map(tuple)),
)


class Guest:
    """One kernel, as the host runs it."""

    def __init__(self, kernel_id: KernelId) -> None:
        self.kernel_id = kernel_id
        self.known: list[ExecutionId] = []
        self.waiting: list[ExecutionId] = []
        self.prompt: PromptId | None = None
        self.frames: list[Report] = []
        self.acknowledged = 0
        self.written: list[str] = []
        self.attached = False
        self.alive = True

    @property
    def running(self) -> ExecutionId | None:
        return self.waiting[0] if self.waiting else None

    def say(self, kind: Any, *facts: Any) -> None:
        self.frames.append(kind(len(self.frames) + 1, *facts))

    def hand(self, execution_id: ExecutionId) -> None:
        if execution_id not in self.known:
            self.known.append(execution_id)
            self.waiting.append(execution_id)


class SessionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.guests: dict[KernelId, Guest] = {}
        self.sent = 0
        self.asked: list[tuple[str, Operation]] = []

    # ── the shell ────────────────────────────────────────────────────────────

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case StartKernelProcess(kernel_id=kernel_id):
                    self.guests.setdefault(kernel_id, Guest(kernel_id))
                case StopKernelProcess(kernel_id=kernel_id):
                    self.guests[kernel_id].alive = False
                case StartExecution(execution_id=execution_id):
                    guest = self.guest()
                    assert guest is not None
                    guest.hand(execution_id)
                case SendInput(prompt_id=prompt_id, value=value):
                    guest = self.guest()
                    if guest is not None and guest.prompt == prompt_id:
                        guest.prompt = None
                        guest.say(InputDone, guest.running, prompt_id, value, value is None)
                case SendInterrupt():
                    pass
                case _:
                    raise AssertionError(effect)

    def guest(self) -> Guest | None:
        kernel_id = self.session.state.kernel.kernel_id
        return self.guests.get(kernel_id) if kernel_id is not None else None

    def receive(self, guest: Guest, upto: int, again_from: int | None = None) -> None:
        """Deliver the guest's frames that are not acknowledged, some maybe again."""
        begin = guest.acknowledged if again_from is None else again_from
        for frame in guest.frames[begin:upto]:
            self.session.hear(frame, kernel=guest.kernel_id)
            self.perform(self.session.taken())
        if guest is self.guest():
            guest.acknowledged = self.session.state.kernel.received

    # ── people ───────────────────────────────────────────────────────────────

    @rule(operation=operations)
    def ask(self, operation: Operation) -> None:
        identity = f"op-{len(self.asked)}"
        self.asked.append((identity, operation))
        self.session.ask(operation, id=identity)
        self.perform(self.session.taken())

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        identity, operation = data.draw(st.sampled_from(self.asked))
        if OperationId(identity) not in self.session.state.answered:
            return
        decision = self.session.ask(operation, id=identity)
        assert not decision.events
        assert not decision.effects
        assert decision.refused is None

    @rule(value=st.text(max_size=3))
    def answer(self, value: str) -> None:
        for prompt_id in self.session.state.prompts:
            self.session.ask(AnswerInput(prompt_id, value))
        self.perform(self.session.taken())

    # ── the kernel ───────────────────────────────────────────────────────────

    def busy(self) -> Guest | None:
        guest = self.guest()
        return guest if guest is not None and guest.attached and guest.alive else None

    @precondition(lambda self: (guest := self.guest()) is not None and guest.alive)
    @rule()
    def attach(self) -> None:
        guest = self.guest()
        assert guest is not None
        guest.attached = True
        report = Attached(
            0, guest.kernel_id, 7, "python", "3.12", guest.running, tuple(guest.known)
        )
        self.session.hear(report)
        self.perform(self.session.taken())
        self.perform(list(missing_effects(self.session.state, report)))

    @precondition(lambda self: (guest := self.busy()) is not None and guest.known)
    @rule(data=st.data(), clear=st.booleans())
    def write(self, data: st.DataObject, clear: bool) -> None:
        guest = self.busy()
        assert guest is not None
        execution_id = data.draw(st.sampled_from(guest.known))
        if clear:
            guest.say(Clear, execution_id, data.draw(st.booleans()))
        self.sent += 1
        guest.written.append(f"{self.sent}\n")
        guest.say(Text, execution_id, "stdout", f"{self.sent}\n")

    @precondition(lambda self: (guest := self.busy()) is not None and guest.running)
    @rule(status=st.sampled_from(["ok", "ok", "error", "interrupted"]))
    def finish(self, status: Any) -> None:
        guest = self.busy()
        assert guest is not None
        if guest.prompt is not None:
            guest.say(InputDone, guest.running, guest.prompt, None, True)
            guest.prompt = None
        guest.say(Finished, guest.waiting.pop(0), status, 1, 1.0)

    @precondition(
        lambda self: (guest := self.busy()) is not None and guest.running and not guest.prompt
    )
    @rule(password=st.booleans())
    def prompt(self, password: bool) -> None:
        guest = self.busy()
        assert guest is not None
        guest.prompt = PromptId(f"p-{len(guest.frames)}")
        guest.say(InputRequest, guest.running, guest.prompt, "? ", password)

    @precondition(lambda self: self.busy() is not None)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        guest = self.busy()
        assert guest is not None
        self.receive(
            guest,
            data.draw(st.integers(guest.acknowledged, len(guest.frames))),
            again_from=data.draw(st.integers(0, guest.acknowledged)),
        )

    @precondition(lambda self: len(self.guests) > 1)
    @rule(data=st.data())
    def deliver_from_an_old_kernel(self, data: st.DataObject) -> None:
        guest = data.draw(st.sampled_from(list(self.guests.values())))
        if guest is self.guest():
            return
        before = self.session.state
        self.receive(guest, len(guest.frames))
        cause = DeathCause("stopped", "It was stopped.")
        self.session.hear(Died(0, guest.kernel_id, cause), kernel=guest.kernel_id)
        assert self.session.state is before

    @precondition(lambda self: (guest := self.guest()) is not None and guest.alive)
    @rule()
    def die(self) -> None:
        guest = self.guest()
        assert guest is not None
        if guest.attached:
            self.receive(guest, len(guest.frames))
        guest.alive = False
        self.session.hear(Died(0, guest.kernel_id, DeathCause("exited", "It exited.")))
        self.perform(self.session.taken())

    # ── the server ───────────────────────────────────────────────────────────

    @rule(data=st.data())
    def server_dies_before_it_acts(self, data: st.DataObject) -> None:
        """An operation is recorded, then the server is gone and comes back from the log."""
        operation = data.draw(operations)
        self.session.ask(operation)
        lost = self.session.taken()
        # The host is asked for its kernels when the server is back; those of nobody end.
        self.perform([effect for effect in lost if isinstance(effect, StopKernelProcess)])
        self.restart()

    @rule()
    def server_restarts(self) -> None:
        self.restart()

    def restart(self) -> None:
        log = msgspec.msgpack.encode(self.session.records)
        records = msgspec.msgpack.decode(log, type=list[Record])
        self.session.state = replayed(records)
        guest = self.guest()
        if guest is None:
            self.perform(list(effects_on_open(self.session.state)))
        elif guest.alive and guest.attached:
            guest.acknowledged = min(guest.acknowledged, self.session.state.kernel.received)
            self.attach()

    # ── what always holds ────────────────────────────────────────────────────

    @invariant()
    def the_log_gives_the_state(self) -> None:
        assert replayed(self.session.records) == self.session.state
        assert [record.sequence for record in self.session.records] == list(
            range(1, len(self.session.records) + 1)
        )

    @invariant()
    def one_runs_and_the_queue_is_known(self) -> None:
        state = self.session.state
        running = [each for each in state.executions.values() if each.phase == "running"]
        queued = {each.execution_id for each in state.executions.values() if each.phase == "queued"}
        assert [each.execution_id for each in running] == (
            [state.running] if state.running is not None else []
        )
        assert len(set(state.queue)) == len(state.queue)
        assert set(state.queue) == queued
        shown = set(state.cells.values())
        assert shown <= set(state.executions)
        assert set(state.executions) - shown <= {state.running}
        for cell_id, execution_id in state.cells.items():
            assert state.executions[execution_id].cell_id == cell_id

    @invariant()
    def work_needs_a_kernel(self) -> None:
        state = self.session.state
        if state.running is not None:
            assert state.kernel.phase == "ready"
        if state.queue:
            assert state.running is not None or state.kernel.phase == "starting"
        if state.prompts:
            assert state.kernel.phase == "ready"

    @invariant()
    def the_guest_has_what_runs(self) -> None:
        guest, running = self.guest(), self.session.state.running
        if running is not None:
            assert guest is not None
            assert running in guest.known

    @invariant()
    def every_execution_ends_at_most_once(self) -> None:
        ended = [
            record.event.execution_id
            for record in self.session.records
            if isinstance(record.event, ExecutionFinished)
        ]
        begun = {
            record.event.execution_id
            for record in self.session.records
            if isinstance(record.event, ExecutionQueued)
        }
        assert len(set(ended)) == len(ended)
        assert set(ended) <= begun

    @invariant()
    def what_was_written_is_in_the_log_once_and_in_order(self) -> None:
        for guest in self.guests.values():
            logged = [
                record.event.text
                for record in self.session.records
                if isinstance(record.event, TextAppended)
                and record.actor == f"kernel:{guest.kernel_id}"
                and not record.event.text.startswith("? ")
            ]
            assert logged == guest.written[: len(logged)]
            if guest is self.guest():
                delivered = sum(
                    isinstance(frame, Text) for frame in guest.frames[: guest.acknowledged]
                )
                assert len(logged) >= delivered

    @invariant()
    def nothing_else_is_in_the_log(self) -> None:
        heard = (TextAppended, OutputsCleared, InputRequested)
        for record in self.session.records:
            assert not isinstance(record.event, heard) or record.actor.startswith("kernel:")


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
