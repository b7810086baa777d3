// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { findingsOf, folderOf, inFolder, nameBeside } from "./file-changes";
import { movedNotebook, noteNotebook, recentNotebooks } from "./recent";
import { separated, separatorOf } from "./separated";
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

test("separated text keeps quotes, line breaks and empty fields", () => {
  const text = '\ufeffname,"a, b",c\r\n"say ""hi""",1,\n"two\nlines",-2.5e3,x\n';
  const { head, rows, numeric } = separated(text, ",");
  expect(head).toEqual(["name", "a, b", "c"]);
  expect(rows).toEqual([
    ['say "hi"', "1", ""],
    ["two\nlines", "-2.5e3", "x"],
  ]);
  expect([...numeric]).toEqual([1]);
  expect(separated("", ",").rows).toEqual([]);
  expect(separated("a,b,\n1", ",")).toMatchObject({ head: ["a", "b", ""], rows: [["1"]] });
  expect(separated('a\n"open', ",").rows).toEqual([["open"]]);
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
