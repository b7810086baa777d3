/**
 * Underlines mistakes that can be seen without running (PAGE-42), with what is wrong at the
 * pointer. They are moved along as one types, and go with the text they were in.
 */

import { type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip } from "@codemirror/view";

export interface Mistake {
  readonly message: string;
  readonly code: string;
  /** In lines (from 0) and UTF-16 columns of the text they were found in. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly isError: boolean;
}

const found = StateEffect.define<readonly Mistake[]>();

interface MarkSpec {
  readonly mistake: Mistake;
}

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let next = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(found)) next = decorated(transaction.state.doc, effect.value);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

type Text = EditorView["state"]["doc"];

function decorated(doc: Text, mistakes: readonly Mistake[]): DecorationSet {
  const ranges = mistakes.flatMap((mistake) => {
    const from = placeOf(doc, mistake.line, mistake.column);
    let to = placeOf(doc, mistake.endLine, mistake.endColumn);
    if (from === null || to === null) return [];
    // What is missing at the end of a line is shown at its last letter.
    if (to <= from) to = Math.min(doc.length, from + 1);
    const start = to <= from ? Math.max(0, from - 1) : from;
    if (to <= start) return [];
    const tone = mistake.isError ? "cm-mistake cm-mistake-error" : "cm-mistake";
    const mark = Decoration.mark({ class: tone, mistake });
    return [mark.range(start, to)];
  });
  return RangeSet.of(ranges, true);
}

function placeOf(doc: Text, line: number, column: number): number | null {
  if (line < 0 || line >= doc.lines) return null;
  const { from, to } = doc.line(line + 1);
  return Math.min(from + column, to);
}

const words = hoverTooltip((view, pos, side) => {
  const said: Mistake[] = [];
  let [from, to] = [pos, pos];
  view.state.field(marks).between(pos, pos, (start, end, mark) => {
    if ((start === pos && side < 0) || (end === pos && side > 0)) return;
    said.push((mark.spec as MarkSpec).mistake);
    from = Math.min(from, start);
    to = Math.max(to, end);
  });
  if (said.length === 0) return null;
  return {
    pos: from,
    end: to,
    above: false,
    create() {
      const dom = document.createElement("div");
      dom.className = "mistake-words";
      for (const { message, code } of said) {
        const line = document.createElement("p");
        const name = document.createElement("code");
        name.textContent = code;
        line.append(message, " ", name);
        dom.append(line);
      }
      return { dom };
    },
  };
});

/** What was found last, for when the cursor has left the line it was held back on. */
const last = new WeakMap<EditorView, readonly Mistake[]>();

export function mistakes(): Extension {
  return [
    marks,
    words,
    EditorView.domEventHandlers({
      blur: (_, view) => {
        const given = last.get(view);
        if (given?.length) setTimeout(() => view.dom.isConnected && showMistakes(view, given));
        return false;
      },
    }),
  ];
}

export function showMistakes(view: EditorView, given: readonly Mistake[]): void {
  const field = view.state.field(marks, false);
  if (!field || (field.size === 0 && given.length === 0)) return;
  last.set(view, given);
  view.dispatch({ effects: found.of(given.filter((each) => !isBeingTyped(view, each))) });
}

/** A line that one is typing cannot be read yet; that is no news. */
function isBeingTyped(view: EditorView, { code, line }: Mistake): boolean {
  if (!view.hasFocus || code !== "invalid-syntax") return false;
  const { doc, selection } = view.state;
  return doc.lineAt(selection.main.head).number === line + 1;
}
