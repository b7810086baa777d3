/**
 * A short editor that nobody uses does not measure itself at each scroll of the page.
 *
 * CodeMirror asks for the layout at each scroll event, to draw the lines that came into view
 * and to move its popups. A screen of one-line cells has some thirty editors, and thirty times
 * a layout is more than a frame. In a short editor all lines are drawn anyway, and popups are
 * there only while it has the focus or the pointer.
 *
 * There is no option for it: the listener is taken from the window, and given back while the
 * editor is used. Should a later CodeMirror name it otherwise, editors measure as before
 * (the test of this module says so).
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
  const listener = scrollListener(view);
  if (!listener) return;
  const { defaultView } = view.dom.ownerDocument;
  // Adding a listener twice is adding it once.
  if (isUsed || view.state.doc.lines > SHORT_LINES) {
    defaultView?.addEventListener("scroll", listener);
  } else defaultView?.removeEventListener("scroll", listener);
}

function scrollListener(view: EditorView): EventListener | null {
  const observer: unknown = Reflect.get(view, "observer");
  if (typeof observer !== "object" || observer === null) return null;
  const listener: unknown = Reflect.get(observer, "onScroll");
  return isListener(listener) ? listener : null;
}

function isListener(value: unknown): value is EventListener {
  return typeof value === "function";
}
