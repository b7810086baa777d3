/** PAGE-43: cells as other programs know them. */

import { describe, expect, test } from "vitest";
import { type CopiedCell, cellsOfText, notebookText } from "./clipboard";

const cells: readonly CopiedCell[] = [
  { kind: "code", source: "x = 1\n", metadata: { tags: ["a"] } },
  {
    kind: "markdown",
    source: "# Two",
    metadata: {},
    attachments: { "a.png": { "image/png": "" } },
  },
  { kind: "raw", source: "", metadata: {} },
];

describe("what is copied", () => {
  test("is a notebook that comes back as the same cells", () => {
    expect(cellsOfText(notebookText(cells))).toEqual(cells);
  });

  test("has what a notebook's code cells must have", () => {
    const { nbformat, cells: written } = JSON.parse(notebookText(cells));
    expect(nbformat).toBe(4);
    expect(written[0]).toMatchObject({ cell_type: "code", outputs: [], execution_count: null });
    expect(written[1]).not.toHaveProperty("outputs");
  });
});

describe("what is pasted", () => {
  test("may be cells of Jupyter: a list, or one, with lines for a source", () => {
    const cell = { cell_type: "code", source: ["a\n", "b"], metadata: null, outputs: [] };
    const expected = { kind: "code", source: "a\nb", metadata: {} };
    expect(cellsOfText(JSON.stringify([cell, 7]))).toEqual([expected]);
    expect(cellsOfText(JSON.stringify(cell))).toEqual([expected]);
  });

  test("may be any text: it is cut at its marks", () => {
    const text = "import os\r\n# %% [markdown]\n# # Title\n#\n# words\n# %%\n\ny = 2\n\n";
    expect(cellsOfText(text).map(({ kind, source }) => [kind, source])).toEqual([
      ["code", "import os"],
      ["markdown", "# Title\n\nwords"],
      ["code", "y = 2"],
    ]);
  });

  test("that only looks like JSON is text; nothing is nothing", () => {
    expect(cellsOfText("[1, 2, 3]")).toMatchObject([{ source: "[1, 2, 3]" }]);
    expect(cellsOfText("{broken")).toMatchObject([{ source: "{broken" }]);
    expect(cellsOfText("  \n ")).toEqual([]);
  });
});
