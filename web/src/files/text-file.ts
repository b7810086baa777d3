/** A text file read and written, only over what was read (PAGE-7). */

import type { Server } from "../sync/server";

export interface TextFile {
  readonly text: string;
  readonly digest: string;
}

/** By path: a page that shows a file waits for what the one before is still writing. */
const writing = new Map<string, Promise<unknown>>();

/** Whatever stands there is replaced. */
export const ANYTHING = "any";

export async function readText(
  server: Server,
  path: string,
  signal: AbortSignal,
): Promise<TextFile> {
  await writing.get(path);
  const address = `api/v1/files/text?path=${encodeURIComponent(path)}`;
  return textFileOf(await (await server.request("GET", address, undefined, signal)).json());
}

/** Gives the digest of what stands there now. */
export async function writeText(
  server: Server,
  path: string,
  text: string,
  expected: string,
): Promise<string> {
  const asked = server.request("PUT", "api/v1/files/text", { path, text, expected });
  const settled = asked.catch(() => {}); // whoever asked is told
  writing.set(path, settled);
  try {
    return textFileOf(await (await asked).json()).digest;
  } finally {
    if (writing.get(path) === settled) writing.delete(path);
  }
}

function textFileOf(answer: unknown): TextFile {
  const { text, digest } = (answer ?? {}) as { readonly text?: unknown; readonly digest?: unknown };
  if (typeof text !== "string" || typeof digest !== "string") {
    throw new Error("the server's answer holds no text");
  }
  return { text, digest };
}
