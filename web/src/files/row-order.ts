/** Rows sorted, filtered, searched and described, as TAB-5 and TAB-7 say. Pure. */

import {
  type CellValue,
  hasRange,
  isMissing,
  type TableColumn,
  wholeText,
} from "../outputs/table/table-value";
import type { View } from "../outputs/table/view";
import type { TableFilter } from "../protocol/generated";

type Rows = readonly (readonly CellValue[])[];

const BINS = 24;
const TOP = 5;

/** Which rows the view has, in its order. */
export function orderOf(rows: Rows, columns: readonly TableColumn[], view: View): Uint32Array {
  const query = view.search.toLowerCase();
  const kept: number[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? [];
    if (query !== "" && !row.some((cell) => wholeText(cell).toLowerCase().includes(query)))
      continue;
    if (view.filters.every((filter) => passes(row[filter.column] ?? null, filter))) kept.push(at);
  }
  const order = Uint32Array.from(kept);
  if (view.sort.length === 0) return order;
  const keys = view.sort.map(({ column, descending = false }) => {
    const isNumber = hasNumbers(columns[column]);
    return {
      sign: descending ? -1 : 1,
      values: rows.map((row) => keyOf(row[column] ?? null, isNumber)),
    };
  });
  return order.sort((a, b) => {
    for (const { sign, values } of keys) {
      const found = compared(values[a] ?? null, values[b] ?? null, sign);
      if (found !== 0) return found;
    }
    return a - b;
  });
}

type Key = number | string | null;

function hasNumbers(column: TableColumn | undefined): boolean {
  return column !== undefined && ["integer", "number", "decimal"].includes(column.kind);
}

function keyOf(cell: CellValue, isNumber: boolean): Key {
  if (isMissing(cell)) return null;
  if (typeof cell === "number") return Number.isNaN(cell) ? null : cell;
  if (typeof cell === "boolean") return Number(cell);
  const text = wholeText(cell);
  if (!isNumber) return text;
  const number = numberOf(text);
  return Number.isNaN(number) ? null : number;
}

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** Missing values come last in either direction. */
function compared(a: Key, b: Key, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a < b ? -sign : a > b ? sign : 0;
}

function passes(cell: CellValue, filter: TableFilter): boolean {
  const isNone = isMissing(cell);
  switch (filter.test) {
    case "missing":
      return isNone;
    case "present":
      return !isNone;
    case "contains":
      return (
        !isNone &&
        wholeText(cell)
          .toLowerCase()
          .includes((filter.text ?? "").toLowerCase())
      );
    case "one-of":
      return !isNone && (filter.values ?? []).includes(wholeText(cell));
    case "between": {
      if (isNone) return false;
      const { low = null, high = null } = filter;
      const isNumber = typeof (low ?? high) === "number";
      const value = isNumber ? numberOf(wholeText(cell)) : wholeText(cell);
      return (low === null || value >= low) && (high === null || value <= high);
    }
  }
}

export function statisticsOf(
  rows: Rows,
  columns: readonly TableColumn[],
  wanted: readonly number[],
): { [column: string]: unknown } {
  const found = wanted.map((column): [string, unknown] => {
    const kind = columns[column]?.kind ?? "other";
    return [String(column), described(rows, column, hasRange(kind), hasNumbers(columns[column]))];
  });
  return Object.fromEntries(found);
}

function described(rows: Rows, column: number, isRanged: boolean, isNumber: boolean) {
  const counts = new Map<string, number>();
  const numbers: number[] = [];
  let missing = 0;
  let low: Key = null;
  let high: Key = null;
  for (const row of rows) {
    const cell = row[column] ?? null;
    const key = keyOf(cell, isNumber);
    if (key === null) {
      missing += 1;
      continue;
    }
    if (isRanged) {
      if (low === null || key < low) low = key;
      if (high === null || key > high) high = key;
    }
    if (isNumber && typeof key === "number") numbers.push(key);
    const text = wholeText(cell);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, TOP);
  const sum = numbers.reduce((total, each) => total + each, 0);
  return {
    rows: rows.length,
    missing,
    low,
    high,
    mean: numbers.length > 0 ? sum / numbers.length : null,
    unique: counts.size,
    sampled: null,
    histogram: histogramOf(numbers),
    top: top.map(([value, count]) => ({ value, count })),
  };
}

function histogramOf(numbers: readonly number[]) {
  const finite = numbers.filter(Number.isFinite);
  if (finite.length === 0) return null;
  const low = finite.reduce((least, each) => Math.min(least, each));
  const high = finite.reduce((most, each) => Math.max(most, each));
  const counts = new Array<number>(BINS).fill(0);
  for (const each of finite) {
    const at = high === low ? 0 : Math.floor(((each - low) / (high - low)) * BINS);
    const bin = Math.min(BINS - 1, at);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, low, high };
}
