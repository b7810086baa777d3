/**
 * What was asked for and not yet answered, laid over the state so that a person sees it at once.
 *
 * A prediction is thrown away as soon as the first record of its operation arrives, or its
 * refusal: it never becomes state. It shows only what the server would do without a doubt; where
 * that is not plain it shows nothing.
 */

import type { Execution, Operation, SessionState } from "../protocol/generated";
import { own, without } from "./lookup";
import { NO_OUTPUTS } from "./state";

export interface PendingOperation {
  readonly operation_id: string;
  readonly operation: Operation;
}

/** What a prediction must know of the document: its cells in order. */
export interface CellHead {
  readonly cell_id: string;
  readonly kind: string;
}

/** `state` as it will be when every pending operation is done; `state` itself without any. */
export function optimistic(
  state: SessionState,
  pending: readonly PendingOperation[],
  cells: readonly CellHead[],
): SessionState {
  return pending.reduce((shown, each) => predicted(shown, each, cells), state);
}

/** The execution a cell shows while its run is only asked for. */
export function isPredicted(execution: Execution): boolean {
  return execution.execution_id.startsWith(PREDICTED);
}

const PREDICTED = "predicted:";

function predicted(
  state: SessionState,
  { operation, operation_id }: PendingOperation,
  cells: readonly CellHead[],
): SessionState {
  switch (operation.kind) {
    case "run-cells":
      return withRuns(state, operation.cell_ids, operation_id, cells);
    case "run-all":
      return withRuns(state, idsOf(cells), operation_id, cells);
    case "run-above":
      return withRuns(
        state,
        idsOf(cells).slice(0, at(cells, operation.cell_id)),
        operation_id,
        cells,
      );
    case "run-below":
      return withRuns(state, idsOf(cells).slice(at(cells, operation.cell_id)), operation_id, cells);
    case "cancel-executions":
      return withoutQueued(state, operation.execution_ids ?? state.queue);
    case "interrupt":
      return state.running === null ? state : withInterrupt(withoutQueued(state, state.queue));
    case "start-kernel":
      return withKernelStarting(state);
    case "restart-kernel": {
      const started: SessionState = { ...state, kernel: { ...state.kernel, phase: "starting" } };
      return operation.run_all ? withRuns(started, idsOf(cells), operation_id, cells) : started;
    }
    case "answer-input":
    case "cancel-input": {
      const prompts = without(state.prompts, operation.prompt_id);
      return prompts === state.prompts ? state : { ...state, prompts };
    }
    case "clear-outputs":
      return withoutOutputs(state, operation.cell_ids ?? Object.keys(state.cells));
    default:
      return state;
  }
}

function idsOf(cells: readonly CellHead[]): string[] {
  return cells.map((cell) => cell.cell_id);
}

/** Where the cell stands; past the end for one that is not there. */
function at(cells: readonly CellHead[], cellId: string): number {
  const index = cells.findIndex((cell) => cell.cell_id === cellId);
  return index < 0 ? cells.length : index;
}

function withRuns(
  state: SessionState,
  cellIds: readonly string[],
  operationId: string,
  cells: readonly CellHead[],
): SessionState {
  const code = new Set(cells.filter((cell) => cell.kind === "code").map((cell) => cell.cell_id));
  const busy = new Set([...state.queue, ...(state.running === null ? [] : [state.running])]);
  const runs = cellIds.filter((id) => code.has(id) && !busy.has(own(state.cells, id) ?? ""));
  if (runs.length === 0) return state;
  const executions = { ...state.executions };
  const newest = { ...state.cells };
  const queue = [...state.queue];
  for (const cellId of runs) {
    const id = `${PREDICTED}${operationId}:${cellId}`;
    executions[id] = queuedExecution(id, cellId);
    newest[cellId] = id;
    queue.push(id);
  }
  return withKernelStarting({ ...state, executions, cells: newest, queue });
}

function queuedExecution(executionId: string, cellId: string): Execution {
  return {
    execution_id: executionId,
    cell_id: cellId,
    phase: "queued",
    source: null,
    stop_on_error: true,
    actor: "",
    status: null,
    execution_count: null,
    queued_at: null,
    started_at: null,
    finished_at: null,
    took_ms: null,
    outputs: NO_OUTPUTS,
  };
}

function withKernelStarting(state: SessionState): SessionState {
  const { phase } = state.kernel;
  if (phase === "starting" || phase === "ready") return state;
  return { ...state, kernel: { ...state.kernel, phase: "starting" } };
}

function withInterrupt(state: SessionState): SessionState {
  return { ...state, kernel: { ...state.kernel, interrupts: state.kernel.interrupts + 1 } };
}

function withoutQueued(state: SessionState, executionIds: readonly string[]): SessionState {
  const gone = new Set(executionIds.filter((id) => state.queue.includes(id)));
  if (gone.size === 0) return state;
  const executions = { ...state.executions };
  for (const id of gone) {
    const execution = own(executions, id);
    if (execution) executions[id] = { ...execution, phase: "finished", status: "cancelled" };
  }
  return { ...state, executions, queue: state.queue.filter((id) => !gone.has(id)) };
}

function withoutOutputs(state: SessionState, cellIds: readonly string[]): SessionState {
  const executions = { ...state.executions };
  for (const cellId of cellIds) {
    const execution = own(executions, own(state.cells, cellId) ?? null);
    if (execution && execution.outputs.items.length > 0) {
      const outputs = { ...execution.outputs, items: [], omitted_items: 0 };
      executions[execution.execution_id] = { ...execution, outputs };
    }
  }
  return { ...state, executions };
}
