/**
 * Whether a notebook's outputs are saved in it or in a file beside (PAGE-58): said by its own
 * metadata, as `tailrace.outputs`, so that it holds for everybody who opens it.
 */

import type * as Y from "yjs";
import { metadataIn, STRUCTURE } from "../sync/cells";
import { partOf } from "../sync/notebook-language";

export function areBeside(doc: Y.Doc): boolean {
  return partOf(metadataIn(doc), "tailrace").outputs === "beside";
}

export function setBeside(doc: Y.Doc, isBeside: boolean): void {
  const metadata = metadataIn(doc);
  const { outputs: _, ...rest } = partOf(metadata, "tailrace");
  doc.transact(() => {
    if (isBeside) metadata.set("tailrace", { ...rest, outputs: "beside" });
    else if (Object.keys(rest).length > 0) metadata.set("tailrace", rest);
    else metadata.delete("tailrace");
  }, STRUCTURE);
}
