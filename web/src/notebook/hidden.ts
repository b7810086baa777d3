/** Which parts of a cell are hidden, kept in its metadata where Jupyter keeps it. */

import type { CellMap } from "../sync/cells";

export type Part = "source" | "outputs";

const KEYS = { source: "source_hidden", outputs: "outputs_hidden" } as const;

export function isPartHidden(cell: CellMap | null, part: Part): boolean {
  const metadata = cell?.get("metadata");
  const jupyter = metadata?.get("jupyter");
  const key = KEYS[part];
  const isSet = typeof jupyter === "object" && jupyter !== null && key in jupyter;
  if (isSet && (jupyter as { [key: string]: unknown })[key] === true) return true;
  return part === "outputs" && metadata?.get("collapsed") === true; // the notebook of old
}

/** Call it within a transaction. */
export function setPartHidden(cell: CellMap | null, part: Part, hides: boolean): void {
  const metadata = cell?.get("metadata");
  if (!metadata) return;
  const before = metadata.get("jupyter");
  const { [KEYS[part]]: _, ...rest } =
    typeof before === "object" && before !== null ? (before as { [key: string]: unknown }) : {};
  if (part === "outputs" && metadata.has("collapsed")) metadata.delete("collapsed");
  const jupyter = hides ? { ...rest, [KEYS[part]]: true } : rest;
  if (Object.keys(jupyter).length > 0) metadata.set("jupyter", jupyter);
  else metadata.delete("jupyter");
}
