/** Ctrl+click and F12 go to where a name is defined; Shift+F12 shows where it is used. */

import type { Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { EditorActions } from "./editor-actions";

const isMac = /^Mac|^iP/.test(navigator.platform);

export function definitions(actions: EditorActions): Extension {
  return [
    // Ctrl is for definitions, so it is Alt that adds a cursor.
    EditorView.clickAddsSelectionRange.of((event) => event.altKey && !event.shiftKey),
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        const isAsked = isMac ? event.metaKey : event.ctrlKey;
        if (!isAsked || event.button !== 0 || event.altKey || event.shiftKey) return false;
        const pos = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (pos === null) return false;
        event.preventDefault();
        actions.goToDefinition(view.state.doc.toString(), pos);
        return true;
      },
    }),
    keymap.of([
      {
        key: "F12",
        run: ({ state }) => {
          actions.goToDefinition(state.doc.toString(), state.selection.main.head);
          return true;
        },
      },
      {
        key: "Shift-F12",
        run: ({ state }) => {
          actions.showUses(state.doc.toString(), state.selection.main.head);
          return true;
        },
      },
    ]),
  ];
}
