/**
 * The keys of edit mode: those of the editor's commands as they are bound now, and CodeMirror's
 * own below them. Made once for all editors. A key that is a command's is used up by it; what
 * the notebook obeys while one types goes past the editor.
 */

import {
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
} from "@codemirror/autocomplete";
import { defaultKeymap, insertBlankLine, toggleTabFocusMode } from "@codemirror/commands";
import { foldKeymap } from "@codemirror/language";
import { type Extension, Prec } from "@codemirror/state";
import { type EditorView, type KeyBinding, keymap } from "@codemirror/view";
import { isMac, partsOf, typesText } from "../ui/key-names";
import { homeOf } from "./editor-actions";
import { EDITOR_COMMANDS, type EditorCommand } from "./editor-commands";
import { closeInspection } from "./inspection";
import { closeSignature } from "./signature";

const HELD: readonly string[] = ["Ctrl", "Alt", "Shift"];

/**
 * `Ctrl+Alt+ArrowUp` as CodeMirror writes it. Null for what cannot be a key of an editor: two
 * presses, what types text, and what no table writes, since settings are read from a file.
 */
export function chordOf(key: string): string | null {
  const held = partsOf(key);
  const name = held.pop() ?? "";
  if (typesText(key) || !/^(?:[^\s]|\w+)$/u.test(name)) return null;
  if (!held.every((each) => HELD.includes(each))) return null;
  const parts = held.map((each) => (each === "Ctrl" ? "Mod" : each));
  return [...parts, name.length === 1 ? name.toLowerCase() : name].join("-");
}

/** One name for each chord, whatever order it is written in: for telling whether two are one. */
function canonical(chord: string): string {
  const held = chord.split(/-(?!$)/);
  const name = held.pop() ?? "";
  const isCapital = name.length === 1 && name !== name.toLowerCase();
  const parts = held.map((each) =>
    each === "Mod" ? (isMac ? "Meta" : "Ctrl") : each === "Cmd" ? "Meta" : each,
  );
  if (isCapital) parts.push("Shift");
  return [...parts.sort(), name.toLowerCase()].join("-");
}

/** With the binding's own name for this system, and its Shift apart. */
function spelledOut(binding: KeyBinding): KeyBinding[] {
  const key = (isMac && binding.mac) || binding.key;
  if (key === undefined) return [];
  const { run, shift, preventDefault = false } = binding;
  return [
    ...(run ? [{ key, run, preventDefault }] : []),
    ...(shift ? [{ key: `Shift-${key}`, run: shift, preventDefault }] : []),
  ];
}

/** What is in our table, and what surprises: Tab that leaves from now on, a line out of nothing. */
const ours = new Set<unknown>([
  ...EDITOR_COMMANDS.map((command) => command.run),
  toggleTabFocusMode,
  insertBlankLine,
]);

const without = (bindings: readonly KeyBinding[]) =>
  bindings.filter((binding) => !ours.has(binding.run)).flatMap(spelledOut);

const usual = without([...foldKeymap, ...closeBracketsKeymap, ...defaultKeymap]);

/** What is open over the text has Escape first. */
function closeBox(view: EditorView): boolean {
  if (completionStatus(view.state) !== null) return closeCompletion(view);
  return closeInspection(view) || closeSignature(view);
}

/** Whether moving up or down would leave the text. */
function isAtEdge(view: EditorView, forward: boolean): boolean {
  const { main } = view.state.selection;
  if (!main.empty || completionStatus(view.state) === "active") return false;
  const line = view.state.doc.lineAt(main.head);
  if (forward ? line.to < view.state.doc.length : line.from > 0) return false;
  const moved = view.moveVertically(main, forward);
  return forward
    ? moved.head === main.head || moved.head === line.to
    : moved.head === main.head || moved.head === line.from;
}

const step = (by: -1 | 1) => (view: EditorView) =>
  isAtEdge(view, by > 0) && (homeOf(view)?.actions.step(by) ?? false);

const fixed: readonly KeyBinding[] = [
  ...without(completionKeymap),
  { key: "Escape", run: closeBox },
  { key: "ArrowUp", run: step(-1) },
  { key: "ArrowDown", run: step(1) },
];

function bindingsOf(keys: readonly string[], run: (view: EditorView) => unknown): KeyBinding[] {
  const does = (view: EditorView) => {
    run(view);
    return true; // also where there was nothing to do: the key means nothing else then
  };
  return keys.flatMap((key) => chordOf(key) ?? []).map((key) => ({ key, run: does }));
}

/** `past`: keys that go past the editor, to the notebook. */
export function editorKeys(
  commands: readonly EditorCommand[],
  past: readonly string[] = [],
): Extension {
  const bindings = commands.flatMap(({ keys, run }) => bindingsOf(keys, run));
  const gone = new Set(past.flatMap((key) => chordOf(key) ?? []).map(canonical));
  const isLeft = ({ key = "" }: KeyBinding) => !gone.has(canonical(key));
  const browsers = EDITOR_COMMANDS.filter((command) => command.isBrowsers);
  const quiet = browsers.flatMap(({ keys }) => bindingsOf(keys, () => true));
  return [
    Prec.highest(keymap.of([...fixed, ...bindings])),
    keymap.of([...usual.filter(isLeft), ...quiet.filter(isLeft), ...byControl(bindings)]),
  ];
}

/** On a Mac Control does as Command does, where the text has no use of its own for it. */
function byControl(bindings: readonly KeyBinding[]): KeyBinding[] {
  if (!isMac) return [];
  return bindings.map((binding) => ({
    ...binding,
    key: binding.key?.replace("Mod-", "Ctrl-") ?? "",
  }));
}
