// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { keepBreakpoints, keptBreakpoints } from "./kept-breakpoints";

beforeEach(() => localStorage.clear());

test("breakpoints are there again for their notebook, and gone when they were taken", () => {
  keepBreakpoints("one", new Map([["a", [2, 5]]]));
  keepBreakpoints("two", new Map([["a", [1]]]));
  expect(keptBreakpoints("one")).toEqual(new Map([["a", [2, 5]]]));
  keepBreakpoints("one", new Map());
  expect(keptBreakpoints("one").size).toBe(0);
  expect(keptBreakpoints("two").size).toBe(1);
});

test("of many notebooks those that were debugged last are kept", () => {
  for (let count = 0; count < 60; count += 1) {
    keepBreakpoints(`n${count}`, new Map([["a", [count + 1]]]));
  }
  expect(keptBreakpoints("n59").get("a")).toEqual([60]);
  expect(keptBreakpoints("n9").size).toBe(0);
});

test("what is no list of lines is passed over", () => {
  localStorage.setItem("tailrace.breakpoints", '[["one",[["a",["x"]]]],["two",[["b",[3]]]]]');
  expect(keptBreakpoints("one").size).toBe(0);
  expect(keptBreakpoints("two").get("b")).toEqual([3]);
  localStorage.setItem("tailrace.breakpoints", "{");
  expect(keptBreakpoints("two").size).toBe(0);
});
