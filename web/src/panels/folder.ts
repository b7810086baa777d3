/** A folder as the server lists it, for the panel; and paths as code beside them says them. */

import type { Server } from "../sync/server";

export interface Entry {
  readonly name: string;
  /** Null for what can be seen but not opened. */
  readonly path: string | null;
  readonly kind: "folder" | "notebook" | "file";
  readonly sizeBytes: number;
  readonly isRunning: boolean;
}

export async function entriesIn(
  server: Server,
  folder: string,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const address = `api/v1/files?path=${encodeURIComponent(folder)}`;
  const answer = await server.request("GET", address, undefined, signal);
  const { entries } = (await answer.json()) as { entries?: unknown };
  return Array.isArray(entries) ? entries.flatMap((each) => entryOf(each) ?? []) : [];
}

function entryOf(given: unknown): Entry | null {
  if (typeof given !== "object" || given === null) return null;
  const { name, path, kind, size_bytes, running } = given as { readonly [key: string]: unknown };
  if (kind !== "folder" && kind !== "notebook" && kind !== "file") return null;
  return {
    name: typeof name === "string" ? name : "",
    path: typeof path === "string" ? path : null,
    kind,
    sizeBytes: typeof size_bytes === "number" ? size_bytes : 0,
    isRunning: running === true,
  };
}

export function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

/** `path` as a program in `folder` names it: `../data/a.csv`. */
export function relativeTo(folder: string, path: string): string {
  const [from, to] = [folder === "" ? [] : folder.split("/"), path.split("/")];
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same += 1;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
}
