// @vitest-environment happy-dom
import { EditorState } from "@codemirror/state";
import { EditorView, runScopeHandlers } from "@codemirror/view";
import { afterEach, expect, test } from "vitest";
import { nameOf } from "../ui/key-names";
import { EDITOR_COMMANDS, type EditorCommand } from "./editor-commands";
import { chordOf, editorKeys } from "./editor-keys";

const views: EditorView[] = [];

afterEach(() => {
  for (const view of views.splice(0)) view.destroy();
});

/** Rows of the table with other keys, whose runs are told. */
function rebound(chosen: { readonly [id: string]: readonly string[] }, done: string[]) {
  return EDITOR_COMMANDS.map(
    (command): EditorCommand => ({
      ...command,
      keys: chosen[command.id] ?? command.keys,
      run: () => void done.push(command.id),
    }),
  );
}

function editor(commands: readonly EditorCommand[], past: readonly string[] = []): EditorView {
  const extensions = [editorKeys(commands, past)];
  const view = new EditorView({ state: EditorState.create({ doc: "one\ntwo", extensions }) });
  views.push(view);
  return view;
}

/** Presses a key; whether the editor used it up. */
function press(view: EditorView, key: string, keyCode = 0): boolean {
  const parts = key.split("+");
  const name = parts.at(-1) ?? "";
  const event = new KeyboardEvent("keydown", {
    key: name,
    keyCode,
    ctrlKey: parts.includes("Ctrl"),
    altKey: parts.includes("Alt"),
    shiftKey: parts.includes("Shift"),
  });
  return runScopeHandlers(view, event, "editor");
}

test("a command is run by the key it was given, and not by the one it had", () => {
  const done: string[] = [];
  const view = editor(rebound({ comment: ["Ctrl+Alt+K", "F6"] }, done));
  expect(press(view, "Ctrl+/")).toBe(false);
  expect(press(view, "Ctrl+Alt+k")).toBe(true);
  expect(press(view, "F6")).toBe(true);
  expect(done).toEqual(["comment", "comment"]);
});

test("a key of CodeMirror's own that a command was given is the command's alone", () => {
  const done: string[] = [];
  const view = editor(rebound({ split: ["Ctrl+Shift+K"] }, done));
  expect(press(view, "Ctrl+Shift+K", 75)).toBe(true);
  expect(done).toEqual(["split"]);
  expect(view.state.doc.toString()).toBe("one\ntwo"); // no line was deleted
});

test("a key without its command does not do the same by another way", () => {
  const done: string[] = [];
  const none = Object.fromEntries(EDITOR_COMMANDS.map(({ id }) => [id, []]));
  const view = editor(rebound(none, done));
  for (const key of ["Ctrl+/", "Alt+ArrowUp", "Ctrl+Alt+ArrowUp", "Ctrl+m", "Ctrl+d", "F9"]) {
    expect(press(view, key), key).toBe(false);
  }
  // The browser would undo, so these are used up.
  for (const key of ["Ctrl+z", "Ctrl+y"]) expect(press(view, key), key).toBe(true);
  expect(view.state.doc.toString()).toBe("one\ntwo");
  expect(view.state.selection.ranges).toHaveLength(1);
  expect(done).toEqual([]);
});

test("keys of the notebook go past the editor, whatever CodeMirror does by them", () => {
  const view = editor(EDITOR_COMMANDS, ["Shift+Enter", "Ctrl+I", "Ctrl+Shift+K", "S"]);
  for (const key of ["Shift+Enter", "Ctrl+i", "Ctrl+Shift+k"]) {
    expect(press(view, key), key).toBe(false);
  }
  expect(press(view, "Enter")).toBe(true);
  const free = editor(EDITOR_COMMANDS);
  expect(press(free, "Shift+Enter")).toBe(true);
});

test("what no table would write is no key of an editor", () => {
  const wrong = ["", " ", "A", "Enter", "Space", "D D", "Ctrl+K C", "Hyper+X", "Ctrl+foo-bar"];
  for (const key of wrong) expect(chordOf(key), key).toBeNull();
  const view = editor(EDITOR_COMMANDS.slice(0, 1).map((each) => ({ ...each, keys: wrong })));
  expect(press(view, "a")).toBe(false);
});

test("keys are written for CodeMirror as it writes them", () => {
  expect(chordOf("Ctrl+Alt+ArrowUp")).toBe("Mod-Alt-ArrowUp");
  expect(chordOf("Ctrl+Shift+-")).toBe("Mod-Shift--");
  expect(chordOf("Ctrl+D")).toBe("Mod-d");
  expect(chordOf("Ctrl++")).toBe("Mod-+");
  expect(chordOf("Shift+Tab")).toBe("Shift-Tab");
  expect(chordOf("Ctrl+Space")).toBe("Mod-Space");
});

test("every default key is one that can be pressed and is its command's alone", () => {
  const keys = EDITOR_COMMANDS.flatMap((command) => command.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(chordOf(key), key).not.toBeNull();
});

test("Space is a key by name, with Shift as with others", () => {
  const held = { ctrlKey: true, metaKey: false, altKey: false };
  expect(nameOf({ key: " ", ...held, shiftKey: true })).toBe("Ctrl+Shift+Space");
  expect(nameOf({ key: " ", ...held, shiftKey: false })).toBe("Ctrl+Space");
});
