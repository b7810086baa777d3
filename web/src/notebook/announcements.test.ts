// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { EMPTY_STATE, NO_OUTPUTS } from "../core/state";
import type { Execution, Prompt } from "../protocol/generated";
import { EMPTY_SESSION, type Session } from "../store/session";
import { heardOf, NOTHING_HEARD, sentenceBetween } from "./announcements";

const RAN: Execution = {
  execution_id: "x",
  cell_id: "a",
  phase: "running",
  source: "",
  stop_on_error: true,
  actor: "",
  status: null,
  execution_count: null,
  queued_at: 0,
  started_at: 100,
  finished_at: null,
  took_ms: null,
  outputs: NO_OUTPUTS,
};

function session(change: Partial<Session>, execution: Execution = RAN): Session {
  return {
    ...EMPTY_SESSION,
    isLoaded: true,
    cells: [{ cell_id: "a", kind: "code" }],
    ...change,
    state: {
      ...EMPTY_STATE,
      running: execution.phase === "running" ? "x" : null,
      executions: { x: execution },
      ...change.state,
    },
  };
}

/** What is said while a page goes through these sessions. */
function said(sessions: readonly Session[]): string[] {
  let heard = NOTHING_HEARD;
  return sessions.flatMap((next) => {
    const before = heard;
    heard = heardOf(before, next);
    return sentenceBetween(before, heard, next) ?? [];
  });
}

test("the end of a run is said once, and its start is not", () => {
  // PAGE-52
  const ended: Execution = { ...RAN, phase: "finished", status: "ok", finished_at: 103 };
  expect(said([session({}), session({}), session({}, ended), session({}, ended)])).toEqual([
    "Cell 1 finished after 3.00 s",
  ]);
});

test("a cell that asks is heard with its question", () => {
  // PAGE-52
  const prompt: Prompt = {
    prompt_id: "p",
    execution_id: "x",
    prompt: "Which station? ",
    password: false,
  };
  const asking = session({ state: { ...EMPTY_STATE, running: "x", prompts: { p: prompt } } });
  const both = { ...asking, state: { ...asking.state, executions: { x: RAN } } };
  expect(said([session({}), both, both])).toEqual(["Cell 1 asks: Which station? "]);
});

test("coming back is said, the first connection and each attempt are not", () => {
  // PAGE-52
  const open = session({ connection: { phase: "open", by: "socket" } });
  const away = session({
    connection: { phase: "waiting", attempt: 1, retryAt: 0, reason: "" },
  });
  const trying = session({ connection: { phase: "connecting", attempt: 1 } });
  expect(said([session({}), open, away, trying, away, open])).toEqual(["Connected again"]);
});
