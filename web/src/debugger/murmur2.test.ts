/** The same numbers as `tailrace_kernel/cell_files.py` and Jupyter's front ends have. */

import { expect, test } from "vitest";
import { murmur2 } from "./murmur2";

test.each([
  ["", 3990065800],
  ["a", 2167009006],
  ["print(1)", 3773950048],
  ["x = 'ä€😀'\n", 201079675],
])("%j", (text, hash) => {
  expect(murmur2(text, 0xc70f6907)).toBe(hash);
});
