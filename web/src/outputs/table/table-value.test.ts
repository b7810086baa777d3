import { expect, test } from "vitest";
import { pickDrawer } from "../pick-renderer";
import {
  isCut,
  isMissing,
  readTable,
  shownText,
  TABLE_MIME,
  type TableColumn,
  wholeText,
} from "./table-value";

const number: TableColumn = { name: "x", type: "float64", kind: "number", isIndex: false };
const text: TableColumn = { name: "s", type: "str", kind: "text", isIndex: false };

test("a table is preferred over the library's own form", () => {
  expect(pickDrawer({ "text/html": "<table>", [TABLE_MIME]: {} })?.kind).toBe("table");
});

test("what is no table is not read as one", () => {
  for (const value of [null, 3, "x", [], {}, { handle: "t", rows: "3", columns: [] }]) {
    expect(readTable(value)).toBeNull();
  }
});

test("a table with strange fields is read as far as it makes sense", () => {
  const table = readTable({
    handle: "t1",
    rows: 2,
    columns: [{ name: 3, kind: "spell" }, null],
    first: [[{ as: "missing", text: "NaN" }, { text: 5 }], "row"],
  });

  expect(table?.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ["", "other"],
    ["", "other"],
  ]);
  expect(table?.first).toEqual([
    [
      { as: "missing", text: "NaN", of: null },
      { as: "other", text: "", of: null },
    ],
    [],
  ]);
});

test("numbers are short in the grid and whole when copied", () => {
  expect(shownText(1 / 3, number, "pandas")).toBe("0.333333");
  expect(wholeText(1 / 3)).toBe("0.3333333333333333");
  expect(shownText(3, number, "pandas")).toBe("3.0");
  expect(shownText(-1234567.891, number, "pandas")).toBe("-1234567.9");
  expect(shownText(1.5e300, number, "pandas")).toBe("1.5e+300");
  expect(shownText(0, number, "pandas")).toBe("0.0");
  expect(shownText(9_007_199_254, { ...number, kind: "integer" }, "pandas")).toBe("9007199254");
});

test("kinds of nothing are told apart, and copied as nothing", () => {
  const nan = { as: "missing", text: "NaN", of: null };
  expect([shownText(null, text, "pandas"), shownText(null, text, "polars")]).toEqual([
    "None",
    "null",
  ]);
  expect(shownText(nan, number, "pandas")).toBe("NaN");
  expect([isMissing(nan), isMissing(null), isMissing(""), isMissing(0)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([wholeText(nan), wholeText(null), wholeText("")]).toEqual(["", "", ""]);
});

test("a text stays on one line and says when there is more", () => {
  expect(shownText("a\nb\tc", text, "pandas")).toBe("a⏎b⇥c");
  const cut = { as: "text", text: "abc", of: 900 };
  expect([shownText(cut, text, "pandas"), isCut(cut)]).toEqual(["abc…", true]);
});
