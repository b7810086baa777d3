"""What a person may ask of executions, kernel and outputs, and when it is refused.

Each function takes one operation to the slices it concerns. The codes of refusals are
stable; the sentences say what to do.
"""

from tailrace.core import kernel
from tailrace.core.executions import (
    end_executions,
    end_queued,
    queue_cells,
    queue_code,
    start_next,
)
from tailrace.core.inputs import CellFacts, Decision
from tailrace.core.turn import Turn, refused
from tailrace.protocol.events import DocumentUpdated, OutputsDiscarded
from tailrace.protocol.operations import (
    CancelExecutions,
    ClearOutputs,
    RestartKernel,
    RunAbove,
    RunAll,
    RunBelow,
    RunCells,
    RunCode,
    StartKernel,
    StopKernel,
    UpdateDocument,
)
from tailrace.protocol.state import SessionState


def update_document(state: SessionState, operation: UpdateDocument) -> Decision:
    if operation.generation != state.generation:
        return refused(
            "document.generation",
            "This notebook was begun anew since you opened it. Your edits are kept as a "
            "copy; reload to see the new one.",
        )
    return Decision(
        events=(DocumentUpdated(generation=operation.generation, update=operation.update),)
    )


def run_cells(turn: Turn, operation: RunCells) -> Decision:
    cells = {cell.cell_id: cell for cell in turn.stamped.cells}
    known = [cells[cell_id] for cell_id in operation.cell_ids if cell_id in cells]
    if operation.cell_ids and not known:
        return _unknown_cell()
    return _run(turn, known, stop_on_error=operation.stop_on_error)


def run_code(turn: Turn, operation: RunCode) -> Decision:
    if not kernel.is_alive(turn.state):
        kernel.request(turn, None)
    queue_code(turn, operation)
    start_next(turn)
    return turn.decision()


def run_all(turn: Turn, operation: RunAll) -> Decision:
    return _run(turn, list(turn.stamped.cells), stop_on_error=operation.stop_on_error)


def run_beside(turn: Turn, operation: RunAbove | RunBelow) -> Decision:
    cells = list(turn.stamped.cells)
    places = [place for place, cell in enumerate(cells) if cell.cell_id == operation.cell_id]
    if not places:
        return _unknown_cell()
    place = places[0]
    chosen = cells[:place] if isinstance(operation, RunAbove) else cells[place:]
    return _run(turn, chosen, stop_on_error=operation.stop_on_error)


def _run(turn: Turn, cells: list[CellFacts], *, stop_on_error: bool) -> Decision:
    if any(cell.kind == "code" for cell in cells):
        if not kernel.is_alive(turn.state):
            kernel.request(turn, None)
        queue_cells(turn, cells, stop_on_error=stop_on_error)
        start_next(turn)
    return turn.decision()


def cancel(turn: Turn, operation: CancelExecutions) -> Decision:
    if operation.execution_ids is None:
        end_queued(turn, "cancelled")
        return turn.decision()
    waiting = set(turn.state.queue)
    chosen = [each for each in dict.fromkeys(operation.execution_ids) if each in waiting]
    if operation.execution_ids and not chosen:
        return refused(
            "execution.not-queued",
            "It no longer waits: it started or ended. Interrupt the kernel to stop what runs.",
        )
    end_executions(turn, chosen, "cancelled")
    return turn.decision()


def interrupt(turn: Turn) -> Decision:
    if not kernel.is_alive(turn.state):
        return _no_kernel()
    if turn.state.running is None and not turn.state.queue:
        return refused("kernel.idle", "Nothing is running.")
    end_queued(turn, "cancelled")
    if turn.state.running is not None:
        kernel.interrupt(turn)
    return turn.decision()


def start_kernel(turn: Turn, operation: StartKernel) -> Decision:
    if kernel.is_alive(turn.state):
        return refused("kernel.alive", "A kernel is there already. Restart it to get a new one.")
    kernel.request(turn, operation.interpreter)
    return turn.decision()


def restart_kernel(turn: Turn, operation: RestartKernel) -> Decision:
    """A kernel that was chosen by hand keeps its interpreter, unless another is named."""
    interpreter = operation.interpreter or turn.state.kernel.interpreter
    kernel.stop(turn, kernel.RESTARTED)
    kernel.request(turn, interpreter)
    if operation.run_all:
        queue_cells(turn, turn.stamped.cells, stop_on_error=True)
    return turn.decision()


def stop_kernel(turn: Turn, operation: StopKernel) -> Decision:
    if turn.state.kernel.phase == "none":
        return _no_kernel()
    kernel.stop(turn, kernel.KILLED if operation.kill else kernel.STOPPED)
    return turn.decision()


def clear_outputs(state: SessionState, operation: ClearOutputs) -> Decision:
    wanted = state.cells if operation.cell_ids is None else dict.fromkeys(operation.cell_ids)
    chosen = tuple(cell_id for cell_id in wanted if cell_id in state.cells)
    return Decision(events=(OutputsDiscarded(cell_ids=chosen),) if chosen else ())


def _unknown_cell() -> Decision:
    return refused("cell.unknown", "The cell is no longer in the notebook.")


def _no_kernel() -> Decision:
    return refused("kernel.none", "No kernel is running: run a cell or start one first.")
