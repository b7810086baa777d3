import { expect, test } from "vitest";
import { Server } from "../sync/server";
import { freeName, listFolder } from "./listing";

test("a new notebook takes the first free name", () => {
  expect(freeName([])).toBe("Untitled.ipynb");
  expect(freeName(["untitled.ipynb", "Untitled 2.ipynb"])).toBe("Untitled 3.ipynb");
});

test("what cannot be opened has no path; kinds we do not know are left out", async () => {
  const entries = [
    {
      name: "a.ipynb",
      path: "a.ipynb",
      kind: "notebook",
      size_bytes: 3,
      modified_at: 7,
      running: true,
    },
    { name: "pipe", path: "pipe", kind: "other", is_link: true },
    { name: "new", path: "new", kind: "unheard-of" },
  ];
  const answer = new Response(JSON.stringify({ path: "", entries }));
  const server = new Server(new URL("http://localhost/"), () => Promise.resolve(answer));
  expect(await listFolder(server, "")).toEqual([
    {
      name: "a.ipynb",
      path: "a.ipynb",
      kind: "notebook",
      isLink: false,
      sizeBytes: 3,
      modifiedAt: 7,
      isRunning: true,
    },
    {
      kind: "other",
      name: "pipe",
      path: null,
      isLink: true,
      sizeBytes: 0,
      modifiedAt: 0,
      isRunning: false,
    },
  ]);
});
