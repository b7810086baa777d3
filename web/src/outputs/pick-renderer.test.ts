import { expect, test } from "vitest";
import { pickDrawer } from "./pick-renderer";

test("the richest form that we can show is shown", () => {
  expect(pickDrawer({ "text/plain": "df", "text/html": "<table>" })?.kind).toBe("html");
  expect(pickDrawer({ "text/html": "", "application/vnd.plotly.v1+json": {} })?.kind).toBe(
    "plotly",
  );
  expect(pickDrawer({ "text/plain": "", "image/png": "" })?.mime).toBe("image/png");
  expect(pickDrawer({ "application/vnd.vegalite.v5+json": {}, "text/plain": "" })?.kind).toBe(
    "vega",
  );
  expect(pickDrawer({ "application/vnd.vegalite.v6.1.0+json": {} })?.kind).toBe("vega");
});

test("a bundle of forms we do not know shows nothing", () => {
  expect(pickDrawer({ "application/x-unknown": "" })).toBeNull();
  expect(pickDrawer({})).toBeNull();
});
