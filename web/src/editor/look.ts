/** What of an editor follows the settings while it is open. */

import { Compartment, type Extension, Prec } from "@codemirror/state";
import { EditorView, lineNumbers, runScopeHandlers } from "@codemirror/view";
import { drawnCursors } from "./cursors";
import { indentGuides } from "./indent-guides";

export interface EditorLook {
  readonly hasLineNumbers: boolean;
  readonly wraps: boolean;
  readonly hasIndentGuides: boolean;
  readonly keymap: "default" | "vim";
}

const look = new Compartment();
const vimKeys = new Compartment();

function extensionsOf({ hasLineNumbers, wraps, hasIndentGuides }: EditorLook): Extension {
  return [
    hasLineNumbers ? lineNumbers() : [],
    wraps ? EditorView.lineWrapping : [],
    hasIndentGuides ? indentGuides() : [],
  ];
}

/** Stands first among an editor's extensions: vim's keys come before all others. */
export function initialLook(given: EditorLook): Extension {
  return [vimKeys.of([]), look.of(extensionsOf(given))];
}

export function showLook(view: EditorView, given: EditorLook): void {
  view.dispatch({ effects: look.reconfigure(extensionsOf(given)) });
  const hasVim = (vimKeys.get(view.state) as readonly unknown[] | undefined)?.length !== 0;
  if (given.keymap === "default") {
    if (hasVim) view.dispatch({ effects: vimKeys.reconfigure([]) });
  } else if (!hasVim) void loadVim(view);
}

async function loadVim(view: EditorView): Promise<void> {
  const { getCM, vim } = await import("@replit/codemirror-vim");
  // It may have been thrown away while the keys were on their way.
  if (!view.dom.isConnected) return;
  // With nothing left for vim to give up, Escape is the editor's, as every key vim does not know.
  const leaving = EditorView.domEventHandlers({
    keydown: (event, within) => {
      const state = getCM(within)?.state.vim;
      if (event.key !== "Escape" || !state) return false;
      if (state.insertMode || state.visualMode || state.inputState?.keyBuffer?.length) return false;
      return runScopeHandlers(within, event, "editor");
    },
  });
  const extension = [Prec.highest(leaving), Prec.highest(vim()), drawnCursors];
  view.dispatch({ effects: vimKeys.reconfigure(extension) });
}
