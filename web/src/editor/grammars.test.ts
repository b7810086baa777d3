/** Every language that is named has a grammar that can be fetched and read. */

import { expect, test } from "vitest";
import { highlighted } from "../ui/highlight";
import { grammarOf, loadGrammar } from "./grammars";

function language(name: string, mode = "", ending = "") {
  return { name, title: name, mode, ending, isPython: false };
}

test.each([
  ["bash", "for i in 1 2; do echo $i; done", "do"],
  ["r", "x <- function(a) a + 1", "function"],
  ["julia", "for i in 1:3 println(i) end", "for"],
  ["javascript", "const x = 1;", "const"],
  ["typescript", "const x: number = 1;", "const"],
  ["sql", "SELECT 1", "SELECT"],
  ["c++17", "int x = 1; return x;", "return"],
  ["rust", "fn main() { let x = 1; }", "let"],
])("%s is coloured", async (name, source, keyword) => {
  const grammar = await loadGrammar(language(name));
  expect(grammarOf(language(name))).toBe(grammar);
  const parts = highlighted(source, grammar?.parser ?? null);
  expect(parts.map(([text]) => text).join("")).toBe(source);
  const found = parts.find(([text]) => text.trim() === keyword);
  expect(found?.[1]).toContain("tok-keyword");
});

test("a language nobody knows is plain; what the kernel calls it helps", async () => {
  expect(await loadGrammar(language("brainfog"))).toBeNull();
  expect(highlighted("++>", null)).toEqual([["++>", ""]]);
  expect(await loadGrammar(language("xonsh", "shell"))).not.toBeNull();
  expect(await loadGrammar(language("gnu", "", "jl"))).not.toBeNull();
});
