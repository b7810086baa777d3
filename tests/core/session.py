"""A session to tell stories with: operations and reports in, the state and the log kept.

It does what the shell's actor does, and nothing else: decide, evolve, append.
"""

from typing import Any

from tailrace.core.effects import Effect
from tailrace.core.inputs import CellFacts, Decision, Stamped
from tailrace.core.step import decide, effects_of, evolve
from tailrace.protocol.events import Event
from tailrace.protocol.ids import CellId, ExecutionId, KernelId, OperationId
from tailrace.protocol.operations import Operation, RunCells
from tailrace.protocol.records import Record
from tailrace.protocol.reports import Attached, Finished, Report
from tailrace.protocol.state import SessionState

CELLS = tuple(
    CellFacts(CellId(name), kind, f"source of {name}")
    for name, kind in [("a", "code"), ("b", "code"), ("m", "markdown"), ("c", "code"), ("r", "raw")]
)


class Session:
    def __init__(self) -> None:
        self.state = SessionState()
        self.records: list[Record] = []
        self.effects: list[Effect] = []
        self.cells = CELLS
        self.interpreter: str | None = None
        self._seed = 0
        self._seq: dict[str, int] = {}

    # ── inputs ───────────────────────────────────────────────────────────────

    def ask(
        self, operation: Operation, *, id: str | None = None, actor: str = "client:ada"
    ) -> Decision:
        operation_id = None if id is None else OperationId(id)
        return self._take(operation, actor, operation_id=operation_id)

    def hear(self, report: Report, *, kernel: str | None = None) -> Decision:
        """A report with its own `seq`, of the present kernel unless another is named."""
        return self._take(report, f"kernel:{kernel or self.kernel_id}", received=report.seq)

    def _take(
        self,
        given: Operation | Report,
        actor: str,
        *,
        operation_id: OperationId | None = None,
        received: int = 0,
    ) -> Decision:
        self._seed += 1
        stamped = Stamped(
            input=given,
            actor=actor,
            at=1_000.0 + self._seed,
            seed=f"s{self._seed}",
            operation_id=operation_id,
            cells=self.cells,
            interpreter=self.interpreter,
        )
        decision = decide(self.state, stamped)
        for event in decision.events:
            record = Record(
                sequence=self.state.sequence + 1,
                at=stamped.at,
                actor=actor,
                event=event,
                operation_id=operation_id,
                received=received,
            )
            self.state = evolve(self.state, record)
            self.records.append(record)
            self.effects += effects_of(self.state, event)
        self.effects += decision.effects
        return decision

    # ── short words ──────────────────────────────────────────────────────────

    @property
    def kernel_id(self) -> KernelId:
        assert self.state.kernel.kernel_id is not None
        return self.state.kernel.kernel_id

    def next_seq(self) -> int:
        seq = self._seq.get(self.kernel_id, 0) + 1
        self._seq[self.kernel_id] = seq
        return seq

    def run(self, *names: str, stop_on_error: bool = True) -> Decision:
        return self.ask(RunCells(tuple(map(CellId, names)), stop_on_error))

    def attach(self, **changes: Any) -> Decision:
        told: dict[str, Any] = {
            "seq": 0,
            "kernel_id": self.kernel_id,
            "pid": 7,
            "python": "python",
            "version": "3.12.0",
            "running": None,
            "known": (),
        }
        return self.hear(Attached(**{**told, **changes}))

    def started(self, *names: str) -> "Session":
        """Run these cells on a kernel that is up."""
        self.run(*names)
        if self.state.kernel.phase == "starting":
            self.attach()
        return self

    def finish(self, status: Any = "ok", count: int | None = 1) -> Decision:
        assert self.state.running is not None
        return self.hear(Finished(self.next_seq(), self.state.running, status, count, 2.5))

    def newest(self, name: str) -> ExecutionId:
        return self.state.cells[CellId(name)]

    def phase(self, name: str) -> str:
        """How the cell's newest execution stands: its status when it has one."""
        execution = self.state.executions[self.newest(name)]
        return execution.status or execution.phase

    def queue(self) -> list[str]:
        return [self.state.executions[each].cell_id for each in self.state.queue]

    def taken(self) -> list[Effect]:
        """The effects since the last time."""
        effects, self.effects = self.effects, []
        return effects


def kinds(decision: Decision) -> list[str]:
    return [type(event).__name__ for event in decision.events]


def refusal(decision: Decision) -> str | None:
    if decision.refused is None:
        return None
    assert not decision.events
    assert not decision.effects
    assert decision.refused.message.endswith(".")
    return decision.refused.code


def replayed(records: list[Record]) -> SessionState:
    state = SessionState()
    for record in records:
        state = evolve(state, record)
    return state


def event_of(decision: Decision) -> Event:
    (event,) = decision.events
    return event
