import { expect, test } from "vitest";
import type { CellValue, TableColumn } from "../outputs/table/table-value";
import { WHOLE } from "../outputs/table/view";
import { cellOf, timeText } from "./parquet-file";
import { orderOf, statisticsOf } from "./row-order";

test("a value of a Parquet file is what JSON can say, or says what it is", () => {
  expect(cellOf(null, "text")).toBe(null);
  expect(cellOf(12n, "integer")).toBe(12);
  expect(cellOf(2n ** 60n, "integer")).toEqual({ as: "number", text: String(2n ** 60n), of: null });
  expect(cellOf(Number.NaN, "number")).toMatchObject({ as: "missing" });
  expect(cellOf(new Uint8Array([0, 255]), "bytes")).toMatchObject({ as: "bytes", text: "00ff" });
  expect(cellOf({ a: [1n, null] }, "nested")).toMatchObject({ text: '{"a":[1,null]}' });
  expect(cellOf("x".repeat(6_000), "text")).toMatchObject({ as: "text", of: 6_000 });
});

test("a time has as many digits as it needs, before 1970 too", () => {
  expect(timeText(0n)).toBe("1970-01-01 00:00:00");
  expect(timeText(1_500_000_000n)).toBe("1970-01-01 00:00:01.500");
  expect(timeText(1_000_001_000n)).toBe("1970-01-01 00:00:01.000001");
  expect(timeText(-1n)).toBe("1969-12-31 23:59:59.999999999");
});

const COLUMNS: TableColumn[] = [
  { name: "n", type: "", kind: "number", isIndex: false },
  { name: "t", type: "", kind: "text", isIndex: false },
];
const ROWS: (readonly CellValue[])[] = [
  [{ as: "number", text: "10", of: null }, "b"],
  [{ as: "number", text: "9", of: null }, "B"],
  [null, "a"],
  [9, null],
];

test("rows are ordered as the kernel orders them: equal ones stay, missing ones last", () => {
  const order = (column: number, descending: boolean) => [
    ...orderOf(ROWS, COLUMNS, { ...WHOLE, sort: [{ column, descending }] }),
  ];
  expect(order(0, false)).toEqual([1, 3, 0, 2]);
  expect(order(0, true)).toEqual([0, 1, 3, 2]);
  expect(order(1, false)).toEqual([1, 2, 0, 3]);
});

test("rows are searched and filtered", () => {
  expect([...orderOf(ROWS, COLUMNS, { ...WHOLE, search: "B" })]).toEqual([0, 1]);
  const between = { column: 0, test: "between", low: 9, high: 9.5 } as const;
  expect([...orderOf(ROWS, COLUMNS, { ...WHOLE, filters: [between] })]).toEqual([1, 3]);
  const missing = { column: 1, test: "missing" } as const;
  expect([...orderOf(ROWS, COLUMNS, { ...WHOLE, filters: [missing] })]).toEqual([3]);
});

test("columns are described", () => {
  const found = statisticsOf(ROWS, COLUMNS, [0, 1]);
  expect(found["0"]).toMatchObject({ missing: 1, low: 9, high: 10, unique: 2 });
  expect(found["1"]).toMatchObject({ missing: 1, unique: 3, histogram: null });
});
