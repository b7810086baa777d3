import { expect, test } from "vitest";
import { bound } from "./bound-keys";
import { DEFAULTS, isEqual, settingsOf, wireOf } from "./page-settings";

test("settings go to the wire and come back the same", () => {
  const chosen = { ...DEFAULTS, theme: "dark" as const, fontSize: 16, shortcuts: { run: ["X"] } };
  expect(settingsOf(wireOf(chosen))).toEqual(chosen);
  expect(isEqual(settingsOf(JSON.parse(JSON.stringify(wireOf(chosen)))), chosen)).toBe(true);
});

test("what is wrong or missing is the default", () => {
  expect(settingsOf(null)).toEqual(DEFAULTS);
  expect(settingsOf({ theme: "pink", wrap: "yes", shortcuts: { run: "X", cut: ["K"] } })).toEqual({
    ...DEFAULTS,
    shortcuts: { cut: ["K"] },
  });
});

test("only what changed is sent", () => {
  expect(wireOf({ movesOn: false })).toEqual({ move_on_after_run: false });
});

const commands = [
  { id: "delete", keys: ["D D"] },
  { id: "cut", keys: ["X"] },
];

test("chosen keys take the place of a command's own", () => {
  expect(bound(commands, { cut: ["Ctrl+X"] }).map((each) => each.keys)).toEqual([
    ["D D"],
    ["Ctrl+X"],
  ]);
  expect(bound(commands, { cut: [] })[1]?.keys).toEqual([]);
  expect(bound(commands, JSON.parse('{"__proto__": {"cut": ["E"]}}'))[1]?.keys).toEqual(["X"]);
});
