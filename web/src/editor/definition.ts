/** Ctrl+click goes to where a name is defined; the keys are among the editor's commands. */

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { isMac } from "../ui/key-names";
import type { EditorActions } from "./editor-actions";

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
  ];
}
