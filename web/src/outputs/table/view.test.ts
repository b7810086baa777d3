import { expect, test } from "vitest";
import { filePath, filtered, filterWords, sortOf, sortToggled, WHOLE } from "./view";

test("clicks on a head sort up, down, and not at all", () => {
  const up = sortToggled(WHOLE, 2, false);
  const down = sortToggled(up, 2, false);

  expect(sortOf(up, 2)).toEqual({ descending: false, rank: 1 });
  expect(sortOf(down, 2)).toEqual({ descending: true, rank: 1 });
  expect(sortToggled(down, 2, false).sort).toEqual([]);
});

test("with shift a column is added to the order, and keeps its rank", () => {
  const both = sortToggled(sortToggled(WHOLE, 2, false), 0, true);
  expect([sortOf(both, 2)?.rank, sortOf(both, 0)?.rank]).toEqual([1, 2]);

  const turned = sortToggled(both, 2, true);
  expect(turned.sort).toEqual([
    { column: 2, descending: true },
    { column: 0, descending: false },
  ]);
  expect(sortToggled(turned, 2, true).sort).toEqual([{ column: 0, descending: false }]);
  expect(sortToggled(both, 1, false).sort).toEqual([{ column: 1, descending: false }]);
});

test("a column's filters replace those it had", () => {
  const one = filtered(WHOLE, 1, [{ column: 1, test: "missing" }]);
  const other = filtered(one, 2, [{ column: 2, test: "contains", text: "a" }]);

  expect(filtered(other, 1, []).filters).toEqual([{ column: 2, test: "contains", text: "a" }]);
});

test("filters are told in words", () => {
  expect(filterWords({ column: 0, test: "between", low: 1, high: null })).toBe("≥ 1");
  expect(filterWords({ column: 0, test: "between", low: null, high: 2 })).toBe("≤ 2");
  expect(filterWords({ column: 0, test: "one-of", values: ["a", "b", "c", "d"] })).toBe(
    "is “a” or “b” or “c” or 1 more",
  );
});

test("the address of a file carries the view", () => {
  expect(filePath("n1", "t1", "csv", WHOLE)).toBe("api/v1/notebooks/n1/tables/t1.csv");
  const view = { ...sortToggled(WHOLE, 1, false), search: "a&b" };
  const query = new URL(`http://x/${filePath("n1", "t1", "parquet", view)}`).searchParams;
  expect(query.get("search")).toBe("a&b");
  expect(JSON.parse(query.get("sort") ?? "")).toEqual([{ column: 1, descending: false }]);
});
