import { expect, test } from "vitest";
import * as Y from "yjs";
import { cellsIn, insertCell, replaceParts } from "../sync/cells";
import { expressionOf, MATCHES_MOST, matchesIn, type Pattern, replacementOf } from "./matcher";

const plain = (query: string, change: Partial<Pattern> = {}): Pattern => ({
  query,
  isExpression: false,
  matchesCase: false,
  wholeWords: false,
  ...change,
});
const found = (text: string, pattern: Pattern) =>
  (matchesIn([text], pattern)[0] ?? []).map(({ from, to }) => text.slice(from, to));

test("plain text is found as it is, whatever signs it holds", () => {
  for (const query of ["a.b", "f(x)", "[1]", "x^2", "\\d", "a-b", "{}", "/", "|", "$x"]) {
    expect(found(`-${query}-`, plain(query))).toEqual([query]);
  }
  expect(found("axb", plain("a.b"))).toEqual([]);
});

test("case and whole words count when they are asked for", () => {
  const text = "Data data database data_2 DATA";
  expect(found(text, plain("data"))).toHaveLength(5);
  expect(found(text, plain("data", { matchesCase: true }))).toHaveLength(3);
  expect(found(text, plain("data", { wholeWords: true }))).toEqual(["Data", "data", "DATA"]);
  expect(found("größe größer", plain("größe", { wholeWords: true }))).toEqual(["größe"]);
});

test("an expression matches line by line and fills in what it caught", () => {
  const pattern = plain("^(?<name>\\w+) = (\\d+)$", { isExpression: true });
  const [match] = matchesIn(["x = 1\nwidth = 20"], pattern)[0]?.slice(1) ?? [];
  if (!match) throw new Error("nothing was found");
  expect(replacementOf(match, "$2 -> $<name> ($&) $$1 $9", true)).toBe(
    "20 -> width (width = 20) $1 $9",
  );
  expect(replacementOf(match, "$1", false)).toBe("$1");
});

test("what is no expression is said, what matches nothing does not count", () => {
  expect(() => expressionOf(plain("(", { isExpression: true }))).toThrow(SyntaxError);
  expect(found("abc", plain("x*", { isExpression: true }))).toEqual([]);
});

test("no more are gathered than can be shown", () => {
  const counts = matchesIn(["a".repeat(MATCHES_MOST), "aaa"], plain("a")).map(
    (each) => each.length,
  );
  expect(counts).toEqual([MATCHES_MOST, 0]);
});

test("replacing is one step over many cells, and leaves alone what changed meanwhile", () => {
  const doc = new Y.Doc();
  const ids = ["one one", "two", "one"].map((source, at) => insertCell(doc, at, { source }));
  const texts = () => ids.map((id) => cellsIn(doc).get(id)?.get("source")?.toString());
  let transactions = 0;
  doc.on("afterTransaction", () => {
    transactions += 1;
  });
  const [a = "", b = "", c = ""] = ids;
  const done = replaceParts(doc, [
    { cellId: a, from: 0, expected: "one", text: "three" },
    { cellId: a, from: 4, expected: "one", text: "" },
    { cellId: b, from: 0, expected: "one", text: "never" },
    { cellId: c, from: 0, expected: "one", text: "1" },
  ]);
  expect(done).toBe(3);
  expect(texts()).toEqual(["three ", "two", "1"]);
  expect(transactions).toBe(1);
});
