import { expect, test } from "vitest";
import { findAddresses, foldReturns, PLAIN, scan, withoutEscapes } from "./ansi";

const ESC = "\u001b";

function shown(text: string) {
  return scan(text).runs.map((run) => [run.text, run.style.color]);
}

test("sixteen, 256 and true colours name their colour", () => {
  expect(shown(`${ESC}[31mred ${ESC}[94mblue${ESC}[0m plain`)).toEqual([
    ["red ", "red"],
    ["blue", "bright-blue"],
    [" plain", null],
  ]);
  expect(shown(`${ESC}[38;5;208morange ${ESC}[38;5;9mnine`)).toEqual([
    ["orange ", "#ff8700"],
    ["nine", "bright-red"],
  ]);
  expect(shown(`${ESC}[38;2;1;2;255mtrue`)).toEqual([["true", "#0102ff"]]);
});

test("a style lasts into the next piece of text", () => {
  const first = scan(`${ESC}[1;32mgreen`);
  const second = scan("still", first.style);
  expect(second.runs[0]?.style).toMatchObject({ color: "green", bold: true });
  expect(scan(`${ESC}[m`, second.style).style).toEqual(PLAIN);
});

test("sequences that move a cursor or name a window are passed over", () => {
  expect(withoutEscapes(`a${ESC}[2Kb${ESC}[1;5Hc${ESC}]0;title\u0007d${ESC}(Be`)).toBe("abcde");
});

test("an escape cut off at the end shows nothing of itself", () => {
  expect(withoutEscapes(`text${ESC}[38;5`)).toBe("text");
  expect(withoutEscapes(`text${ESC}`)).toBe("text");
  expect(withoutEscapes(`text${ESC}]8;;http://x`)).toBe("text");
});

test("a link escape may only lead to the web", () => {
  const link = (address: string) =>
    scan(`${ESC}]8;;${address}${ESC}\\here${ESC}]8;;${ESC}\\`).runs[0]?.style.link;
  expect(link("https://example.org/a")).toBe("https://example.org/a");
  expect(link("javascript:alert(1)")).toBeNull();
  expect(link("file:///etc/passwd")).toBeNull();
});

test("a megabyte of broken escapes takes one pass", () => {
  const hostile = `${ESC}[`.repeat(300_000) + "1;".repeat(200_000);
  expect(withoutEscapes(hostile).length).toBeLessThan(hostile.length);
});

test("addresses are found without the punctuation that follows them", () => {
  expect(findAddresses("see https://example.org/a?b=1, or http://x.")).toEqual([
    { text: "see ", address: null },
    { text: "https://example.org/a?b=1", address: "https://example.org/a?b=1" },
    { text: ", or ", address: null },
    { text: "http://x", address: "http://x" },
    { text: ".", address: null },
  ]);
  expect(findAddresses("https:// and httpx")).toEqual([
    { text: "https:// and httpx", address: null },
  ]);
});

test("a carriage return writes over what stands before it", () => {
  expect(foldReturns("10%\r100%")).toBe("100%");
  expect(foldReturns("long line\rab")).toBe("abng line");
  expect(foldReturns("done\r")).toBe("done");
});
