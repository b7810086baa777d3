/**
 * Pictures inside a Markdown cell (`attachment:name`): shown, and made of what is pasted or
 * dropped into the cell.
 */

import * as Y from "yjs";
import { bytesToBase64 } from "../outputs/picture-file";
import { STRUCTURE } from "../sync/cells";
import type { NotebookDocument } from "../sync/document";
import { notify } from "../ui/notices";
import { sizeWords } from "../ui/words";

const RASTER = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const LARGEST_BYTES = 5 << 20; // as base64 in one update it must be below the server's limit

/** The address of an attachment. `attachments` is the notebook format's: name to MIME bundle. */
export function attachmentIn(attachments: unknown, name: string): string | null {
  if (typeof attachments !== "object" || attachments === null) return null;
  if (!Object.hasOwn(attachments, name)) return null;
  const bundle = (attachments as { readonly [name: string]: unknown })[name];
  if (typeof bundle !== "object" || bundle === null) return null;
  for (const [mime, value] of Object.entries(bundle)) {
    const data = Array.isArray(value) ? value.join("") : value;
    if (RASTER.includes(mime) && typeof data === "string") {
      return `data:${mime};base64,${data.replaceAll("\n", "")}`;
    }
  }
  return null;
}

/** The pictures among what is pasted or dropped. */
export function picturesIn(given: DataTransfer | null): File[] {
  return [...(given?.files ?? [])].filter((file) => RASTER.includes(file.type));
}

/** Puts the pictures into the cell; the Markdown that shows them. */
export async function attach(
  document: NotebookDocument,
  cellId: string,
  files: readonly File[],
): Promise<string> {
  const shown: string[] = [];
  for (const file of files) {
    if (file.size > LARGEST_BYTES) {
      notify({
        text: `${file.name} has ${sizeWords(file.size)}; a picture in a cell may have ${sizeWords(LARGEST_BYTES)}. Put it beside the notebook instead.`,
        tone: "failure",
      });
      continue;
    }
    const data = bytesToBase64(new Uint8Array(await file.arrayBuffer()));
    const name = put(document, cellId, file.name, { [file.type]: data });
    if (name !== null) shown.push(`![${altOf(name)}](attachment:${encodeURIComponent(name)})`);
  }
  return shown.join("\n");
}

/** The name it has now; null when the cell is gone. */
function put(document: NotebookDocument, cellId: string, wanted: string, bundle: object) {
  const cell = document.cell(cellId);
  if (!cell) return null;
  let name = "";
  document.doc.transact(() => {
    const held = cell.get("attachments");
    const attachments = held instanceof Y.Map ? held : new Y.Map<unknown>();
    if (attachments !== held) cell.set("attachments", attachments);
    name = freeName(wanted, (each) => attachments.has(each));
    attachments.set(name, bundle);
  }, STRUCTURE);
  return name;
}

/** Exported for its tests. */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  const plain = wanted.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").slice(-80) || "picture.png";
  const dot = plain.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [plain.slice(0, dot), plain.slice(dot)] : [plain, ""];
  let name = plain;
  for (let number = 2; isTaken(name); number += 1) name = `${stem}-${number}${ending}`;
  return name;
}

function altOf(name: string): string {
  return name.replace(/\.\w+$/, "").replaceAll(/[-_]+/g, " ");
}
