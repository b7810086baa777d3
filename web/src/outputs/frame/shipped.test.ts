import { expect, test } from "vitest";
import { libraryAt } from "./shipped";

test("charts that name a CDN get what we ship", () => {
  expect(libraryAt("https://cdn.jsdelivr.net/npm/vega@6?noext")).toBe("vega");
  expect(libraryAt("https://cdn.jsdelivr.net/npm/vega-lite@6.1.0?noext")).toBe("vega-lite");
  expect(libraryAt("https://cdn.jsdelivr.net/npm/vega-embed@7/build/vega-embed.min.js")).toBe(
    "vega-embed",
  );
  expect(libraryAt("https://cdn.plot.ly/plotly-3.0.1.min.js")).toBe("plotly");
  expect(libraryAt("https://cdn.plot.ly/plotly-4.1.1.min")).toBe("plotly");
  expect(libraryAt("https://unpkg.com/plotly.js-dist-min@3")).toBe("plotly");
});

test("other scripts are not ours", () => {
  expect(libraryAt("https://cdn.jsdelivr.net/npm/vegastrike@1")).toBeNull();
  expect(libraryAt("https://evil.example/npm/vega@6")).toBeNull();
  expect(libraryAt("/assets/vega.js")).toBeNull();
  expect(libraryAt("not an address://")).toBeNull();
});
