/** The keys of edit mode, Jupyter's: what an editor's own keys leave to the notebook. */

import { acceptCompletion, completionStatus, startCompletion } from "@codemirror/autocomplete";
import { indentLess, indentMore, insertTab, simplifySelection } from "@codemirror/commands";
import { type Extension, Prec } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";
import type { EditorActions } from "./editor-actions";
import { closeInspection, openInspection } from "./inspection";
import { closeSignature, openSignature } from "./signature";

/** Only blanks between the line's start and the cursor. */
function isInIndentation(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  return view.state.sliceDoc(line.from, head).trim() === "";
}

function tab(view: EditorView, completes: boolean): boolean {
  if (completionStatus(view.state) === "active") return acceptCompletion(view);
  const { selection } = view.state;
  if (!selection.main.empty) return indentMore(view);
  if (!completes || isInIndentation(view)) {
    return completes ? indentMore(view) : insertTab(view);
  }
  const before = view.state.sliceDoc(selection.main.head - 1, selection.main.head);
  return /[\w.%!/"'\\~]/.test(before) ? startCompletion(view) : insertSpaces(view);
}

function insertSpaces(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const column = head - view.state.doc.lineAt(head).from;
  view.dispatch(view.state.replaceSelection(" ".repeat(4 - (column % 4))));
  return true;
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

/** Escape first gives up all cursors but one, then the editor. */
function leaveOrSimplify(view: EditorView, actions: EditorActions): void {
  if (view.state.selection.ranges.length < 2 || !simplifySelection(view)) actions.leave();
}

/** At each cursor; before and behind what is selected. */
function cutsOf(view: EditorView): number[] {
  return view.state.selection.ranges.flatMap(({ from, to }) => (from === to ? [from] : [from, to]));
}

export function editorKeys(actions: EditorActions, completes: boolean): Extension {
  const does = (act: () => void) => () => {
    act();
    return true;
  };
  const split = (view: EditorView) => {
    actions.split(cutsOf(view));
    return true;
  };
  return Prec.highest(
    keymap.of([
      { key: "Shift-Enter", run: does(() => actions.run("next")) },
      { key: "Mod-Enter", run: does(() => actions.run("stay")) },
      { key: "Ctrl-Enter", run: does(() => actions.run("stay")) },
      { key: "Alt-Enter", run: does(() => actions.run("insert")) },
      { key: "Ctrl-m", run: does(() => actions.leave()), preventDefault: true },
      { key: "Mod-s", run: does(() => actions.save()), preventDefault: true },
      {
        key: "Escape",
        run: (view) => {
          if (completionStatus(view.state) !== null) return false;
          if (!closeInspection(view) && !closeSignature(view)) leaveOrSimplify(view, actions);
          return true;
        },
      },
      { key: "Ctrl-Shift--", run: split, preventDefault: true },
      { key: "Ctrl-Shift-_", run: split, preventDefault: true },
      { key: "Shift-Alt-f", run: does(() => actions.format()), preventDefault: true },
      { key: "Ctrl-Shift-Space", run: (view) => openSignature(view, actions) },
      { key: "Tab", run: (view) => tab(view, completes) },
      {
        key: "Shift-Tab",
        run: (view) =>
          !completes || isInIndentation(view) || !view.state.selection.main.empty
            ? indentLess(view)
            : openInspection(view, actions),
      },
      { key: "ArrowUp", run: (view) => isAtEdge(view, false) && actions.step(-1) },
      { key: "ArrowDown", run: (view) => isAtEdge(view, true) && actions.step(1) },
    ]),
  );
}
