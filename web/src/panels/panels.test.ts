// @vitest-environment happy-dom
import { expect, test } from "vitest";
import * as Y from "yjs";
import { relativeTo } from "./folder";
import { headingsIn } from "./headings";
import { choose, chooseKernelspec, chosenIn } from "./interpreters";
import { lineDiff } from "./line-diff";
import { actorWords, pastOf, statusWords } from "./past-executions";
import { withSample } from "./usage";
import { arranged, shapeWords, totalBytes, variablesOf } from "./variables";

test("headings are found outside of fences, with their marks taken off", () => {
  const source = [
    "# **Bold** and `code`",
    "text # not one",
    "```",
    "# a comment",
    "```",
    "### [link](http://x) ##",
    "#none",
    "####### seven",
    "  ## two",
  ].join("\n");
  expect(headingsIn(source)).toEqual([
    { level: 1, text: "Bold and code" },
    { level: 3, text: "link" },
    { level: 2, text: "two" },
  ]);
});

test("a fence is closed by one at least as long", () => {
  expect(headingsIn("````\n```\n# no\n````\n# yes")).toEqual([{ level: 1, text: "yes" }]);
});

test("a diff gives back both texts", () => {
  let seed = 7;
  const random = (most: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % most;
  };
  for (let round = 0; round < 200; round += 1) {
    const text = () => Array.from({ length: random(9) }, () => "abc"[random(3)]).join("\n");
    const [before, after] = [text(), text()];
    const lines = lineDiff(before, after);
    const of = (...kinds: string[]) =>
      lines
        .filter((line) => kinds.includes(line.kind))
        .map((line) => line.text)
        .join("\n");
    expect(of("same", "gone")).toBe(before);
    expect(of("same", "new")).toBe(after);
  }
});

test("one changed line is one gone and one new", () => {
  expect(lineDiff("a\nb\nc", "a\nx\nc").map((line) => line.kind)).toEqual([
    "same",
    "gone",
    "new",
    "same",
  ]);
});

test("texts without a common line do not take a table of millions", () => {
  const many = (letter: string) => Array.from({ length: 3_000 }, (_, n) => letter + n).join("\n");
  expect(lineDiff(many("a"), many("b"))).toHaveLength(6_000);
});

test("variables are read, searched, ordered and added up", () => {
  const { rows, isComplete } = variablesOf({
    variables: [
      { name: "b", kind: "list", module: "builtins", shape: [3], size_bytes: 88, preview: "[1]" },
      { name: "a", kind: "DataFrame", shape: [2000, 4], size_bytes: 64000, changed: true },
      { kind: "nameless" },
    ],
    complete: true,
  });
  expect(isComplete).toBe(true);
  expect(arranged(rows, "", "name").map((row) => row.name)).toEqual(["a", "b"]);
  expect(arranged(rows, "", "size").map((row) => row.name)).toEqual(["a", "b"]);
  expect(arranged(rows, "frame", "name").map((row) => row.name)).toEqual(["a"]);
  expect(totalBytes(rows)).toBe(64088);
  expect(shapeWords([2000, 4])).toBe("2000 × 4");
});

test("a process that worked half of the time uses 50 %", () => {
  const first = withSample([], { pid: 1, rss_bytes: 10, cpu_s: 2 }, 1_000);
  const second = withSample(first, { pid: 1, rss_bytes: 20, cpu_s: 3 }, 3_000);
  expect(second.map((sample) => sample.usage.cpuPercent)).toEqual([null, 50]);
  expect(withSample(second, { pid: "?" }, 4_000)).toBe(second);
});

test("earlier executions are read at the door", () => {
  const { executions, isComplete } = pastOf({
    executions: [
      { execution_id: "e", source: "1", actor: "client:me", queued_at: 5, status: "error" },
      { source: "no id" },
    ],
    complete: false,
  });
  expect(isComplete).toBe(false);
  expect(executions.map(statusWords)).toEqual(["failed"]);
  expect(actorWords("client:me", "me")).toBe("this page");
  expect(actorWords("client:you", "me")).toBe("another page");
  expect(actorWords("agent:claude-code", "me")).toBe("claude-code (agent)");
});

test("choosing an interpreter keeps the rest of the kernel's name", () => {
  const metadata = new Y.Doc().getMap("metadata");
  const named = { display_name: "Mine", name: "python3", language: "python" };
  metadata.set("kernelspec", named);
  choose(metadata, ".venv");
  expect(chosenIn(metadata)).toBe(".venv");
  choose(metadata, null);
  expect(metadata.get("kernelspec")).toEqual(named);
});

test("a notebook that names no kernel is one for nbformat after an interpreter is chosen", () => {
  const metadata = new Y.Doc().getMap("metadata");
  choose(metadata, ".venv");
  expect(metadata.get("kernelspec")).toEqual({
    display_name: "Python 3",
    language: "python",
    name: "python3",
    interpreter: ".venv",
  });
  metadata.set("kernelspec", { interpreter: ".venv" });
  choose(metadata, null);
  expect(metadata.has("kernelspec")).toBe(false);
});

test("a kernel of another language is chosen in Jupyter's words, and Python again", () => {
  const metadata = new Y.Doc().getMap("metadata");
  metadata.set("kernelspec", { name: "python3", language: "python", interpreter: ".venv" });
  metadata.set("language_info", { name: "python", version: "3.12" });
  const spec = {
    setting: "kernelspec:ir",
    name: "ir",
    title: "R",
    language: "R",
    folder: "/specs/ir",
    problem: null,
  };
  chooseKernelspec(metadata, spec);
  expect(metadata.toJSON()).toEqual({
    kernelspec: { name: "ir", language: "R", display_name: "R" },
    language_info: { name: "R" },
  });
  expect(chosenIn(metadata, [spec])).toBe("kernelspec:ir");
  expect(chosenIn(metadata)).toBe("kernelspec:ir");
  choose(metadata, null);
  expect(metadata.toJSON()).toEqual({
    kernelspec: { name: "python3", language: "python", display_name: "Python 3" },
    language_info: { name: "python" },
  });
  expect(chosenIn(metadata, [spec])).toBeNull();
});

test("a file is named as code beside the notebook names it", () => {
  expect(relativeTo("", "data/a.csv")).toBe("data/a.csv");
  expect(relativeTo("work/one", "work/data/a.csv")).toBe("../data/a.csv");
  expect(relativeTo("work", "work/a.csv")).toBe("a.csv");
  expect(relativeTo("a/b", "c")).toBe("../../c");
});
