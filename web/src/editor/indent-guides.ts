/** Thin lines at each step of the indentation, in the blanks before a line's text. */

import { type Extension, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";

const STEP = 4;
const DEEPEST = 24;

const lines = Array.from({ length: DEEPEST + 1 }, (_, depth) =>
  Decoration.line({ class: "cm-guided", attributes: { style: `--guides:${depth}` } }),
);

export function indentGuides(): Extension {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = guidesOf(view);
      }

      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = guidesOf(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

function guidesOf(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      const depth = Math.min(DEEPEST, Math.ceil(indentation(line.text) / STEP));
      const decoration = lines[depth];
      if (depth > 0 && decoration) builder.add(line.from, line.from, decoration);
      at = line.to + 1;
    }
  }
  return builder.finish();
}

/** The blanks before the text; a tab goes to the next step. */
function indentation(text: string): number {
  let columns = 0;
  for (const letter of text) {
    if (letter === " ") columns += 1;
    else if (letter === "\t") columns += STEP - (columns % STEP);
    else break;
  }
  return columns;
}
