import { expect, test } from "vitest";
import type { CellHead } from "../core/pending";
import { CellGroups, GROUP } from "./cell-groups";

function heads(...ids: (string | number)[]): CellHead[] {
  return ids.map((id) => ({ cell_id: `c${id}`, kind: "code" }));
}

function numbered(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

function keyOf(groups: ReturnType<CellGroups["of"]>, id: string | number): number | undefined {
  return groups.find(({ cells }) => cells.some((cell) => cell.cell_id === `c${id}`))?.key;
}

test("all cells are there, in their order, in groups of some dozens", () => {
  const cells = heads(...numbered(0, 1000));
  const groups = new CellGroups().of(cells);
  expect(groups.flatMap((group) => group.cells)).toEqual(cells);
  expect(Math.max(...groups.map((group) => group.cells.length))).toBe(GROUP);
  expect(groups.map((group) => group.before)).toEqual(groups.map((_, at) => at * GROUP));
});

test("a cell that is inserted leaves every other in its group", () => {
  const made = new CellGroups();
  const before = made.of(heads(...numbered(0, 100)));
  const after = made.of(heads(...numbered(0, 10), "new", ...numbered(10, 100)));
  for (const at of numbered(0, 100)) expect(keyOf(after, at)).toBe(keyOf(before, at));
  expect(keyOf(after, "new")).toBe(keyOf(before, 9));
});

test("groups that nothing was done to are the same objects", () => {
  const made = new CellGroups();
  const before = made.of(heads(...numbered(0, 100)));
  const after = made.of(heads(...numbered(0, 100), "new"));
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
  expect(after[0]).toBe(before[0]);
});

test("cells added at the end one by one never change their group", () => {
  const made = new CellGroups();
  const first = new Map<number, number | undefined>();
  for (let count = 1; count <= 200; count += 1) {
    const groups = made.of(heads(...numbered(0, count)));
    first.set(count - 1, keyOf(groups, count - 1));
    for (const [id, key] of first) expect(keyOf(groups, id)).toBe(key);
  }
});

test("a cell that is moved away joins the group where it arrives", () => {
  const made = new CellGroups();
  const before = made.of(heads(...numbered(0, 60)));
  const after = made.of(heads(...numbered(1, 50), 0, ...numbered(50, 60)));
  expect(after.flatMap((group) => group.cells.map((cell) => cell.cell_id))).toEqual(
    [...numbered(1, 50), 0, ...numbered(50, 60)].map((id) => `c${id}`),
  );
  for (const at of numbered(1, 60)) expect(keyOf(after, at)).toBe(keyOf(before, at));
});

test("keys are never given twice", () => {
  const made = new CellGroups();
  made.of(heads(...numbered(0, 60)));
  const groups = made.of(heads(...numbered(30, 60), ...numbered(0, 30)));
  const keys = groups.map((group) => group.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(groups.flatMap((group) => group.cells)).toHaveLength(60);
});
