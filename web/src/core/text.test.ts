/** Text may be cut anywhere; appending costs what is appended. Fixtures say what it adds up to. */

import { expect, test } from "vitest";
import { seeded } from "../../tests/doubles/hand-wound-world";
import type { StreamOutput } from "../protocol/generated";
import { emptyStream, folded, HEAD, TAIL } from "./text";

const PIECES = [
  "word ",
  "\n",
  "\r",
  "\r\n",
  "\b",
  "\x1b[31m",
  "\x1b[0m",
  "\x1b[K",
  "\x1b[2A",
  "\x1b[B",
  "\x1b[J",
  "\x1b[7G",
  "\x1b[38;5;12m",
  "\x1b]0;title\x07",
  "😀",
  "日本",
  "x".repeat(300),
  "y".repeat(5_000),
  "a line\n".repeat(2_000),
  "\x1b[32m😀 green\x1b[0m\n".repeat(1_500),
];

/** The parts of the whole; a surrogate pair stays one. */
function cutUp(text: string, chance: () => number): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    const length = 1 + Math.floor(chance() * (chance() < 0.9 ? 30 : 20_000));
    let to = Math.min(text.length, from + length);
    if (/[\udc00-\udfff]/.test(text.charAt(to))) to += 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

const start = (): StreamOutput => emptyStream(0, "stdout", 0);

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "seed %i: however text is cut, it adds up to the same (OUT-1)",
  (seed) => {
    const chance = seeded(seed);
    let text = "";
    for (let count = 1 + Math.floor(chance() * 40); count > 0; count -= 1) {
      text += PIECES[Math.floor(chance() * PIECES.length)];
    }
    expect(cutUp(text, chance).reduce(folded, start())).toEqual(folded(start(), text));
  },
);

test("text without control characters comes out as it went in, its middle counted (OUT-2)", () => {
  const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`);
  const stream = lines.reduce(folded, start());
  const all = lines.join("");
  expect(stream.lines).toBe(20_000);
  expect(all.startsWith(stream.head)).toBe(true);
  expect(all.endsWith(stream.tail)).toBe(true);
  expect(stream.head.length + stream.omitted_chars + stream.tail.length).toBe(all.length);
  expect(stream.head.length).toBeLessThanOrEqual(HEAD);
  expect(stream.tail.length).toBeGreaterThanOrEqual(TAIL);
  const omitted = all.slice(stream.head.length, -stream.tail.length);
  expect(omitted.split("\n").length - 1).toBe(stream.omitted_lines);
});
