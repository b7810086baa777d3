/**
 * Everything the editor of a cell does at a key, once: the keys are obeyed from this table, and
 * the sheet, the palette and the settings are written from it. What only types, moves or
 * selects is CodeMirror's own and not here.
 */

import { acceptCompletion, completionStatus, startCompletion } from "@codemirror/autocomplete";
import {
  addCursorAbove,
  addCursorBelow,
  indentLess,
  indentMore,
  insertTab,
  moveLineDown,
  moveLineUp,
  simplifySelection,
  toggleComment,
} from "@codemirror/commands";
import { foldCode, unfoldCode } from "@codemirror/language";
import { selectNextOccurrence } from "@codemirror/search";
import type { EditorView } from "@codemirror/view";
import { yUndoManagerKeymap } from "y-codemirror.next";
import { isMac } from "../ui/key-names";
import { type EditorActions, homeOf } from "./editor-actions";
import { openInspection } from "./inspection";
import { openSignature } from "./signature";

export interface EditorCommand {
  /** What settings and tests know it by; no command of the notebook has the same. */
  readonly id: string;
  readonly title: string;
  /** Written as the notebook's commands write theirs. */
  readonly keys: readonly string[];
  readonly run: (view: EditorView) => unknown;
  readonly reach: "text";
  /** What the mouse does, too; that stays. */
  readonly gesture?: string;
  /** Only of use under the fingers, where the palette would be a detour. */
  readonly isForFingers?: boolean;
  /** The browser would do the same at these keys; taken away, they do nothing. */
  readonly isBrowsers?: boolean;
}

function command(
  id: string,
  title: string,
  keys: readonly string[],
  run: EditorCommand["run"],
  more: Pick<EditorCommand, "gesture" | "isForFingers" | "isBrowsers"> = {},
): EditorCommand {
  return { id, title, keys, run, reach: "text", ...more };
}

const forFingers = { isForFingers: true };
const isBrowsers = { isBrowsers: true };

/** The package gives its commands only by their keys. */
function ofHistory(key: string): EditorCommand["run"] {
  return yUndoManagerKeymap.find((binding) => binding.key === key)?.run ?? (() => false);
}

export const EDITOR_COMMANDS: readonly EditorCommand[] = [
  command("leave", "Back to command mode", ["Escape", "Ctrl+M"], leave, forFingers),
  command("tab", "Complete, or indent", ["Tab"], tab, forFingers),
  command("complete", "Offer names that fit", ["Ctrl+Space"], startCompletion, forFingers),
  command(
    "inspect",
    "Documentation at the cursor, or outdent",
    ["Shift+Tab"],
    inspectOrOutdent,
    forFingers,
  ),
  command("signature", "How the function is called", ["Ctrl+Shift+Space"], inPython(openSignature)),
  command(
    "definition",
    "Go to the definition",
    ["F12"],
    inPython(({ state }, actions) => {
      actions.goToDefinition(state.doc.toString(), state.selection.main.head);
    }),
    { gesture: "Ctrl+Click" },
  ),
  command(
    "uses",
    "Where the name is used",
    ["Shift+F12"],
    inPython(({ state }, actions) => {
      actions.showUses(state.doc.toString(), state.selection.main.head);
    }),
  ),
  command(
    "breakpoint",
    "Set or take a breakpoint on the line",
    ["F9"],
    inPython(({ state }, actions) => {
      actions.toggleBreakpoint(state.doc.lineAt(state.selection.main.head).number);
    }),
  ),
  command(
    "format-here",
    "Format the cell",
    ["Alt+Shift+F"],
    (view) => homeOf(view)?.actions.format(),
    forFingers,
  ),
  command("split", "Split the cell at the cursors", ["Ctrl+Shift+-"], (view) =>
    homeOf(view)?.actions.split(cutsOf(view)),
  ),
  command("next-same", "Add the next same word to the selection", ["Ctrl+D"], selectNextOccurrence),
  command("cursor-above", "Add a cursor above", ["Ctrl+Alt+ArrowUp"], addCursorAbove, {
    gesture: "Alt+Click",
  }),
  command("cursor-below", "Add a cursor below", ["Ctrl+Alt+ArrowDown"], addCursorBelow),
  command("fold-block", "Fold the block", [isMac ? "Ctrl+Alt+[" : "Ctrl+Shift+["], foldCode),
  command("unfold-block", "Unfold the block", [isMac ? "Ctrl+Alt+]" : "Ctrl+Shift+]"], unfoldCode),
  command("comment", "Comment the lines in or out", ["Ctrl+/"], toggleComment),
  command("undo-typing", "Undo typing", ["Ctrl+Z"], ofHistory("Mod-z"), isBrowsers),
  command("redo-typing", "Redo typing", ["Ctrl+Y", "Ctrl+Shift+Z"], ofHistory("Mod-y"), isBrowsers),
  command("line-up", "Move the line up", ["Alt+ArrowUp"], moveLineUp),
  command("line-down", "Move the line down", ["Alt+ArrowDown"], moveLineDown),
];

/** Of other languages only the kernel knows, and it does not know these. */
function inPython(act: (view: EditorView, actions: EditorActions) => void): EditorCommand["run"] {
  return (view) => {
    const home = homeOf(view);
    if (home?.language === "python") act(view, home.actions);
  };
}

/** Gives up all cursors but one first, then the editor. */
function leave(view: EditorView): void {
  const hasMany = view.state.selection.ranges.length > 1;
  if (!hasMany || !simplifySelection(view)) homeOf(view)?.actions.leave();
}

/** Only blanks between the line's start and the cursor. */
function isInIndentation(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  return view.state.sliceDoc(line.from, head).trim() === "";
}

function tab(view: EditorView): boolean {
  if (completionStatus(view.state) === "active") return acceptCompletion(view);
  const { selection } = view.state;
  if (!selection.main.empty) return indentMore(view);
  if (!homeOf(view)?.language) return insertTab(view);
  if (isInIndentation(view)) return indentMore(view);
  const before = view.state.sliceDoc(selection.main.head - 1, selection.main.head);
  return /[\w.%!/"'\\~]/.test(before) ? startCompletion(view) : insertSpaces(view);
}

function insertSpaces(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const column = head - view.state.doc.lineAt(head).from;
  view.dispatch(view.state.replaceSelection(" ".repeat(4 - (column % 4))));
  return true;
}

function inspectOrOutdent(view: EditorView): boolean {
  const home = homeOf(view);
  const inspects = home?.language && !isInIndentation(view) && view.state.selection.main.empty;
  return inspects ? openInspection(view, home.actions) : indentLess(view);
}

/** At each cursor; before and behind what is selected. */
function cutsOf(view: EditorView): number[] {
  return view.state.selection.ranges.flatMap(({ from, to }) => (from === to ? [from] : [from, to]));
}
