/**
 * A short editor that nobody uses does not measure itself at each scroll of the page.
 *
 * CodeMirror asks for the layout at each scroll event, and when it comes into view or leaves
 * it, to draw the lines that came into view and to move its popups. A screen of one-line cells
 * has some thirty editors, and thirty times a layout is more than a frame. In a short editor
 * all lines are drawn anyway, and popups are there only while it has the focus or the pointer.
 *
 * There is no option for it: the listener is taken from the window, the observer from the
 * editor, and both are given back while the editor is used. Should a later CodeMirror name
 * them otherwise, editors measure as before (the test of this module says so).
 */

import { EditorView } from "@codemirror/view";

const SHORT_LINES = 40; // less than is drawn beyond each edge of the screen

export const calmOnScroll = EditorView.updateListener.of(({ view, docChanged, focusChanged }) => {
  if (docChanged || focusChanged) setCalm(view, view.hasFocus);
});

/** To be called once, with the new editor. */
export function beginCalm(view: EditorView): void {
  setCalm(view, false);
  view.dom.addEventListener("pointerenter", () => setCalm(view, true));
  view.dom.addEventListener("pointerleave", () => setCalm(view, view.hasFocus));
}

function setCalm(view: EditorView, isUsed: boolean): void {
  const { listener, intersection } = observerOf(view);
  const { defaultView } = view.dom.ownerDocument;
  // Adding a listener twice is adding it once; so it is with what is observed.
  if (isUsed || view.state.doc.lines > SHORT_LINES) {
    if (listener) defaultView?.addEventListener("scroll", listener);
    intersection?.observe(view.dom);
  } else {
    if (listener) defaultView?.removeEventListener("scroll", listener);
    intersection?.disconnect();
  }
}

function observerOf(view: EditorView) {
  const observer: unknown = Reflect.get(view, "observer");
  if (typeof observer !== "object" || observer === null) return {};
  const listener: unknown = Reflect.get(observer, "onScroll");
  const intersection: unknown = Reflect.get(observer, "intersection");
  return {
    ...(isListener(listener) && { listener }),
    ...(isIntersection(intersection) && { intersection }),
  };
}

function isListener(value: unknown): value is EventListener {
  return typeof value === "function";
}

function isIntersection(value: unknown): value is IntersectionObserver {
  return typeof IntersectionObserver === "function" && value instanceof IntersectionObserver;
}
