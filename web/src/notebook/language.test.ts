/** PAGE-40: what the kernel knows and what the texts say, laid together. */

import { describe, expect, test } from "vitest";
import type { Completions } from "../editor/editor-actions";
import { completionsOf, liveSignatureOf, merged, signatureOf, soonest } from "./language";

const names = (from: number, to: number, ...texts: string[]): Completions => ({
  from,
  to,
  options: texts.map((text) => ({ text, kind: "", signature: "" })),
});

const texts = (found: Completions | null) => found?.options.map((option) => option.text);

describe("completion", () => {
  test("each name is offered once, live ones first", () => {
    const found = merged(names(0, 2, "beta", "bear"), names(0, 2, "bear", "bet", "beta="), "be");
    expect(texts(found)).toEqual(["beta", "bear", "bet"]);
  });

  test("names that begin at the dot are the same names", () => {
    const found = merged(names(1, 3, ".head"), names(2, 3, "head", "hist"), "x.h");
    expect(found).toEqual(names(2, 3, "head", "hist"));
  });

  test("names for another part of the text do not join", () => {
    expect(texts(merged(names(0, 3, "abc"), names(2, 3, "bc"), "a/b"))).toEqual(["abc"]);
  });

  test("who knows something waits a moment for the other, and no longer", async () => {
    const never = new Promise<null>(() => {});
    expect(texts(await soonest(never, Promise.resolve(names(0, 1, "a")), "a"))).toEqual(["a"]);
    const nothing = Promise.resolve(null);
    expect(await soonest(nothing, nothing, "a")).toBeNull();
  });

  test("cursors are code points on the wire", () => {
    const answer = { matches: [{ text: "name", kind: "", signature: "" }], start: 1, end: 2 };
    expect(completionsOf(answer, "😀n")).toMatchObject({ from: 2, to: 3 });
    expect(completionsOf({ matches: "no" }, "n")).toBeNull();
  });
});

describe("signatures", () => {
  test("the kernel's words give the label and the parameter one is at", () => {
    const said =
      "\u001b[31mSignature:\u001b[39m \nhelper(\n    count: int,\n    *,\n    way=(1, 2),\n)\n" +
      "\u001b[31mDocstring:\u001b[39m Helps a bit.\nReally.\n\nMore.\nFile: x";
    const found = liveSignatureOf(said, 1);
    expect(found?.label).toBe("helper( count: int, *, way=(1, 2), )");
    expect(found?.parameters.map(([from, to]) => found.label.slice(from, to))).toEqual([
      "count: int",
      "way=(1, 2)",
    ]);
    expect(found?.active).toBe(1);
    expect(found?.text).toBe("Helps a bit.\nReally.");
  });

  test("what is no function has none", () => {
    expect(liveSignatureOf("Type: int\nDocstring: a number (whole)", 0)).toBeNull();
    expect(signatureOf({ signatures: [] })).toBeNull();
  });
});
