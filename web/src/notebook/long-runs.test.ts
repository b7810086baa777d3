// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { EMPTY_STATE, NO_OUTPUTS } from "../core/state";
import type { Execution } from "../protocol/generated";
import { EMPTY_SESSION, type Session } from "../store/session";
import { endOf, type Run, runOf } from "./long-runs";

function execution(id: string, change: Partial<Execution>): Execution {
  return {
    execution_id: id,
    cell_id: `cell-${id}`,
    phase: "running",
    source: "",
    stop_on_error: true,
    actor: "",
    status: null,
    execution_count: null,
    queued_at: 0,
    started_at: 0,
    finished_at: null,
    took_ms: null,
    outputs: NO_OUTPUTS,
    ...change,
  };
}

function session(executions: Execution[], running: string | null, queue: string[] = []): Session {
  return {
    ...EMPTY_SESSION,
    cells: [
      { cell_id: "cell-a", kind: "code" },
      { cell_id: "cell-b", kind: "code" },
    ],
    state: {
      ...EMPTY_STATE,
      executions: Object.fromEntries(executions.map((each) => [each.execution_id, each])),
      running,
      queue,
    },
  };
}

const after = (sessions: Session[]) => sessions.reduce(runOf, null as Run | null);

test("a run goes from the first start to when nothing waits any more", () => {
  const a = execution("a", { started_at: 100 });
  const b = execution("b", { started_at: 130 });
  const run = after([session([a], "a", ["b"]), session([a], null, ["b"]), session([a, b], "b")]);
  expect(run).toEqual({ since: 100, cells: 2, last: "b" });
  const ended = execution("b", { phase: "finished", status: "ok", finished_at: 160 });
  if (!run) throw new Error("no run");
  expect(runOf(run, session([a, ended], null))).toBeNull();
  expect(endOf(run, session([a, ended], null))?.text).toBe("2 cells finished after 1:00");
});

test("what failed is told with its cell and reason", () => {
  const failed = execution("b", {
    phase: "finished",
    status: "error",
    finished_at: 12,
    outputs: {
      ...NO_OUTPUTS,
      items: [
        {
          kind: "error",
          index: 0,
          name: "ValueError",
          message: "no\nmore",
          traceback: [],
          start_line: 0,
        },
      ],
    },
  });
  const ended = endOf({ since: 0, cells: 3, last: "b" }, session([failed], null));
  expect(ended?.text).toBe("Cell 2 failed after 12.0 s: ValueError: no");
});
