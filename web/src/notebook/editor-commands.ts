/**
 * What the editor of a cell does by its own keys, named: for the sheet and the palette. The
 * editor obeys the keys; chosen from the palette, a row presses its first key in the editor
 * of the active cell, which is entered for it.
 */

import { EditorView, runScopeHandlers } from "@codemirror/view";
import type { Commander } from "./commander";

export interface EditorCommand {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly string[];
  /** Only of use under the fingers, where the palette would be a detour. */
  readonly isForFingers?: boolean;
}

export const EDITOR_COMMANDS: readonly EditorCommand[] = [
  { id: "leave", keys: ["Esc", "Ctrl+M"], title: "Back to command mode", isForFingers: true },
  { id: "complete", keys: ["Tab", "Ctrl+Space"], title: "Complete, or indent", isForFingers: true },
  {
    id: "inspect",
    keys: ["Shift+Tab"],
    title: "Documentation at the cursor, or outdent",
    isForFingers: true,
  },
  { id: "signature", keys: ["Ctrl+Shift+Space"], title: "How the function is called" },
  { id: "definition", keys: ["F12", "Ctrl+Click"], title: "Go to the definition" },
  { id: "uses", keys: ["Shift+F12"], title: "Where the name is used" },
  { id: "breakpoint", keys: ["F9"], title: "Set or take a breakpoint on the line" },
  { id: "format-here", keys: ["Shift+Alt+F"], title: "Format the cell", isForFingers: true },
  { id: "split", keys: ["Ctrl+Shift+-"], title: "Split the cell at the cursors" },
  { id: "next-same", keys: ["Ctrl+D"], title: "Add the next same word to the selection" },
  { id: "cursor-above", keys: ["Ctrl+Alt+ArrowUp", "Alt+Click"], title: "Add a cursor above" },
  { id: "cursor-below", keys: ["Ctrl+Alt+ArrowDown"], title: "Add a cursor below" },
  { id: "fold-block", keys: ["Ctrl+Shift+["], title: "Fold the block" },
  { id: "unfold-block", keys: ["Ctrl+Shift+]"], title: "Unfold the block" },
  { id: "comment", keys: ["Ctrl+/"], title: "Comment the lines in or out" },
  { id: "undo-typing", keys: ["Ctrl+Z"], title: "Undo typing" },
  { id: "redo-typing", keys: ["Ctrl+Y", "Ctrl+Shift+Z"], title: "Redo typing" },
  { id: "line-up", keys: ["Alt+ArrowUp"], title: "Move the line up" },
  { id: "line-down", keys: ["Alt+ArrowDown"], title: "Move the line down" },
];

const FRAMES = 30; // in which an editor that is entered is there, or the cell is gone
const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.userAgent);

/** Presses the key in the active cell's editor, once it is there and has the focus. */
export function pressInEditor(commander: Commander, key: string): void {
  const { active, mode } = commander.view.current;
  if (active === null) return;
  if (mode !== "edit") commander.view.edit(active);

  function attempt(frames: number): void {
    const place = `.cells [data-cell-id="${CSS.escape(active ?? "")}"] .cell-source .cm-editor`;
    const element = document.querySelector<HTMLElement>(place);
    const editor = element && EditorView.findFromDOM(element);
    if (editor?.hasFocus) press(editor, key);
    else if (frames > 0) requestAnimationFrame(() => attempt(frames - 1));
  }
  attempt(FRAMES);
}

function press(editor: EditorView, key: string): void {
  const parts = key.split("+");
  const shared = {
    key: parts.at(-1) ?? "",
    shiftKey: parts.includes("Shift"),
    altKey: parts.includes("Alt"),
  };
  const hasCtrl = parts.includes("Ctrl");
  // On a Mac most of them are Command's, some Control's.
  const ways = isMac && hasCtrl ? [{ metaKey: true }, { ctrlKey: true }] : [{ ctrlKey: hasCtrl }];
  for (const way of ways) {
    const event = new KeyboardEvent("keydown", { ...shared, ...way });
    if (runScopeHandlers(editor, event, "editor")) return;
  }
}
