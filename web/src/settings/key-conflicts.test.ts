import { expect, test } from "vitest";
import { inTheWay, isSameKey, problemOf } from "./key-conflicts";

const commands = [
  { id: "delete", title: "Delete", keys: ["D D"], reach: "command" },
  { id: "cut", title: "Cut", keys: ["X"], reach: "command" },
  { id: "restart", title: "Restart", keys: ["Ctrl+Alt+R"], reach: "command" },
  { id: "run", title: "Run", keys: ["Ctrl+Enter", "S"], reach: "cell" },
  { id: "find", title: "Find", keys: ["Ctrl+F"], reach: "everywhere" },
  { id: "comment", title: "Comment", keys: ["Ctrl+/"], reach: "text" },
  { id: "split", title: "Split", keys: ["Ctrl+Shift+-"], reach: "text" },
] as const;

function other(id: string, key: string): string | null {
  const command = commands.find((each) => each.id === id);
  return (command && inTheWay(commands, command, key)?.id) ?? null;
}

test("a key that begins another one's two presses is in the way", () => {
  expect(other("cut", "D")).toBe("delete");
  expect(other("delete", "X X")).toBe("cut");
  expect(other("delete", "X")).toBe("cut");
  expect(other("cut", "X")).toBeNull();
  expect(other("cut", "DD")).toBeNull();
});

test("commands of the editor are in each other's way, and in that of what is obeyed there", () => {
  expect(other("split", "Ctrl+/")).toBe("comment");
  expect(other("split", "Ctrl+Enter")).toBe("run");
  expect(other("split", "Ctrl+F")).toBe("find");
  expect(other("run", "Ctrl+/")).toBe("comment");
  expect(other("find", "Ctrl+/")).toBe("comment");
});

test("what is obeyed in command mode alone shares its keys with the editor", () => {
  expect(other("split", "Ctrl+Alt+R")).toBeNull();
  expect(other("restart", "Ctrl+/")).toBeNull();
  expect(other("restart", "Ctrl+Enter")).toBe("run");
  // A letter is only obeyed in command mode, whatever its command reaches.
  expect(other("cut", "S")).toBe("run");
});

test("a key is the same however its sign is written", () => {
  expect(isSameKey("Ctrl+Shift+-", "Ctrl+_")).toBe(true);
  expect(isSameKey("Ctrl+Shift+[", "Ctrl+{")).toBe(true);
  expect(isSameKey("Ctrl+-", "Ctrl+_")).toBe(false);
  expect(isSameKey("Ctrl++", "Ctrl+Shift+=")).toBe(true);
  expect(other("comment", "Ctrl+_")).toBe("split");
});

test("a key of the text itself is refused in words, for the editor's commands alone", () => {
  const named = (id: string) => commands.find((each) => each.id === id);
  const [comment, cut] = [named("comment"), named("cut")];
  if (!comment || !cut) throw new Error("the table above has both");
  for (const key of ["A", "Shift+A", "Enter", "Space", "Backspace", "Shift+ArrowUp", "Ctrl+V"]) {
    expect(problemOf(commands, comment, key), key).toContain("for the text itself");
  }
  for (const key of ["Ctrl+A", "F6", "Shift+F6", "Alt+Shift+K", "Shift+Enter", "Insert"]) {
    expect(problemOf(commands, comment, key), key).toBeNull();
  }
  expect(problemOf(commands, cut, "A")).toBeNull();
  expect(problemOf(commands, comment, "Ctrl+_")).toBe(
    "Ctrl _ is already there for “Split”; take it away first.",
  );
});
