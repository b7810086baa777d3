import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
  cellsIn,
  deleteCells,
  headsOf,
  insertCell,
  insertCellAfter,
  insertCellBefore,
  mergeCells,
  moveCell,
  moveCells,
  STRUCTURE,
  setKind,
  splitCell,
} from "./cells";

function notebook(...sources: string[]): Y.Doc {
  const doc = new Y.Doc();
  sources.forEach((source, index) => {
    insertCell(doc, index, { cell_id: `c${index}`, source });
  });
  return doc;
}

function order(doc: Y.Doc): string[] {
  return headsOf(cellsIn(doc)).map((head) => head.cell_id);
}

function source(doc: Y.Doc, cellId: string | null): string | undefined {
  return cellsIn(doc)
    .get(cellId ?? "")
    ?.get("source")
    ?.toString();
}

describe("order", () => {
  test("cells stand where they were put", () => {
    const doc = notebook("", "", "");
    insertCell(doc, 0, { cell_id: "first" });
    insertCellAfter(doc, "c1", { cell_id: "after" });
    insertCellBefore(doc, "c1", { cell_id: "before" });
    insertCellAfter(doc, "nowhere", { cell_id: "last" });
    expect(order(doc)).toEqual(["first", "c0", "before", "c1", "after", "c2", "last"]);
  });

  test("a cell moves to every place and nobody else moves", () => {
    for (let to = 0; to < 4; to += 1) {
      const doc = notebook("", "", "", "");
      const before = order(doc).filter((id) => id !== "c1");
      moveCell(doc, "c1", to);
      expect(order(doc)[to]).toBe("c1");
      expect(order(doc).filter((id) => id !== "c1")).toEqual(before);
    }
  });

  test("a cell that stays where it is writes nothing", () => {
    const doc = notebook("", "");
    const vector = Y.encodeStateVector(doc);
    moveCell(doc, "c1", 1);
    expect(Y.encodeStateVector(doc)).toEqual(vector);
  });

  test("between two cells that share a position there is room", () => {
    const doc = notebook("", "", "");
    const position = cellsIn(doc).get("c0")?.get("position");
    cellsIn(doc).get("c1")?.set("position", position);
    cellsIn(doc).get("c2")?.set("position", position);
    expect(order(doc)).toEqual(["c0", "c1", "c2"]);
    insertCell(doc, 1, { cell_id: "x" });
    expect(order(doc)).toEqual(["c0", "x", "c1", "c2"]);
    insertCell(doc, 3, { cell_id: "y" });
    expect(order(doc)).toEqual(["c0", "x", "c1", "y", "c2"]);
  });

  test("what is no position comes last, and cells can be put around it", () => {
    const doc = notebook("", "", "");
    cellsIn(doc).get("c0")?.set("position", 5);
    cellsIn(doc).get("c1")?.set("position", "not/a key");
    const before = order(doc);
    insertCell(doc, 1, { cell_id: "x" });
    expect(order(doc)).toEqual([before[0], "x", before[1], before[2]]);
    insertCell(doc, 4, { cell_id: "y" });
    expect(order(doc).at(-1)).toBe("y");
  });
});

describe("cutting and joining", () => {
  test("a split keeps what was before and moves the rest into a cell of the same kind", () => {
    const doc = notebook("one\ntwo\nthree");
    setKind(doc, "c0", "markdown");
    const made = splitCell(doc, "c0", 4);
    expect([source(doc, "c0"), source(doc, made)]).toEqual(["one", "two\nthree"]);
    expect(headsOf(cellsIn(doc)).map((head) => head.kind)).toEqual(["markdown", "markdown"]);
  });

  test("a split at either end leaves an empty cell", () => {
    const doc = notebook("one");
    expect(source(doc, splitCell(doc, "c0", 3))).toBe("");
    expect(source(doc, splitCell(doc, "c0", 0))).toBe("one");
    expect(source(doc, "c0")).toBe("");
    expect(splitCell(doc, "nowhere", 0)).toBeNull();
  });

  test("joined cells follow each other in the order of the document", () => {
    const doc = notebook("a", "b", "c");
    expect(mergeCells(doc, ["c2", "c0"])).toBe("c0");
    expect(source(doc, "c0")).toBe("a\n\nc");
    expect(order(doc)).toEqual(["c0", "c1"]);
    expect(mergeCells(doc, ["c1"])).toBeNull();
  });
});

describe("taking back", () => {
  test("a deleted cell comes back where it was, with what it held", () => {
    const doc = notebook("a", "b", "c");
    const undo = new Y.UndoManager(doc.getMap("cells"), {
      trackedOrigins: new Set([STRUCTURE]),
      captureTimeout: 0,
    });
    deleteCells(doc, ["c1"]);
    cellsIn(doc).get("c0")?.get("source")?.insert(0, "typed ");
    undo.undo();
    expect(order(doc)).toEqual(["c0", "c1", "c2"]);
    expect([source(doc, "c0"), source(doc, "c1")]).toEqual(["typed a", "b"]);
    undo.redo();
    expect(order(doc)).toEqual(["c0", "c2"]);
  });

  test("a merge is taken back whole", () => {
    const doc = notebook("a", "b");
    const undo = new Y.UndoManager(doc.getMap("cells"), {
      trackedOrigins: new Set([STRUCTURE]),
      captureTimeout: 0,
    });
    mergeCells(doc, ["c0", "c1"]);
    undo.undo();
    expect([source(doc, "c0"), source(doc, "c1")]).toEqual(["a", "b"]);
  });
});

test("cells are moved together, wherever they were and go", () => {
  let seed = 11;
  const random = (most: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % most;
  };
  for (let round = 0; round < 300; round += 1) {
    const doc = new Y.Doc();
    const ids = Array.from({ length: 1 + random(7) }, (_, at) => `c${at}`);
    ids.forEach((cell_id, at) => {
      insertCell(doc, at, { cell_id });
    });
    const moved = ids.filter(() => random(2) === 0);
    const at = random(ids.length + 1);
    moveCells(doc, moved, at);
    const rest = (from: number, to: number) =>
      ids.slice(from, to).filter((id) => !moved.includes(id));
    const expected = [...rest(0, at), ...moved, ...rest(at, ids.length)];
    expect(
      headsOf(cellsIn(doc)).map((head) => head.cell_id),
      `round ${round}`,
    ).toEqual(expected);
  }
});
