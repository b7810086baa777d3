// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { EMPTY_STATE, NO_OUTPUTS } from "../core/state";
import type { Execution } from "../protocol/generated";
import { EMPTY_SESSION, type Session } from "../store/session";
import { UNWATCHED, watched } from "./long-runs";

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
    isLoaded: true,
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

/** What is told while a page goes through these sessions. */
function told(...sessions: Session[]): string[] {
  let watch = UNWATCHED;
  return sessions.flatMap((next) => {
    watch = watched(watch, next);
    return watch.ended?.text ?? [];
  });
}

function finished(id: string, started_at: number, finished_at: number): Execution {
  return execution(id, { phase: "finished", status: "ok", started_at, finished_at });
}

test("a run goes from the first start to when nothing waits any more", () => {
  const a = execution("a", { started_at: 100 });
  const b = execution("b", { started_at: 130 });
  const [wholeA, wholeB] = [finished("a", 100, 120), finished("b", 130, 160)];
  const before = session([], null);
  expect(
    told(
      before,
      session([a], "a", ["b"]),
      session([wholeA], null, ["b"]),
      session([wholeA, b], "b"),
      session([wholeA, wholeB], null),
      session([wholeA, wholeB], null),
    ),
  ).toEqual(["2 cells finished after 1:00"]);
});

test("a run that began and ended between two looks is told, one before the first look is not", () => {
  // Failed on a busy page: start and end came in one frame, and nothing was said.
  const old = finished("b", 10, 20);
  expect(
    told(session([old], null), session([old, finished("a", 100, 103)], null), session([old], null)),
  ).toEqual(["Cell 1 finished after 3.00 s"]);
  expect(told(session([old], null), session([old], null))).toEqual([]);
  expect(told({ ...session([], null), isLoaded: false }, session([old], null))).toEqual([]);
});

test("what was waiting and never ran is no run", () => {
  const cancelled = execution("a", {
    phase: "finished",
    status: "cancelled",
    started_at: null,
    finished_at: 30,
  });
  expect(told(session([], null), session([], null, ["a"]), session([cancelled], null))).toEqual([]);
});

test("what failed is told with its cell and reason", () => {
  const failed = execution("b", {
    phase: "finished",
    status: "error",
    started_at: 3,
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
  const run = [finished("a", 0, 3), failed];
  expect(told(session([], null), session(run, null))).toEqual([
    "Cell 2 failed after 12.0 s: ValueError: no",
  ]);
});
