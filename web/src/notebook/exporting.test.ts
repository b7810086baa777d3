import { expect, test } from "vitest";
import * as Y from "yjs";
import { metadataIn } from "../sync/cells";
import { EXPORTS, exportName } from "./exporting";
import { areBeside, setBeside } from "./outputs-beside";

test("an export is called as the notebook, with its own ending", () => {
  expect(exportName("a/b.ipynb", "html")).toBe("b.html");
  expect(exportName("b.py", "ipynb")).toBe("b.ipynb");
  expect(exportName("notes", "pdf")).toBe("notes.pdf");
  expect(EXPORTS.map(({ form }) => exportName("n.md", form))).toContain("n.md");
});

test("where outputs are is said in the metadata, beside what else is there", () => {
  const doc = new Y.Doc();
  expect(areBeside(doc)).toBe(false);
  metadataIn(doc).set("tailrace", { other: 1 });
  setBeside(doc, true);
  expect(metadataIn(doc).get("tailrace")).toEqual({ other: 1, outputs: "beside" });
  expect(areBeside(doc)).toBe(true);
  setBeside(doc, false);
  expect(metadataIn(doc).get("tailrace")).toEqual({ other: 1 });
  metadataIn(doc).delete("tailrace");
  setBeside(doc, true);
  setBeside(doc, false);
  expect(metadataIn(doc).has("tailrace")).toBe(false);
});
