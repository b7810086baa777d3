/**
 * Breakpoints beside a cell's lines, and the line on which the code stands. They move with the
 * text; a press beside a line sets or takes one, as does a key (`editor-commands.ts`).
 */

import {
  Compartment,
  type Extension,
  type Range,
  RangeSet,
  StateEffect,
  StateField,
} from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, gutter } from "@codemirror/view";

export interface BreakpointsShown {
  /** Whether there is a place to press. */
  readonly isOn: boolean;
  /** From 1. */
  readonly lines: readonly number[];
  readonly standing: { readonly line: number; readonly isTop: boolean } | null;
}

export interface BreakpointActs {
  toggleBreakpoint(line: number): void;
  breakpointsMoved(lines: readonly number[]): void;
}

class Dot extends GutterMarker {
  override toDOM(): Node {
    const dot = document.createElement("span");
    dot.className = "breakpoint";
    dot.title = "Breakpoint";
    return dot;
  }
}

const DOT = new Dot();
const place = new Compartment();
const setLines = StateEffect.define<readonly number[]>();
const setStanding = StateEffect.define<BreakpointsShown["standing"]>();

const dots = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(value, { changes, effects, state }) {
    for (const effect of effects) {
      if (!effect.is(setLines)) continue;
      const ranges: Range<GutterMarker>[] = effect.value
        .filter((line) => line >= 1 && line <= state.doc.lines)
        .map((line) => DOT.range(state.doc.line(line).from));
      return RangeSet.of(ranges, true);
    }
    return value.map(changes);
  },
});

const standing = StateField.define({
  create: () => Decoration.none,
  update(value, { changes, effects, state }) {
    for (const effect of effects) {
      if (!effect.is(setStanding)) continue;
      if (!effect.value || effect.value.line > state.doc.lines) return Decoration.none;
      const line = state.doc.line(Math.max(1, effect.value.line));
      const name = effect.value.isTop ? "standing" : "standing standing-caller";
      return Decoration.set([Decoration.line({ class: name }).range(line.from)]);
    }
    return value.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The lines that have one, each once. */
function linesOf(state: EditorView["state"]): number[] {
  const lines = new Set<number>();
  const cursor = state.field(dots).iter();
  for (; cursor.value; cursor.next()) lines.add(state.doc.lineAt(cursor.from).number);
  return [...lines].sort((one, other) => one - other);
}

export function breakpoints(acts: BreakpointActs): Extension {
  return [
    dots,
    standing,
    place.of([]),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged && state.field(dots).size > 0) acts.breakpointsMoved(linesOf(state));
    }),
  ];
}

function margin(acts: BreakpointActs): Extension {
  return gutter({
    class: "cm-breakpoints",
    renderEmptyElements: true,
    markers: (view) => view.state.field(dots),
    initialSpacer: () => DOT,
    domEventHandlers: {
      mousedown: (view, line) => {
        acts.toggleBreakpoint(view.state.doc.lineAt(line.from).number);
        return true;
      },
    },
  });
}

export function showBreakpoints(
  view: EditorView,
  acts: BreakpointActs,
  shown: BreakpointsShown,
): void {
  if (view.state.field(dots, false) === undefined) return;
  const hasPlace = (place.get(view.state) as readonly unknown[] | undefined)?.length !== 0;
  const wantsPlace = shown.isOn || shown.lines.length > 0;
  const isSame = linesOf(view.state).join() === shown.lines.join();
  view.dispatch({
    effects: [
      ...(hasPlace === wantsPlace ? [] : [place.reconfigure(wantsPlace ? margin(acts) : [])]),
      ...(isSame ? [] : [setLines.of(shown.lines)]),
      setStanding.of(shown.standing),
    ],
  });
}
