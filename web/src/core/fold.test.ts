import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Record, SessionState } from "../protocol/generated";
import { foldRecord, foldRecords } from "./fold";
import { EMPTY_STATE } from "./state";

interface Story {
  readonly name: string;
  readonly records: readonly Record[];
  readonly state: SessionState;
}

const folder = new URL("../../../fixtures/folds/", import.meta.url);

/** JSON has no bytes: they are base64 in the files. */
function revived(this: unknown, key: string, value: unknown): unknown {
  const bytes = (text: unknown) => new Uint8Array(Buffer.from(String(text), "base64"));
  if (key === "buffers" && Array.isArray(value)) return value.map(bytes);
  if (key === "update" && typeof value === "string") return bytes(value);
  return value;
}

const stories: Story[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(fileURLToPath(new URL(name, folder)), "utf8"), revived));

test("there are stories to fold", () => {
  expect(stories.length).toBeGreaterThan(40);
});

test.each(stories)("$name: folds to the state written down", ({ records, state }) => {
  expect(records.reduce(foldRecord, EMPTY_STATE)).toEqual(state);
});

test.each(stories)("$name: folds to the same in one batch", ({ records, state }) => {
  expect(foldRecords(EMPTY_STATE, records)).toEqual(state);
});

test.each(stories)("$name: a fold changes no state but the one it makes", ({ records }) => {
  let state = EMPTY_STATE;
  for (const record of records) {
    const before = structuredClone(state);
    const after = foldRecord(state, record);
    expect(state).toEqual(before);
    state = after;
  }
});
