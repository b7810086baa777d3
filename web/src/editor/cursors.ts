/**
 * Cursor and selection of an editor: the browser's own while there is one, CodeMirror's
 * drawing while there are several, which the browser does not know.
 *
 * A drawn cursor blinks by an animation, and while one runs each key waits for the next
 * refresh of the screen: 8 ms at the median, as much as all else that a key costs in a bare
 * editor (docs/measurements/2026-11-21-browser.md).
 */

import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection } from "@codemirror/view";

/** Cursors as CodeMirror draws them; vim's blocks and visual mode need them always. */
export const drawnCursors = drawSelection({ cursorBlinkRate: 1060 });

const drawing = new Compartment();
const none: Extension = [];

const follow = EditorState.transactionExtender.of((transaction) => {
  const needed = drawingFor(transaction.newSelection.ranges.length);
  if (drawing.get(transaction.startState) === needed) return null;
  return { effects: drawing.reconfigure(needed) };
});

/** `count`: how many selections the editor begins with. */
export function cursors(count = 1): Extension {
  return [drawing.of(drawingFor(count)), follow];
}

function drawingFor(count: number): Extension {
  return count > 1 ? drawnCursors : none;
}
