// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { inTheWay } from "../settings/key-conflicts";
import type { ShortcutCommand } from "../settings/shortcuts";
import { nameOf } from "../ui/key-names";
import { COMMANDS } from "./commands";
import { Keys } from "./keymap";
import { EVERY_COMMAND } from "./typing-keys";

const press = (
  key: string,
  held: Partial<Record<"ctrlKey" | "shiftKey" | "altKey" | "metaKey", true>> = {},
) => nameOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("no key means two things", () => {
  const keys = COMMANDS.flatMap((command) => command.keys);
  expect(new Set(keys).size).toBe(keys.length);
  const firsts = keys.filter((key) => key.includes(" ")).map((key) => key.split(" ")[0]);
  expect(keys.filter((key) => firsts.includes(key))).toEqual([]);
});

test("no key means two things while one types", () => {
  const commands: readonly ShortcutCommand[] = EVERY_COMMAND;
  for (const command of commands.filter(({ reach }) => reach !== "command")) {
    for (const key of command.keys) {
      expect(inTheWay(commands, command, key)?.id ?? null, `${command.id} by ${key}`).toBeNull();
    }
  }
});

test("no two commands have one name", () => {
  const ids = EVERY_COMMAND.map((command) => command.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("letters are named without regard to their case, Shift is told", () => {
  expect(press("a")).toBe("A");
  expect(press("M", { shiftKey: true })).toBe("Shift+M");
  expect(press("Enter", { shiftKey: true })).toBe("Shift+Enter");
  expect(press("s", { metaKey: true })).toBe("Ctrl+S");
  expect(press("ArrowUp", { ctrlKey: true, shiftKey: true })).toBe("Ctrl+Shift+ArrowUp");
});

test("D D deletes, D alone and D after a while do not", () => {
  const keys = new Keys();
  expect(keys.read("D", 0)).toBe("wait");
  expect(keys.read("D", 100)).toMatchObject({ title: "Delete" });
  expect(keys.read("D", 200)).toBe("wait");
  expect(keys.read("D", 5_000)).toBe("wait");
  expect(keys.read("I", 5_100)).toBe("wait");
  expect(keys.read("A", 5_200)).toMatchObject({ title: "Insert a cell above" });
});
