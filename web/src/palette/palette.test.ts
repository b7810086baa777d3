// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { fitOf } from "./fuzzy";
import { type PaletteEntry, search } from "./palette";
import { noteCommand, recentCommands } from "./recent";

const TITLES = [
  "Run all cells",
  "Run all cells above",
  "Restart the kernel",
  "Restart and run all",
  "Clear all outputs",
];
const entries = TITLES.map(
  (title): PaletteEntry => ({ id: title, title, group: "Run", keys: [], run: () => {} }),
);
const found = (query: string, recent: readonly string[] = []) =>
  search(entries, query, recent).map(({ entry }) => entry.title);

test("letters that begin words find a command", () => {
  expect(found("raca")[0]).toBe("Run all cells above");
  expect(found("rra")[0]).toBe("Restart and run all");
});

test("a whole word is better than scattered letters", () => {
  expect(found("clear")).toEqual(["Clear all outputs"]);
  expect(found("all")[0]).toBe("Run all cells");
});

test("what does not occur is not found", () => {
  expect(found("xyz")).toEqual([]);
  expect(fitOf("ba", "ab")).toBeNull();
});

test("without a query recent ones come first, then the table's order", () => {
  expect(found("", ["Clear all outputs", "Restart the kernel"]).slice(0, 3)).toEqual([
    "Clear all outputs",
    "Restart the kernel",
    "Run all cells",
  ]);
});

test("a command used again is noted once, at the front", () => {
  localStorage.clear();
  for (const id of ["a", "b", "a"]) noteCommand(id);
  expect(recentCommands()).toEqual(["a", "b"]);
  localStorage.setItem("tailrace.recent-commands", "{broken");
  expect(recentCommands()).toEqual([]);
});
