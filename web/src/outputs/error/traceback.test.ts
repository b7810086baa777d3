import { expect, test } from "vitest";
import { framesOf, groupsOf } from "./traceback";

const ESC = "\u001b";
const TRACEBACK = [
  `${ESC}[31m---------------------------------------------------------------------------${ESC}[39m`,
  `${ESC}[31mValueError${ESC}[39m                                Traceback (most recent call last)`,
  `${ESC}[36mCell In[5], line 2${ESC}[39m\n      1 import json\n----> 2 json.loads("x")`,
  `File /usr/lib/python3.11/json/__init__.py:346, in loads(s)\n    344 ...`,
  `File /usr/lib/python3.11/json/decoder.py:337, in decode(self, s)\n    335 ...`,
  "ValueError: no JSON",
];

test("rulers, the heading and the message are not frames", () => {
  const frames = framesOf(TRACEBACK, "ValueError");
  expect(frames.map((frame) => frame.isOwn)).toEqual([true, false, false]);
  expect(frames[0]?.cell).toEqual({ count: 5, line: 2 });
});

test("frames of libraries stand together", () => {
  const groups = groupsOf(framesOf(TRACEBACK, "ValueError"));
  expect(groups.map((group) => group.length)).toEqual([1, 2]);
});

test("a traceback of another kind stays readable", () => {
  const frames = framesOf(["something else\n  in two lines"], "Odd");
  expect(frames).toHaveLength(1);
  expect(frames[0]?.cell).toBeNull();
});
