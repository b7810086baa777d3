import { expect, test } from "vitest";
import { Allowance } from "./traffic";

test("a frame that speaks at an animation's pace is always heard", () => {
  const allowance = new Allowance();
  for (let at = 0; at < 60_000; at += 25) expect(allowance.take(at)).toBe(true);
});

// SEC-25
test("a flood is heard for its first moments only", () => {
  const allowance = new Allowance();
  let heard = 0;
  while (allowance.take(heard / 100)) heard += 1;
  expect(heard).toBeLessThan(1_000);
});

test("a clock that goes back gives nothing", () => {
  const allowance = new Allowance();
  let heard = 0;
  while (heard < 5_000 && allowance.take(heard % 2 ? 1e6 : 0)) heard += 1;
  expect(heard).toBe(5_000); // every other message is 1,000 seconds later
  expect(new Allowance().take(-5)).toBe(true);
});
