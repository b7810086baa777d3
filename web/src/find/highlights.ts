/**
 * Marks matches on the screen with the browser's own highlights, so that neither editors nor
 * rendered text are changed. Only cells that are made are marked; the bar counts them all.
 */

import { EditorView } from "@codemirror/view";

export interface Span {
  readonly cellId: string;
  readonly from: number;
  readonly to: number;
  readonly where: "source" | "output";
  /** What stands there. */
  readonly expected: string;
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
    const drawn = new DrawnTexts(cell);
    for (const span of found) {
      const range = rangeOf(cell, span, drawn);
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

function rangeOf(cell: HTMLElement, span: Span, drawn: DrawnTexts): Range | null {
  const { from, to, where, expected } = span;
  if (where === "output") return drawn.next("[data-outputs]", expected);
  const view = editorOf(cell);
  if (view) {
    const { viewport, state } = view;
    if (from < viewport.from || to > viewport.to || to > state.doc.length) return null;
    const [start, end] = [view.domAtPos(from), view.domAtPos(to)];
    return rangeFrom(start.node, start.offset, end.node, end.offset);
  }
  const still = cell.querySelector(".cell-source > pre.code");
  if (!still) return drawn.next(".cell-source > .markdown", expected);
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

const LONGEST = 400_000; // characters of one cell's outputs that are looked through

/**
 * Texts that are drawn otherwise than they are written: rendered Markdown, outputs. A match is
 * looked for where the one before it ended; what is not shown (an address, a mark) is not found.
 */
class DrawnTexts {
  readonly #texts = new Map<
    string,
    { text: string; starts: number[]; nodes: Text[]; at: number }
  >();

  constructor(private readonly cell: HTMLElement) {}

  next(place: string, expected: string): Range | null {
    const drawn = this.#text(place);
    const from = expected === "" ? -1 : drawn.text.indexOf(expected, drawn.at);
    if (from < 0) return null;
    drawn.at = from + expected.length;
    const [start, end] = [nodeAt(drawn, from, false), nodeAt(drawn, drawn.at, true)];
    return start && end ? rangeFrom(start.node, start.offset, end.node, end.offset) : null;
  }

  #text(place: string) {
    let found = this.#texts.get(place);
    if (!found) {
      found = { text: "", starts: [], nodes: [], at: 0 };
      this.#texts.set(place, found);
      const root = this.cell.querySelector(place);
      const walker = root && document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker?.nextNode() && found.text.length < LONGEST) {
        const node = walker.currentNode;
        if (!(node instanceof Text)) continue;
        found.starts.push(found.text.length);
        found.nodes.push(node);
        found.text += node.data;
      }
    }
    return found;
  }
}

/** The node that holds the character at `offset`, or the one that ends there. */
function nodeAt(
  { starts, nodes }: { readonly starts: readonly number[]; readonly nodes: readonly Text[] },
  offset: number,
  isEnd: boolean,
): { node: Text; offset: number } | null {
  const at = starts.findLastIndex((start) => (isEnd ? start < offset : start <= offset));
  const node = nodes[at];
  return node ? { node, offset: offset - (starts[at] ?? 0) } : null;
}
