import { IDBFactory } from "fake-indexeddb";
import { describe, expect, test } from "vitest";
import { BrowserEdits, MemoryEdits, type UnsentEdits } from "./unsent-edits";

const state = (key: string, notebook_id = "n") => ({
  key,
  notebook_id,
  generation: "g",
  state: new Uint8Array([1, 2, 3]),
});

const copy = { id: "i", notebook_id: "n", generation: "g", at: 1, cells: [] };

describe.each<[string, () => UnsentEdits]>([
  ["in the browser", () => new BrowserEdits(new IDBFactory())],
  ["in memory", () => new MemoryEdits()],
])("kept %s", (_where, made) => {
  test("states are found by their notebook until they are deleted", async () => {
    const edits = made();
    await edits.putState(state("a"));
    await edits.putState(state("b"));
    await edits.putState(state("c", "other"));
    expect(await edits.states("n")).toEqual([state("a"), state("b")]);
    await edits.deleteStates(["a", "nothing"]);
    expect(await edits.states("n")).toEqual([state("b")]);
  });

  test("the newest state of a page replaces the one before", async () => {
    const edits = made();
    await edits.putState(state("a"));
    const newer = { ...state("a"), state: new Uint8Array([4]) };
    await edits.putState(newer);
    expect(await edits.states("n")).toEqual([newer]);
  });

  test("conflict copies last until they are dismissed", async () => {
    const edits = made();
    await edits.putCopy(copy);
    expect(await edits.copies("n")).toEqual([copy]);
    await edits.deleteCopy("i");
    expect(await edits.copies("n")).toEqual([]);
  });
});

test("what one page kept, the next one finds", async () => {
  const factory = new IDBFactory();
  await new BrowserEdits(factory).putState(state("a"));
  expect(await new BrowserEdits(factory).states("n")).toEqual([state("a")]);
});
