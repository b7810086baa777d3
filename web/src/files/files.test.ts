// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { wholeText } from "../outputs/table/table-value";
import { findingsOf, folderOf, inFolder, nameBeside } from "./file-changes";
import { movedNotebook, noteNotebook, recentNotebooks } from "./recent";
import { separatorOf } from "./separated";
import { readSeparated } from "./separated-file";
import { kindOf } from "./view-page";

test("a copy takes the first free number and keeps its ending", () => {
  expect(nameBeside("a.csv", [])).toBe("a.csv");
  expect(nameBeside("a.csv", ["A.csv", "a 2.csv"])).toBe("a 3.csv");
  expect(nameBeside("a 2.csv", ["a 2.csv"])).toBe("a 3.csv");
  expect(nameBeside("Makefile", ["Makefile"])).toBe("Makefile 2");
  expect(nameBeside(".env", [".env"])).toBe(".env 2");
  expect(inFolder(folderOf("a/b/c.txt"), "d.txt")).toBe("a/b/d.txt");
});

test("notebooks opened last follow when they are moved", () => {
  localStorage.clear();
  for (const path of ["a/x.ipynb", "b.ipynb", "a/x.ipynb"]) noteNotebook(path);
  expect(recentNotebooks()).toEqual(["a/x.ipynb", "b.ipynb"]);
  movedNotebook("a", "c");
  movedNotebook("b.ipynb", null);
  expect(recentNotebooks()).toEqual(["c/x.ipynb"]);
});

async function rowsOf(text: string, pieces = 1, name = "a.csv") {
  const bytes = new TextEncoder().encode(text);
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size)
        controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const file = await readSeparated(stream, name, bytes.length, () => {});
  const cells = await file.read(0, file.rows);
  return {
    head: file.columns.map(({ name: each }) => each),
    kinds: file.columns.map(({ kind }) => kind),
    rows: cells.map((row) => row.map(wholeText)),
  };
}

test("separated text keeps quotes, line breaks and empty fields, however it arrives", async () => {
  const text = '\ufeffname,"a, b",c\r\n"say ""hi""",1,\n"two\nlines",-2.5e3,x\n';
  for (const pieces of [1, 2, 3, 7, 100]) {
    const { head, kinds, rows } = await rowsOf(text, pieces);
    expect(head).toEqual(["name", "a, b", "c"]);
    expect(rows).toEqual([
      ['say "hi"', "1", ""],
      ["two\nlines", "-2.5e3", "x"],
    ]);
    expect(kinds).toEqual(["text", "number", "text"]);
  }
  expect((await rowsOf("")).rows).toEqual([]);
  expect(await rowsOf("a,b,\n1")).toMatchObject({ head: ["a", "b", ""], rows: [["1", "", ""]] });
  expect((await rowsOf('a\n"open')).rows).toEqual([["open"]]);
  // Numbers stay as they were written; a quote within a bare field is a letter.
  expect((await rowsOf('a,b\n007,5" wide\n1.50,x\n')).rows).toEqual([
    ["007", '5" wide'],
    ["1.50", "x"],
  ]);
});

test("the separator is what the first line has most of", () => {
  expect(separatorOf("a.csv", "a;b;c\n1,5;2;3")).toBe(";");
  expect(separatorOf("a.tsv", "a,b")).toBe("\t");
  expect(separatorOf("a.csv", "single")).toBe(",");
});

test("every file has a way to be shown", () => {
  expect(["a.md", "a.CSV", "a.json", "a.svg", "Makefile", "a.py"].map(kindOf)).toEqual([
    "markdown",
    "separated",
    "json",
    "image",
    "text",
    "text",
  ]);
});

test("findings are read at the door", () => {
  const answer = {
    complete: false,
    files: [
      {
        path: "a.txt",
        kind: "file",
        in_name: true,
        matches: [{ where: "text", line: 2 }],
        more: 1,
      },
      { path: "pipe", kind: "other" },
    ],
  };
  expect(findingsOf(answer)).toEqual({
    isComplete: false,
    files: [
      {
        path: "a.txt",
        kind: "file",
        isInName: true,
        more: 1,
        matches: [{ where: "text", cell: null, line: 2, text: "" }],
      },
    ],
  });
});
