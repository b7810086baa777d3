// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { changeSettings, currentSettings } from "../settings/settings-store";
import type { Commander } from "./commander";
import { COMMANDS, GROUPS, type PageActs } from "./commands";

/** Says which acts were asked for, whatever they are called. */
function listening(asked: string[]): Commander & PageActs {
  const view = { current: { active: "a", mode: "command" } };
  return new Proxy({} as Commander & PageActs, {
    get: (_, name: string) => {
      if (name === "selected" || name === "order") return ["a", "b"];
      if (name !== "view") return () => asked.push(name);
      return new Proxy(view, {
        get: (given, part: string) =>
          part === "current" ? given.current : () => asked.push(`view.${part}`),
      });
    },
  });
}

test("every command of the table is named, grouped and does something", () => {
  for (const command of COMMANDS) {
    const asked: string[] = [];
    const acts = listening(asked);
    const before = [currentSettings(), document.documentElement.outerHTML];
    command.run(acts, acts);
    const after = [currentSettings(), document.documentElement.outerHTML];
    const changed = before.some((part, at) => part !== after[at]);
    const isThere = command.id.startsWith("theme-"); // one of the themes is chosen already
    expect(asked.length > 0 || changed || isThere, command.id).toBe(true);
    expect(command.title).not.toBe("");
    expect(GROUPS).toContain(command.group);
  }
  changeSettings({ theme: "system" });
});

test("Jupyter's keys of command mode mean what they mean there", () => {
  const keys: Readonly<Record<string, string>> = {
    "Shift+Enter": "run-next",
    "Ctrl+Enter": "run",
    "Alt+Enter": "run-insert",
    Enter: "edit",
    A: "insert-above",
    B: "insert-below",
    "D D": "delete",
    M: "to-markdown",
    Y: "to-code",
    R: "to-raw",
    X: "cut",
    C: "copy",
    V: "paste-below",
    "Shift+V": "paste-above",
    Z: "undo",
    "Shift+Z": "redo",
    J: "go-down",
    K: "go-up",
    "Shift+J": "select-down",
    "Shift+K": "select-up",
    "Shift+M": "merge",
    "0 0": "restart",
    "I I": "interrupt",
    S: "save",
    O: "toggle-outputs",
    L: "line-numbers",
    H: "shortcuts",
    F: "find",
    "1": "to-heading-1",
    "6": "to-heading-6",
    "Ctrl+A": "select-all",
    "Ctrl+Shift+ArrowUp": "move-up",
    "Ctrl+Shift+ArrowDown": "move-down",
    "Shift+Home": "select-to-first",
    "Shift+End": "select-to-last",
    ArrowLeft: "fold",
    ArrowRight: "unfold",
  };
  for (const [key, id] of Object.entries(keys)) {
    expect(COMMANDS.find((command) => command.keys.includes(key))?.id, key).toBe(id);
  }
});
