import { expect, test } from "vitest";
import { fittingWidth, layoutOf, NARROWEST_PX, onScreen, placeAt } from "./column-layout";
import { readTable, type TableValue } from "./table-value";

function table(count: number, levels = 1): TableValue {
  const columns = Array.from({ length: count }, (_, at) => ({
    name: `c${at}`,
    kind: "integer",
    index: at < levels,
  }));
  const found = readTable({ handle: "t", rows: 1, columns, first: [columns.map((_, at) => at)] });
  if (!found) throw new Error("no table");
  return found;
}

test("only the columns on screen are made, however many there are", () => {
  const layout = layoutOf(table(2_000), new Set(), new Map(), 800);
  expect(layout.frozen).toBe(1);

  const [from, to] = onScreen(layout, 50_000, 800);
  expect(to - from).toBeLessThan(15);
  const frozen = layout.lefts[layout.frozen] ?? 0;
  expect(layout.lefts[from]).toBeLessThanOrEqual(50_000 + frozen);
  expect(layout.lefts[to] ?? 0).toBeGreaterThanOrEqual(50_000 + 800);
});

test("an index as wide as the screen does not stay in sight", () => {
  const layout = layoutOf(table(4, 2), new Set(), new Map([[0, 300]]), 390);
  expect(layout.frozen).toBe(0);
});

test("hidden columns leave no gap and pulled ones keep their width", () => {
  const layout = layoutOf(table(4), new Set([1]), new Map([[2, 200]]), 800);
  expect(layout.columns).toEqual([0, 2, 3]);
  expect((layout.lefts[2] ?? 0) - (layout.lefts[1] ?? 0)).toBe(200);
});

test("a column is never narrower than can be pulled", () => {
  expect(fittingWidth(table(1), 0)).toBeGreaterThanOrEqual(NARROWEST_PX);
  expect(fittingWidth(table(1), 7)).toBe(NARROWEST_PX);
});

test("the place of a pixel is the last that begins before it", () => {
  expect([0, 9, 10, 29, 99].map((x) => placeAt([0, 10, 30], x))).toEqual([0, 0, 1, 1, 2]);
});
