/** Documentation of the name at the cursor, in a box by it, which any move closes. */

import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { type EditorView, showTooltip, type Tooltip } from "@codemirror/view";
import { messageOf } from "../core/message-of";
import { TextWriter } from "../ui/text-writer";
import type { EditorActions } from "./editor-actions";

const show = StateEffect.define<Tooltip | null>();

const shown = StateField.define<Tooltip | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) => showTooltip.from(field),
});

export function inspection(): Extension {
  return shown;
}

export function closeInspection(view: EditorView): boolean {
  if (!view.state.field(shown, false)) return false;
  view.dispatch({ effects: show.of(null) });
  return true;
}

/** Asks about what is at the cursor; true, since the key is used up either way. */
export function openInspection(view: EditorView, actions: EditorActions): boolean {
  const { doc, selection } = view.state;
  const pos = selection.main.head;
  actions.inspect(doc.toString(), pos).then(
    (text) => {
      const moved = view.state.doc !== doc || view.state.selection.main.head !== pos;
      if (!moved) view.dispatch({ effects: show.of(tooltip(pos, text)) });
    },
    (problem: unknown) => {
      const text = messageOf(problem);
      view.dispatch({ effects: show.of(tooltip(view.state.selection.main.head, text)) });
    },
  );
  return true;
}

function tooltip(pos: number, text: string | null): Tooltip {
  return {
    pos,
    above: false,
    create() {
      const dom = document.createElement("div");
      dom.className = "inspection";
      const page = document.createElement("pre");
      new TextWriter(page).show(text ?? "Nothing is known of what stands here.");
      dom.append(page);
      return { dom };
    },
  };
}
