"""What the core is given to decide on: an operation or a report, stamped by the shell."""

from msgspec import Struct

from tailrace.core.effects import Effect
from tailrace.protocol.events import Event
from tailrace.protocol.ids import CellId, OperationId
from tailrace.protocol.operations import Operation
from tailrace.protocol.reports import Report


class CellFacts(Struct, frozen=True):
    """One cell as the document has it now."""

    cell_id: CellId
    kind: str
    source: str


class Stamped(Struct, frozen=True):
    """An input with the facts the core cannot look up.

    `at` is UTC seconds. `seed` is a fresh random id; ids the core needs are made from it
    (`<seed>-<n>`). `cells` are the document's cells in order, given where the operation
    needs them (`RunCells` and its kin, `RestartKernel`), else empty.
    """

    input: Operation | Report
    actor: str
    at: float
    seed: str
    operation_id: OperationId | None = None
    cells: tuple[CellFacts, ...] = ()
    interpreter: str | None = None


class Refused(Struct, frozen=True):
    """`code` is stable, `message` a sentence for the asker."""

    code: str
    message: str


class Decision(Struct, frozen=True):
    """`effects` are those that follow from the input and not from an event (an answer to a
    prompt, say, which may be a password and so is not recorded)."""

    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()
    refused: Refused | None = None
