import { expect, test } from "vitest";
import { afterKey, areaOf, type Selection, tabSeparated } from "./selection";

const extent = { rows: 1_000, columns: 5, page: 12 };
const at = (row: number, column: number): Selection => ({
  anchor: { row, column },
  active: { row, column },
});
const press = (from: Selection, key: string, shift = false, ctrl = false) =>
  afterKey(from, { key, shift, ctrl }, extent);

test("arrows move, and stop at the edges", () => {
  expect(press(at(3, 2), "ArrowDown")).toEqual(at(4, 2));
  expect(press(at(999, 4), "ArrowDown")).toEqual(at(999, 4));
  expect(press(at(999, 4), "ArrowRight")).toEqual(at(999, 4));
  expect(press(at(0, 0), "ArrowLeft")).toEqual(at(0, 0));
  expect(press(at(0, 1), "ArrowUp")).toEqual(at(-1, 1)); // the head
  expect(press(at(-1, 1), "ArrowUp")).toEqual(at(-1, 1));
});

test("with control they go to the ends, page keys by a page", () => {
  expect(press(at(50, 2), "ArrowDown", false, true)).toEqual(at(999, 2));
  expect(press(at(50, 2), "End", false, true)).toEqual(at(999, 4));
  expect(press(at(50, 2), "Home", false, true)).toEqual(at(0, 0));
  expect(press(at(50, 2), "Home")).toEqual(at(50, 0));
  expect(press(at(50, 2), "PageDown")).toEqual(at(62, 2));
  expect(press(at(5, 2), "PageUp")).toEqual(at(0, 2));
});

test("with shift the selection grows from where it began", () => {
  const grown = press(at(3, 2), "ArrowUp", true);
  expect(grown && areaOf(grown)).toEqual({ top: 2, bottom: 3, left: 2, right: 2 });
  expect(press(at(0, 2), "ArrowUp", true)).toEqual(at(0, 2)); // never into the head
});

test("everything is chosen at once", () => {
  const all = press(at(3, 2), "a", false, true);
  expect(all && areaOf(all)).toEqual({ top: 0, bottom: 999, left: 0, right: 4 });
});

test("letters are not moves", () => {
  expect(press(at(3, 2), "d")).toBeNull();
});

test("copied texts are quoted where a spreadsheet would break them", () => {
  expect(
    tabSeparated([
      ["a", "b\tc", 'say "x"'],
      ["1", "two\nlines", ""],
    ]),
  ).toBe('a\t"b\tc"\t"say ""x"""\n1\t"two\nlines"\t');
});
