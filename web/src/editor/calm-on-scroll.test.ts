// @vitest-environment happy-dom
import { EditorView } from "@codemirror/view";
import { expect, test, vi } from "vitest";
import { beginCalm, calmOnScroll } from "./calm-on-scroll";

/** How many of CodeMirror's own listeners hear the page scroll. */
function listening(lines: number, use: (view: EditorView) => void = () => {}): number {
  const heard = new Set<unknown>();
  const add = vi.spyOn(window, "addEventListener").mockImplementation((type, listener) => {
    if (type === "scroll") heard.add(listener);
  });
  const remove = vi.spyOn(window, "removeEventListener").mockImplementation((type, listener) => {
    if (type === "scroll") heard.delete(listener);
  });
  const view = new EditorView({
    parent: document.body,
    doc: "x\n".repeat(lines - 1),
    extensions: [calmOnScroll],
  });
  beginCalm(view);
  use(view);
  const count = heard.size;
  add.mockRestore();
  remove.mockRestore();
  view.destroy();
  return count;
}

test("a short editor that nobody uses does not hear the page scroll", () => {
  expect(listening(1)).toBe(0);
  expect(listening(30)).toBe(0);
});

test("a long editor hears it: lines have to come into view", () => {
  expect(listening(200)).toBe(1);
});

test("an editor under the pointer hears it, for its popups", () => {
  expect(listening(1, ({ dom }) => dom.dispatchEvent(new Event("pointerenter")))).toBe(1);
});

test("an editor that has grown long hears it", () => {
  expect(
    listening(2, (view) => view.dispatch({ changes: { from: 0, insert: "\n".repeat(60) } })),
  ).toBe(1);
});
