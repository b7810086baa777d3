import { describe, expect, test } from "vitest";
import type { Operation, Record, SessionState } from "../protocol/generated";
import { foldRecords } from "./fold";
import { isPredicted, optimistic } from "./pending";
import { executionOf, kernelMood, queuePlace } from "./selectors";
import { EMPTY_STATE } from "./state";

const cells = [
  { cell_id: "a", kind: "code" },
  { cell_id: "b", kind: "markdown" },
  { cell_id: "c", kind: "code" },
  { cell_id: "constructor", kind: "code" },
];

function stateAfter(...events: Record["event"][]): SessionState {
  const records = events.map((event, index) => ({
    sequence: index + 1,
    at: index,
    actor: "server",
    event,
    operation_id: null,
    received: 0,
  }));
  return foldRecords(EMPTY_STATE, records);
}

function shown(state: SessionState, operation: Operation): SessionState {
  return optimistic(state, [{ operation_id: "o", operation }], cells);
}

const queued = (cell_id: string) =>
  ({
    kind: "execution-queued",
    execution_id: `run-of-${cell_id}`,
    cell_id,
    source: "",
    stop_on_error: true,
  }) as const;

const started = (cell_id: string) =>
  ({ kind: "execution-started", execution_id: `run-of-${cell_id}` }) as const;

const kernel = [
  { kind: "kernel-requested", kernel_id: "k", interpreter: null },
  { kind: "kernel-started", kernel_id: "k", pid: 1, python: "", version: "" },
] as const;

describe("what is asked for shows at once", () => {
  test("a run queues its code cells, in order, and starts a kernel", () => {
    const state = shown(EMPTY_STATE, { kind: "run-all" });
    expect(["a", "b", "c"].map((id) => queuePlace(state, id))).toEqual([1, null, 2]);
    expect(kernelMood(state)).toBe("starting");
    const execution = executionOf(state, "a");
    expect(execution && isPredicted(execution)).toBe(true);
  });

  test("above and below are told apart by the cell itself", () => {
    const above = shown(EMPTY_STATE, { kind: "run-above", cell_id: "c" });
    const below = shown(EMPTY_STATE, { kind: "run-below", cell_id: "c" });
    expect(Object.keys(above.cells)).toEqual(["a"]);
    expect(Object.keys(below.cells)).toEqual(["c", "constructor"]);
  });

  test("a cell that waits or runs already is not queued again", () => {
    const state = stateAfter(...kernel, queued("a"), started("a"), queued("c"));
    expect(shown(state, { kind: "run-cells", cell_ids: ["a", "c"] })).toBe(state);
  });

  test("an interrupt shows, and what waited is cancelled", () => {
    const state = stateAfter(...kernel, queued("a"), started("a"), queued("c"));
    const asked = shown(state, { kind: "interrupt" });
    expect(kernelMood(asked)).toBe("interrupting");
    expect(executionOf(asked, "c")).toMatchObject({ phase: "finished", status: "cancelled" });
    expect(executionOf(asked, "a")?.phase).toBe("running");
  });

  test("cleared outputs are gone, and stay in the state they were taken from", () => {
    const text = { kind: "text-appended", execution_id: "run-of-a", stream: "stdout", text: "x" };
    const state = stateAfter(...kernel, queued("a"), started("a"), text as Record["event"]);
    const asked = shown(state, { kind: "clear-outputs" });
    expect(executionOf(asked, "a")?.outputs.items).toEqual([]);
    expect(executionOf(state, "a")?.outputs.items).toHaveLength(1);
  });

  test("an answered question is gone", () => {
    const prompt = {
      kind: "input-requested",
      execution_id: "run-of-a",
      prompt_id: "p",
      prompt: "?",
      password: false,
    } as const;
    const state = stateAfter(...kernel, queued("a"), started("a"), prompt);
    expect(shown(state, { kind: "answer-input", prompt_id: "p", value: "x" }).prompts).toEqual({});
    expect(shown(state, { kind: "answer-input", prompt_id: "q", value: "x" })).toBe(state);
  });

  test("without anything pending the state is the state", () => {
    const state = stateAfter(...kernel);
    expect(optimistic(state, [], cells)).toBe(state);
  });
});
