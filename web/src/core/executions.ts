/**
 * Which cell runs, which wait, and how a run ends, as the records tell it.
 *
 * The same as the second half of `src/tailrace/core/executions.py` (EXE-1 to EXE-19).
 */

import type {
  ExecutionFinished,
  ExecutionLoaded,
  ExecutionQueued,
  ExecutionStarted,
  OutputsDiscarded,
  Record,
} from "../protocol/generated";
import type { Draft } from "./draft";
import { own } from "./lookup";
import { loadedOutputs } from "./outputs";
import { NO_OUTPUTS } from "./state";

export function foldQueued(draft: Draft, record: Record, event: ExecutionQueued): void {
  const { execution_id, cell_id, source, stop_on_error, asked } = event;
  const known = draft.execution(execution_id);
  if (known) {
    if (known.phase === "queued") {
      draft.put("executions", execution_id, { ...known, source, stop_on_error });
    }
    return;
  }
  forgetNewest(draft, cell_id);
  draft.put("executions", execution_id, {
    execution_id,
    cell_id,
    phase: "queued",
    source,
    stop_on_error,
    actor: record.actor,
    status: null,
    execution_count: null,
    queued_at: record.at,
    started_at: null,
    finished_at: null,
    took_ms: null,
    outputs: NO_OUTPUTS,
    ...(asked && { asked }),
  });
  draft.put("cells", cell_id, execution_id);
  draft.set({ queue: [...draft.state.queue, execution_id] });
}

export function foldStarted(draft: Draft, record: Record, event: ExecutionStarted): void {
  const execution = draft.execution(event.execution_id);
  if (execution?.phase !== "queued") return;
  draft.put("executions", event.execution_id, {
    ...execution,
    phase: "running",
    started_at: record.at,
  });
  draft.set({
    queue: withoutId(draft.state.queue, event.execution_id),
    running: event.execution_id,
    kernel: { ...draft.state.kernel, interrupts: 0 },
  });
}

export function foldFinished(draft: Draft, record: Record, event: ExecutionFinished): void {
  const { execution_id, status, execution_count, took_ms } = event;
  const execution = draft.execution(execution_id);
  if (!execution || execution.phase === "finished") return;
  if (own(draft.state.cells, execution.cell_id) === execution_id) {
    draft.put("executions", execution_id, {
      ...execution,
      phase: "finished",
      status,
      execution_count,
      finished_at: record.at,
      took_ms,
    });
  } else {
    draft.drop("executions", execution_id);
  }
  for (const prompt of Object.values(draft.state.prompts)) {
    if (prompt.execution_id === execution_id) draft.drop("prompts", prompt.prompt_id);
  }
  const { queue, running } = draft.state;
  draft.set({
    queue: withoutId(queue, execution_id),
    running: running === execution_id ? null : running,
  });
}

/** A cell that already runs or waits here knows better than the file. */
export function foldLoaded(draft: Draft, record: Record, event: ExecutionLoaded): void {
  const { execution_id, cell_id, execution_count } = event;
  const newest = draft.newestOf(cell_id);
  if (newest && newest.phase !== "finished") return;
  forgetNewest(draft, cell_id);
  draft.put("executions", execution_id, {
    execution_id,
    cell_id,
    phase: "finished",
    source: null,
    stop_on_error: true,
    actor: record.actor,
    status: null,
    execution_count,
    queued_at: null,
    started_at: null,
    finished_at: null,
    took_ms: null,
    outputs: loadedOutputs(event.outputs),
  });
  draft.put("cells", cell_id, execution_id);
}

/** A finished execution goes; one that runs or waits stays, with nothing shown. */
export function foldDiscarded(draft: Draft, event: OutputsDiscarded): void {
  for (const cellId of event.cell_ids) {
    const execution = draft.newestOf(cellId);
    if (!execution) continue;
    if (execution.phase === "finished") {
      draft.drop("executions", execution.execution_id);
      draft.drop("cells", cellId);
    } else {
      const { next_index, next_line } = execution.outputs;
      const outputs = { ...NO_OUTPUTS, next_index, next_line };
      draft.put("executions", execution.execution_id, { ...execution, outputs });
    }
  }
}

/** Drop a superseded execution, unless it runs or waits: then its end drops it. */
function forgetNewest(draft: Draft, cellId: string): void {
  const newest = own(draft.state.cells, cellId);
  const { running, queue } = draft.state;
  if (newest === undefined || newest === running || queue.includes(newest)) return;
  draft.drop("executions", newest);
}

function withoutId(queue: readonly string[], id: string): readonly string[] {
  return queue.includes(id) ? queue.filter((other) => other !== id) : queue;
}
