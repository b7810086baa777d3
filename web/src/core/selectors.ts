/** Questions to the state that more than one view asks. Pure; equal state, same answer. */

import type { Execution, Prompt, SessionState } from "../protocol/generated";
import { own } from "./lookup";

/** The newest execution of a cell. */
export function executionOf(state: SessionState, cellId: string): Execution | null {
  return own(state.executions, own(state.cells, cellId) ?? null) ?? null;
}

/** The prompt that waits under a cell's newest execution. */
export function promptOf(state: SessionState, cellId: string): Prompt | null {
  const id = own(state.cells, cellId);
  return Object.values(state.prompts).find((prompt) => prompt.execution_id === id) ?? null;
}

/** The cell that runs now. */
export function runningCell(state: SessionState): string | null {
  return own(state.executions, state.running)?.cell_id ?? null;
}

/** Where a cell stands in the queue: 1 is next; null when it does not wait. */
export function queuePlace(state: SessionState, cellId: string): number | null {
  const index = state.queue.indexOf(own(state.cells, cellId) ?? "");
  return index < 0 ? null : index + 1;
}

export type KernelMood = "none" | "starting" | "idle" | "busy" | "interrupting" | "stuck" | "dead";

/** The kernel in one word. `stuck`: asked three times to stop and still running. */
export function kernelMood(state: SessionState): KernelMood {
  const { phase, interrupts } = state.kernel;
  if (phase !== "ready") return phase;
  if (state.running === null) return "idle";
  if (interrupts === 0) return "busy";
  return interrupts < 3 ? "interrupting" : "stuck";
}
