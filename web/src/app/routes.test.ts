import { expect, test } from "vitest";
import { folderAddress, notebookAddress, routeOf, viewAddress } from "./routes";

const base = new URL("http://host/under/here/");

test("a notebook's address and back, whatever its name", () => {
  for (const path of ["a.ipynb", "sub folder/100 % #1?.ipynb", "ü/日本.ipynb"]) {
    const address = new URL(notebookAddress(base, path));
    expect(routeOf(address, base)).toEqual({ page: "notebook", path });
  }
});

test("a file's address and back", () => {
  const address = new URL(viewAddress(base, "data/a b.csv"));
  expect(routeOf(address, base)).toEqual({ page: "view", path: "data/a b.csv" });
});

test("a folder's address and back", () => {
  expect(routeOf(new URL(folderAddress(base, "a b/c")), base)).toEqual({
    page: "home",
    path: "a b/c",
  });
  expect(folderAddress(base, "")).toBe("http://host/under/here/");
});

test("addresses of a page hosted apart are behind its #", () => {
  const apart = new URL("https://pages/lab/index.html#/");
  const path = "sub folder/100 % #1?.ipynb";
  const address = new URL(notebookAddress(apart, path));
  expect(address.pathname).toBe("/lab/index.html");
  expect(routeOf(address, apart)).toEqual({ page: "notebook", path });
  const folder = new URL(folderAddress(apart, "a b/c"));
  expect(routeOf(folder, apart)).toEqual({ page: "home", path: "a b/c" });
  expect(routeOf(new URL("https://pages/lab/index.html"), apart)).toEqual({
    page: "home",
    path: "",
  });
});

test("an address we do not know is home", () => {
  expect(routeOf(new URL("http://host/elsewhere"), base)).toEqual({ page: "home", path: "" });
});
