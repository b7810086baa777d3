import { expect, test } from "vitest";
import { NO_OUTPUTS } from "../core/state";
import type { Execution } from "../protocol/generated";
import { bracketOf, markOf, sentenceOf, underMark } from "./execution-words";

function execution(given: Partial<Execution>): Execution {
  return {
    execution_id: "x",
    cell_id: "c",
    phase: "finished",
    source: "1",
    stop_on_error: true,
    actor: "",
    status: "ok",
    execution_count: 5,
    queued_at: null,
    started_at: null,
    finished_at: null,
    took_ms: 1234,
    outputs: NO_OUTPUTS,
    ...given,
  };
}

test("every end of an execution has its mark", () => {
  const mark = (status: Execution["status"]) => markOf(execution({ status }), false);
  expect([mark("ok"), mark("error"), mark("died")]).toEqual(["finished", "failed", "failed"]);
  expect([mark("interrupted"), mark("aborted"), mark("cancelled")]).toEqual(
    Array(3).fill("interrupted"),
  );
  expect(markOf(null, false)).toBe("never");
  expect(markOf(execution({}), true)).toBe("stale");
  expect(markOf(execution({ phase: "running" }), true)).toBe("running");
});

test("the brackets hold the count, a star, or nothing", () => {
  expect(bracketOf(null)).toBe(" ");
  expect(bracketOf(execution({ phase: "queued", execution_count: null }))).toBe("*");
  expect(bracketOf(execution({}))).toBe("5");
});

test("under the brackets stands how long it took or how it ended", () => {
  expect(underMark(execution({}), false)).toBe("1.23 s");
  expect(underMark(execution({}), true)).toBe("edited");
  expect(underMark(execution({ status: "aborted" }), false)).toBe("skipped");
  expect(sentenceOf(execution({ status: "error" }), true)).toBe(
    "Failed after 1.23 s; edited since",
  );
});
