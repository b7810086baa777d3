/**
 * Marks matches on the screen with the browser's own highlights, so that neither editors nor
 * rendered text are changed. Only cells that are made are marked; the bar counts them all.
 */

import { EditorView } from "@codemirror/view";

export interface Span {
  readonly cellId: string;
  readonly from: number;
  readonly to: number;
}

const ALL = "find";
const CURRENT = "find-current";

/** Whether this browser can mark text without changing it. */
const isAble = typeof CSS !== "undefined" && "highlights" in CSS;

/** Marks what is made of `spans`; gives the place of the current one, if it is there. */
export function mark(
  spans: ReadonlyMap<string, readonly Span[]>,
  current: Span | null,
): Range | null {
  let currentRange: Range | null = null;
  const ranges: Range[] = [];
  for (const cell of document.querySelectorAll<HTMLElement>(".cells [data-near]")) {
    const found = spans.get(cell.dataset.cellId ?? "");
    if (!found) continue;
    for (const span of found) {
      const range = rangeOf(cell, span);
      if (!range) continue;
      if (span === current) currentRange = range;
      else ranges.push(range);
    }
  }
  if (isAble) {
    CSS.highlights.set(ALL, new Highlight(...ranges));
    CSS.highlights.set(CURRENT, new Highlight(...(currentRange ? [currentRange] : [])));
  }
  return currentRange;
}

export function unmark(): void {
  if (!isAble) return;
  CSS.highlights.delete(ALL);
  CSS.highlights.delete(CURRENT);
}

/** Has an editor that draws only a part of its text draw the part with the match. */
export function showInEditor(span: Span): void {
  const view = editorOf(cellOf(span.cellId));
  if (!view || span.to > view.state.doc.length) return;
  const { from, to } = view.viewport;
  if (span.from >= from && span.to <= to) return;
  view.dispatch({ effects: EditorView.scrollIntoView(span.from, { y: "center" }) });
}

export function cellOf(cellId: string): HTMLElement | null {
  return document.querySelector(`.cells [data-cell-id="${CSS.escape(cellId)}"]`);
}

function editorOf(cell: HTMLElement | null): EditorView | null {
  const editor = cell?.querySelector<HTMLElement>(".cell-source .cm-editor");
  return editor ? EditorView.findFromDOM(editor) : null;
}

function rangeOf(cell: HTMLElement, { from, to }: Span): Range | null {
  const view = editorOf(cell);
  if (view) {
    const { viewport, state } = view;
    if (from < viewport.from || to > viewport.to || to > state.doc.length) return null;
    const [start, end] = [view.domAtPos(from), view.domAtPos(to)];
    return rangeFrom(start.node, start.offset, end.node, end.offset);
  }
  const still = cell.querySelector(".cell-source > pre.code");
  if (!still) return null;
  const [start, end] = [placeIn(still, from), placeIn(still, to)];
  return start && end ? rangeFrom(start.node, start.offset, end.node, end.offset) : null;
}

function rangeFrom(start: Node, from: number, end: Node, to: number): Range | null {
  const range = document.createRange();
  try {
    range.setStart(start, from);
    range.setEnd(end, to);
  } catch (error) {
    // The text changed and has not been drawn again yet; it will be marked then.
    if (error instanceof DOMException) return null;
    throw error;
  }
  return range;
}

function placeIn(root: Element, offset: number): { node: Text; offset: number } | null {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text)) continue;
    if (left <= node.length) return { node, offset: left };
    left -= node.length;
  }
  return null;
}
