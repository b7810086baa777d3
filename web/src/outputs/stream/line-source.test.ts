import { describe, expect, it } from "vitest";
import type { StreamOutput } from "../../protocol/generated";
import type { Matches, Transcript } from "../transcript";
import { LineSource } from "./line-source";

const LINES = 1_000_000;
const AT_ONCE = 100_000; // lines the log looks through for one request

function flood(): StreamOutput {
  return {
    kind: "stream",
    index: 0,
    name: "stdout",
    head: "0\n1\n",
    tail: `…\n${LINES - 1}\n`,
    lines: LINES,
    omitted_lines: LINES - 4,
    omitted_chars: 6 * LINES,
    start_line: 0,
    column: 0,
    row: 0,
    reach: 0,
    width: 0,
    pen: "",
    pending: "",
  };
}

function logOf(hits: readonly number[]): Transcript & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    textAddress: "",
    lines: async () => [],
    async search(query, from): Promise<Matches> {
      asked.push(from);
      const end = from + AT_ONCE;
      const matches = hits
        .filter((line) => line >= from && line < end)
        .map((line) => ({ line, column: 0, text: query }));
      return { matches, next: end < LINES ? end : null };
    },
  };
}

function sourceOf(transcript: Transcript): LineSource {
  const source = new LineSource(transcript);
  source.update(flood());
  return source;
}

const patient = { reached: () => {}, signal: new AbortController().signal };

describe("a search in a long output", () => {
  it("goes on until something is found, and says how far it is", async () => {
    const reached: number[] = [];
    const found = await sourceOf(logOf([720_000])).search("x", 0, {
      ...patient,
      reached: (line) => reached.push(line),
    });

    expect(found.matches.map((match) => match.line)).toEqual([720_000]);
    expect(found.next).toBe(800_000);
    expect(reached).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((part) => part * AT_ONCE));
  });

  it("finds what lies beyond from where it stopped", async () => {
    const source = sourceOf(logOf([5, 950_000]));
    const first = await source.search("x", 0, patient);
    const second = await source.search("x", first.next ?? 0, patient);

    expect(first.matches.map((match) => match.line)).toEqual([5]);
    expect(second).toMatchObject({ matches: [{ line: 950_000 }], next: null });
  });

  it("ends when nobody waits for it any more", async () => {
    const looking = new AbortController();
    const log = logOf([]);
    const found = await sourceOf(log).search("x", 0, {
      reached: (line) => line === 300_000 && looking.abort(),
      signal: looking.signal,
    });

    expect(found).toEqual({ matches: [], next: null });
    expect(log.asked).toEqual([0, 100_000, 200_000, 300_000]);
  });

  it("looks at what the page holds where that is all", async () => {
    const source = new LineSource(logOf([]));
    const text = Array.from({ length: 900 }, (_, line) => `row ${line}\n`).join("");
    source.update({
      ...flood(),
      head: text,
      tail: "",
      lines: 900,
      omitted_lines: 0,
      omitted_chars: 0,
    });
    const found = await source.search("ROW", 0, patient);

    expect(found.matches).toHaveLength(500);
    expect(found.next).toBe(500);
    expect((await source.search("ROW", 500, patient)).matches.at(-1)?.line).toBe(899);
  });
});
