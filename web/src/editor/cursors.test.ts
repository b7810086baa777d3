// @vitest-environment happy-dom
import { EditorSelection, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { expect, test } from "vitest";
import { cursors } from "./cursors";

const two = EditorSelection.create([EditorSelection.cursor(0), EditorSelection.cursor(4)]);

function editor(selection?: EditorSelection): EditorView {
  const state = EditorState.create({
    doc: "one\ntwo",
    ...(selection && { selection }),
    extensions: [
      EditorState.allowMultipleSelections.of(true),
      cursors(selection?.ranges.length ?? 1),
    ],
  });
  return new EditorView({ parent: document.body, state });
}

const drawn = ({ dom }: EditorView) => dom.querySelectorAll(".cm-cursorLayer").length;

test("one cursor is the browser's", () => {
  const view = editor();
  view.dispatch({ selection: EditorSelection.range(1, 3) });
  expect(drawn(view)).toBe(0);
  view.destroy();
});

test("several are drawn, as long as there are several", () => {
  const view = editor();
  view.dispatch({ selection: two });
  expect(drawn(view)).toBe(1);
  view.dispatch({ changes: { from: 0, insert: "x" } });
  expect(drawn(view)).toBe(1);
  view.dispatch({ selection: EditorSelection.cursor(2) });
  expect(drawn(view)).toBe(0);
  view.destroy();
});

test("an editor may begin with several", () => {
  const view = editor(two);
  expect(drawn(view)).toBe(1);
  view.dispatch({ selection: EditorSelection.cursor(2) });
  expect(drawn(view)).toBe(0);
  view.destroy();
});
