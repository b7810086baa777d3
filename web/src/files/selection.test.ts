import { expect, test } from "vitest";
import { NOTHING, pressed, stepped, stillThere, typedTo } from "./selection";

const ORDER = ["alpha", "beta", "bravo", "gamma"];
const plain = { isToggle: false, isRange: false };
const toggle = { isToggle: true, isRange: false };
const range = { isToggle: false, isRange: true };

test("a press chooses one, Ctrl adds and takes away, Shift chooses up to there", () => {
  let chosen = pressed(NOTHING, ORDER, "beta", plain);
  chosen = pressed(chosen, ORDER, "gamma", toggle);
  expect([...chosen.names]).toEqual(["beta", "gamma"]);
  chosen = pressed(chosen, ORDER, "beta", toggle);
  expect([...chosen.names]).toEqual(["gamma"]);
  chosen = pressed(pressed(chosen, ORDER, "bravo", plain), ORDER, "alpha", range);
  expect([...chosen.names]).toEqual(["alpha", "beta", "bravo"]);
});

test("arrows move, with Shift they choose, and stop at the ends", () => {
  let chosen = stepped(NOTHING, ORDER, 1, false);
  expect(chosen.at).toBe("alpha");
  chosen = stepped(stepped(chosen, ORDER, 1, true), ORDER, 1, true);
  expect([...chosen.names]).toEqual(["alpha", "beta", "bravo"]);
  chosen = stepped(chosen, ORDER, -1, true);
  expect([...chosen.names]).toEqual(["alpha", "beta"]);
  expect(stepped(chosen, ORDER, 99, false).at).toBe("gamma");
  expect(stepped(NOTHING, ORDER, -1, false).at).toBe("gamma");
  expect(stepped(NOTHING, [], 1, false)).toEqual(NOTHING);
});

test("letters lead to the next name that begins so", () => {
  let chosen = typedTo(NOTHING, ORDER, "b");
  expect(chosen.at).toBe("beta");
  chosen = typedTo(chosen, ORDER, "b");
  expect(chosen.at).toBe("bravo");
  expect(typedTo(chosen, ORDER, "b").at).toBe("beta");
  expect(typedTo(chosen, ORDER, "br").at).toBe("bravo");
  expect(typedTo(chosen, ORDER, "x")).toBe(chosen);
});

test("what was deleted is not chosen any more", () => {
  const chosen = pressed(pressed(NOTHING, ORDER, "beta", plain), ORDER, "gamma", toggle);
  const left = stillThere(chosen, ["alpha", "beta"]);
  expect([...left.names]).toEqual(["beta"]);
  expect(left.at).toBe(null);
  expect(stillThere(chosen, ORDER)).toBe(chosen);
});
