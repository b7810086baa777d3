/** PAGE-44: which cells a folded heading hides. */

import { expect, test } from "vitest";
import { insertCell, moveCell, replaceSource } from "../sync/cells";
import { NotebookDocument } from "../sync/document";
import { Folds } from "./folds";

function notebook(...cells: readonly [string, string][]) {
  const document = new NotebookDocument({
    world: { after: () => () => {}, now: () => 0 },
    send: () => new Promise(() => {}),
    newId: () => "id",
    cellsChanged: () => {},
    unsentChanged: () => {},
    keep: () => {},
    conflicted: () => {},
    editRefused: () => {},
  });
  cells.forEach(([cell_id, source], at) => {
    insertCell(document.doc, at, {
      cell_id,
      source,
      kind: source[0] === "#" ? "markdown" : "code",
    });
  });
  const folds = new Folds({ document });
  folds.watch();
  const hidden = () =>
    document.heads.map((head) => head.cell_id).filter((cellId) => folds.isHidden(cellId));
  return { document, folds, hidden };
}

const BOOK: readonly [string, string][] = [
  ["a", "# One"],
  ["b", "1"],
  ["c", "## Deeper"],
  ["d", "2"],
  ["e", "# Two"],
  ["f", "3"],
];

test("a heading hides what follows up to the next one as high", () => {
  const { folds, hidden } = notebook(...BOOK);
  folds.fold(["a"], true);
  expect(hidden()).toEqual(["b", "c", "d"]);
  expect(folds.count("a")).toBe(3);
  folds.fold(["a"], false);
  expect(hidden()).toEqual([]);
});

test("one within another stays folded, and whoever goes in opens both", () => {
  const { folds, hidden } = notebook(...BOOK);
  folds.fold(["c", "a", "f"], true);
  expect(hidden()).toEqual(["b", "c", "d"]);
  expect(folds.isFolded("f")).toBe(false);
  folds.fold(["a"], false);
  expect(hidden()).toEqual(["d"]);
  folds.fold(["a"], true);
  folds.reveal("d");
  expect(hidden()).toEqual([]);
});

test("moves and edits change what is hidden", () => {
  const { document, folds, hidden } = notebook(...BOOK);
  folds.fold(["a"], true);
  moveCell(document.doc, "e", 1);
  expect(hidden()).toEqual([]);
  expect(folds.count("a")).toBe(0);
  folds.fold(["e"], true);
  expect(hidden()).toEqual(["b", "c", "d", "f"]);
  replaceSource(document.doc, "c", "# As high");
  expect(hidden()).toEqual(["b"]);
});
