/**
 * The state after a record: the server's `evolve` (`src/tailrace/core/step.py`), in the browser.
 *
 * Pure. An event that does not fit the state, or that is newer than this page, changes nothing
 * but the sequence. The cases under `fixtures/folds/` keep the two equal.
 */

import type {
  DisplayAppended,
  DisplayUpdated,
  ErrorAppended,
  OutputsCleared,
  Record,
  SessionState,
  TextAppended,
} from "../protocol/generated";
import { assertNever } from "./assert-never";
import { foldComm } from "./comms";
import { Draft } from "./draft";
import { foldDiscarded, foldFinished, foldLoaded, foldQueued, foldStarted } from "./executions";
import { foldKernel } from "./kernel";
import { appendDisplay, appendError, appendText, cleared, withDisplayUpdated } from "./outputs";

/** Operation ids remembered, as on the server. */
const ANSWERED = 1024;

export function foldRecord(state: SessionState, record: Record): SessionState {
  return foldRecords(state, [record]);
}

/** The state after all of `records`, which follow it without a gap. */
export function foldRecords(state: SessionState, records: readonly Record[]): SessionState {
  const draft = new Draft(state);
  for (const record of records) foldInto(draft, record);
  return draft.state;
}

function foldInto(draft: Draft, record: Record): void {
  foldEvent(draft, record);
  const { kernel, answered } = draft.state;
  const isNews = record.received > kernel.received && record.actor === `kernel:${kernel.kernel_id}`;
  draft.set({
    sequence: record.sequence,
    kernel: isNews ? { ...kernel, received: record.received } : kernel,
    answered: withAnswered(answered, record.operation_id),
  });
}

/** The records of one operation stand together, so looking at the newest is enough. */
function withAnswered(answered: readonly string[], operationId: string | null): readonly string[] {
  if (operationId === null || answered.at(-1) === operationId) return answered;
  return [...answered.slice(1 - ANSWERED), operationId];
}

function foldEvent(draft: Draft, record: Record): void {
  const { event } = record;
  switch (event.kind) {
    case "text-appended":
    case "display-appended":
    case "error-appended":
    case "outputs-cleared":
      foldOutput(draft, event);
      break;
    case "display-updated":
      foldDisplayUpdate(draft, event);
      break;
    case "document-created":
      draft.set({ generation: event.generation });
      break;
    case "document-updated":
    case "comm-handled":
    case "debugger-reported":
      break;
    case "execution-queued":
      foldQueued(draft, record, event);
      break;
    case "execution-started":
      foldStarted(draft, record, event);
      break;
    case "execution-finished":
      foldFinished(draft, record, event);
      break;
    case "execution-loaded":
      foldLoaded(draft, record, event);
      break;
    case "outputs-discarded":
      foldDiscarded(draft, event);
      break;
    case "input-requested": {
      const { prompt_id, execution_id, prompt, password } = event;
      draft.put("prompts", prompt_id, { prompt_id, execution_id, prompt, password });
      break;
    }
    case "input-answered":
      draft.drop("prompts", event.prompt_id);
      break;
    case "kernel-requested":
    case "kernel-started":
    case "kernel-interrupted":
    case "kernel-died":
    case "kernel-stopped":
      foldKernel(draft, event);
      break;
    case "comm-opened":
    case "comm-messaged":
    case "comm-closed":
      foldComm(draft, event);
      break;
    case "checkpoint-written": {
      const { digest, upto } = event;
      draft.set({ checkpoint: { ...draft.state.checkpoint, digest, upto, at: record.at } });
      break;
    }
    case "file-conflicted":
      draft.set({ checkpoint: { ...draft.state.checkpoint, conflict: event.message } });
      break;
    case "conflict-resolved":
      draft.set({ checkpoint: { ...draft.state.checkpoint, conflict: null } });
      break;
    default:
      // A newer server may tell of what this page does not know yet (SYNC-4).
      unknownEvent(event);
  }
}

function unknownEvent(_event: never): void {}

type OwnedEvent = TextAppended | DisplayAppended | ErrorAppended | OutputsCleared;

/** Output of an execution that is not shown any more is in the log only. */
function foldOutput(draft: Draft, event: OwnedEvent): void {
  const execution = draft.execution(event.execution_id);
  if (!execution) return;
  const outputs = outputsAfter(execution.outputs, event);
  draft.put("executions", event.execution_id, { ...execution, outputs });
}

function outputsAfter(
  outputs: SessionState["executions"][string]["outputs"],
  event: OwnedEvent,
): typeof outputs {
  switch (event.kind) {
    case "text-appended":
      return appendText(outputs, event.stream, event.text);
    case "display-appended":
      return appendDisplay(outputs, event);
    case "error-appended":
      return appendError(outputs, event);
    case "outputs-cleared":
      return cleared(outputs, event.wait);
    default:
      return assertNever(event);
  }
}

function foldDisplayUpdate(draft: Draft, event: DisplayUpdated): void {
  const { display_id, data, metadata } = event;
  for (const execution of Object.values(draft.state.executions)) {
    const outputs = withDisplayUpdated(execution.outputs, display_id, data, metadata);
    if (outputs !== execution.outputs) {
      draft.put("executions", execution.execution_id, { ...execution, outputs });
    }
  }
}
