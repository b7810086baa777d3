/** A floor imports from floors below and from itself's own room, never from above or beside. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const FLOORS: Record<string, number> = {
  protocol: 0,
  core: 1,
  ui: 1,
  store: 2,
  sync: 3,
  widgets: 3.5, // what outputs draw widgets with
  debugger: 3.5,
  outputs: 4,
  editor: 4,
  panels: 4,
  palette: 4,
  find: 4,
  settings: 4,
  notebook: 5,
  files: 5,
  app: 6,
};

const root = dirname(fileURLToPath(import.meta.url));

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path) && path.includes("/"));

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;"']*?["']([^"']+)["']|import\(\s*["']([^"']+)["']/g;
  return [...text.matchAll(pattern)].map((found) => found[1] ?? found[2] ?? "");
}

/** The file without its comments. */
function code(path: string): string {
  return readFileSync(join(root, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

function roomOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}

test("every room under src has a floor", () => {
  const unknown = [...new Set(sources.map(roomOf))].filter((room) => !(room in FLOORS));
  expect(unknown).toEqual([]);
});

test("a room imports only from the floors below it", () => {
  const wrong: string[] = [];
  for (const path of sources) {
    for (const target of importsOf(path).filter((name) => name.startsWith("."))) {
      const reached = relative(root, resolve(root, dirname(path), target)).replaceAll("\\", "/");
      if (reached.startsWith("..")) continue; // a file of a package, by its address
      const [from, to] = [roomOf(path), roomOf(reached)];
      if (from !== to && !((FLOORS[to] ?? 99) < (FLOORS[from] ?? -1))) {
        wrong.push(`${path} imports ${reached}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("the floors below the page know neither React nor the DOM", () => {
  const wrong = sources
    .filter((path) => ["protocol", "core"].includes(roomOf(path)) && !path.endsWith(".test.ts"))
    .filter(
      (path) =>
        path.endsWith(".tsx") ||
        importsOf(path).some((name) => name.startsWith("react")) ||
        /\b(document\.|window\.|localStorage|indexedDB)/.test(code(path)),
    );
  expect(wrong).toEqual([]);
});
