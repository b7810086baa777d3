import { expect, test } from "vitest";
import { linesOf } from "./transcript";

test("two streams and a display fill the lines they stand on", () => {
  const page = {
    from: 10,
    lines: 4,
    total_lines: 14,
    items: [
      { kind: "text", stream: "stdout", line: 10, text: "a\nb\n" },
      { kind: "display", line: 12, data: {}, metadata: {} },
      { kind: "text", stream: "stderr", line: 13, text: "c\n" },
    ],
  };
  expect(linesOf(page, 10)).toEqual(["a", "b", "[a picture or another display]", "c"]);
});

test("a last line without its newline is a line", () => {
  const page = { lines: 1, items: [{ kind: "text", line: 0, text: "a\nunfinished" }] };
  expect(linesOf(page, 0)).toEqual(["a", "unfinished"]);
});

test("what is no page holds no lines", () => {
  expect(linesOf(null, 0)).toEqual([]);
  expect(linesOf({ items: "x" }, 0)).toEqual([]);
});
