import { expect, test } from "vitest";
import { readFromFrame, readToFrame, TALLEST_PX } from "./messages";

test("a frame cannot grow without bound or into nonsense", () => {
  expect(readFromFrame({ kind: "height", px: 1e12 })).toEqual({ kind: "height", px: TALLEST_PX });
  expect(readFromFrame({ kind: "height", px: -5 })).toEqual({ kind: "height", px: 0 });
  expect(readFromFrame({ kind: "height", px: Number.NaN })).toBeNull();
  expect(readFromFrame({ kind: "height", px: "12" })).toBeNull();
});

test("a frame may only ask for web links", () => {
  expect(readFromFrame({ kind: "link", href: "https://a.example/" })?.kind).toBe("link");
  for (const href of ["javascript:alert(1)", "data:text/html,x", "/api/v1/me", 7, null]) {
    expect(readFromFrame({ kind: "link", href })).toBeNull();
  }
});

test("what is not a message is dropped", () => {
  for (const junk of [null, undefined, 3, "ready", [], { kind: "run-cells" }]) {
    expect(readFromFrame(junk)).toBeNull();
    expect(readToFrame(junk)).toBeNull();
  }
});
