import { expect, test } from "vitest";
import { firstLines, lastLines, lineCount } from "./text-parts";

test("the first lines end with their newline", () => {
  expect(firstLines("a\nb\nc\n", 2)).toBe("a\nb\n");
  expect(firstLines("a\nb", 5)).toBe("a\nb");
  expect(firstLines("", 3)).toBe("");
});

test("the last lines do not count the newline at the end", () => {
  expect(lastLines("a\nb\nc\n", 2)).toBe("b\nc\n");
  expect(lastLines("a\nb\nc", 1)).toBe("c");
  expect(lastLines("a", 4)).toBe("a");
  expect(lastLines("\n\nx\n", 2)).toBe("\nx\n");
});

test("an unfinished line counts as a line", () => {
  expect(lineCount(2, "a\nb\n")).toBe(2);
  expect(lineCount(2, "a\nb\nc")).toBe(3);
  expect(lineCount(0, "")).toBe(0);
});
