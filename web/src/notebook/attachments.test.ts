import { expect, test } from "vitest";
import { attachmentIn, freeName } from "./attachments";

// PAGE-30
test("an attachment is a raster picture by its own name, and nothing else", () => {
  const held = {
    "a.png": { "image/png": ["iVBO", "Rw0K\n"] },
    "b.svg": { "image/svg+xml": "<svg onload=alert(1)>" },
    "c.html": { "text/html": "<script>" },
  };
  expect(attachmentIn(held, "a.png")).toBe("data:image/png;base64,iVBORw0K");
  for (const name of ["b.svg", "c.html", "constructor", "__proto__", "d"]) {
    expect(attachmentIn(held, name)).toBeNull();
  }
  expect(attachmentIn(null, "a.png")).toBeNull();
});

// PAGE-30
test("a second picture of one name gets another", () => {
  const taken = new Set(["image.png", "image-2.png"]);
  expect(freeName("image.png", (name) => taken.has(name))).toBe("image-3.png");
  expect(freeName("a b](x).png", () => false)).toBe("a-b-x-.png");
  expect(freeName("", () => false)).toBe("picture.png");
});
